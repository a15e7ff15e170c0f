/** The heading of a page. */
import type { ReactNode } from "react";
import styles from "./page-head.module.css";

export function PageHead({ title, lead, actions }: { readonly title: ReactNode; readonly lead?: ReactNode; readonly actions?: ReactNode }) {
  return (
    <header className={styles["head"]}>
      <div className={styles["words"]}>
        <h1>{title}</h1>
        {lead === undefined ? null : <p>{lead}</p>}
      </div>
      {actions === undefined ? null : <div className={styles["actions"]}>{actions}</div>}
    </header>
  );
}
