/** An outbox in a table. */
import type { OutboxHealth } from "@factory/schemas/proto";
import { outboxText } from "./operations-text.ts";
import styles from "./outbox-cell.module.css";

export function OutboxCell({ outbox, now }: { readonly outbox: OutboxHealth | undefined; readonly now: number }) {
  const [first, ...rest] = outboxText(outbox, now).split(", ");
  return (
    <span className={styles["outbox"]}>
      {first}
      {rest.map((part) => (
        <small key={part}>{part}</small>
      ))}
    </span>
  );
}
