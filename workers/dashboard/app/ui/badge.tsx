/** A word on a coloured ground. The word says it; the colour only helps. */
import type { ReactNode } from "react";
import styles from "./badge.module.css";

/** What a state means to a person: well, badly, waiting for somebody, at work, or nothing yet. */
export type Tone = "good" | "bad" | "warn" | "busy" | "idle" | "accent";

export function Badge({ tone, children, title }: { readonly tone: Tone; readonly children: ReactNode; readonly title?: string }) {
  return (
    <span className={`${styles["badge"]} ${styles[tone]}`} title={title}>
      {children}
    </span>
  );
}
