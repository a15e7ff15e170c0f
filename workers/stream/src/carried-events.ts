/** Events on their way from a session's log to its assembly's: read from their lines, whose payload is taken over as it stands there. */
import { FactoryError } from "@factory/schemas";
import type { SessionEvent } from "@factory/schemas";

/** What an assembly's log needs of a session's event; its payload is canonical JSON. */
export type CarriedEvent = Pick<SessionEvent, "seq" | "eventId" | "stream" | "kind" | "sessionId" | "assemblyId" | "occurredAt"> & { readonly payload: string };

/** The fields on both sides of the payload, in canonical order. A quote within a string is escaped, so that neither can be in one. */
const BEFORE = '"payload":';
const BEHIND = ',"prevHash":"';

/**
 * The events of lines as a session's log stores them, each ended by a newline.
 *
 * @throws FactoryError INTEGRITY for what is no such line.
 */
export function carriedEvents(lines: string): CarriedEvent[] {
  return lines.split("\n").slice(0, -1).map(carriedEvent);
}

function carriedEvent(line: string): CarriedEvent {
  // Nothing before the payload has that field, and nothing behind it is an object: the first and the last are the event's own.
  const from = line.indexOf(BEFORE);
  const to = line.lastIndexOf(BEHIND);
  if (from === -1 || to < from) throw new FactoryError("INTEGRITY", "A carried event is no line of a session's log.");
  // The cast holds: only a session's log writes lines, from events of that shape.
  const head = JSON.parse(`${line.slice(0, from)}${line.slice(to + 1)}`) as Omit<SessionEvent, "payload">;
  const { seq, eventId, stream, kind, sessionId, assemblyId, occurredAt } = head;
  return { seq, eventId, stream, kind, sessionId, assemblyId, occurredAt, payload: line.slice(from + BEFORE.length, to) };
}
