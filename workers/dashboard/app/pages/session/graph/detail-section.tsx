/** A part of what is told of a bead. */
import { useId, type ReactNode } from "react";
import styles from "./bead-history.module.css";

export function DetailSection({ name, count, children }: { readonly name: string; readonly count?: number; readonly children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={styles["section"]}>
      <h3 id={id}>
        {name} {count === undefined ? null : <span>{count}</span>}
      </h3>
      {children}
    </section>
  );
}
