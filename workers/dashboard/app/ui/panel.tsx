/** A part of a page with a heading of its own. */
import { useId, type ReactNode } from "react";
import styles from "./panel.module.css";

export type PanelProps = {
  readonly title: ReactNode;
  /** Buttons and filters beside the heading. */
  readonly actions?: ReactNode;
  /** True for a table or a list that reaches the edges. */
  readonly flush?: boolean;
  readonly children: ReactNode;
};

export function Panel({ title, actions, flush = false, children }: PanelProps) {
  const id = useId();
  return (
    <section className={styles["panel"]} aria-labelledby={id}>
      <header className={styles["head"]}>
        <h2 id={id} className={styles["title"]}>
          {title}
        </h2>
        {actions}
      </header>
      <div className={flush ? styles["flush"] : styles["body"]}>{children}</div>
    </section>
  );
}
