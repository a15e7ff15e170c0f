/** A log that a test reads. */
import type { CanonicalEvent, Log } from "../log.ts";

/** Keeps every event. */
export class MemoryLog implements Log {
  readonly events: CanonicalEvent[] = [];

  event(event: CanonicalEvent): void {
    this.events.push(event);
  }

  /** The events of one operation, in order. */
  of(op: string): CanonicalEvent[] {
    return this.events.filter((event) => event.op === op);
  }
}
