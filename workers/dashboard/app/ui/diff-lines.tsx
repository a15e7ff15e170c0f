/** The body of a unified diff, as text only. Each line has its sign: the colour only helps. */
import type { DiffLine } from "./diff-line.ts";
import styles from "./diff-lines.module.css";

export function DiffLines({ label, lines }: { readonly label: string; readonly lines: readonly DiffLine[] }) {
  return (
    // A region that scrolls has to take the focus, or a keyboard cannot scroll it.
    <pre className={styles["diff"]} tabIndex={0} role="region" aria-label={label}>
      {lines.map(({ kind, text }, index) => (
        <span key={index} data-kind={kind}>
          {text}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}
