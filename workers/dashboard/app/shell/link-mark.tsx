/** How the live link does. */
import { useLinkState } from "../data/factory-context.tsx";
import type { LinkState } from "../data/subscriptions.ts";
import styles from "./link-mark.module.css";

const TEXTS: { readonly [S in LinkState]: string } = { idle: "nothing followed live", connecting: "connecting", live: "live", broken: "reconnecting" };

export function LinkMark() {
  const state = useLinkState();
  return (
    <span className={styles["mark"]} role="status" title={TEXTS[state]}>
      <span className={styles["dot"]} data-state={state} />
      <span className={styles["text"]}>{TEXTS[state]}</span>
    </span>
  );
}
