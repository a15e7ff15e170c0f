/** What carries a log's events elsewhere, beside the calls that append them. */

/**
 * A cursor over the log with a receiver at its end. It is moved in memory when the receiver has answered and written
 * with the next transaction; a crash in between costs one more delivery, which the receiver knows by `seq` or event id.
 */
export interface Carrier {
  /** Delivers what there is, if it does not already. */
  kick(): void;
  /** Writes what was acknowledged since, in the transaction or turn under way. */
  settle(): void;
  /** When there is something to deliver, in epoch milliseconds: now, or after the wait that follows a failure. Null when nothing is left. */
  dueAt(): number | null;
  /** Resolves when no delivery is under way. */
  idle(): Promise<void>;
  /** Ends deliveries; the object's storage goes. */
  stop(): void;
}
