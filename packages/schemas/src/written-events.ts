/**
 * Events as text: what a producer of the platform hands to a log. The payload is canonical from the start, so that it is
 * serialised once, by whoever knows it, and neither cloned, parsed nor serialised again on its way into the hash chain.
 */
import { canonicalJson } from "./canonical.ts";
import { FactoryError } from "./errors.ts";
import { EVENT_KINDS, parseEventPayload } from "./events.ts";
import type { EventKind, EventWrite } from "./events.ts";
import { idSchema } from "./ids.ts";

/** An event whose payload is RFC 8785 canonical JSON. */
export type WrittenEvent<K extends EventKind = EventKind> = {
  readonly eventId: string;
  readonly kind: K;
  readonly runId?: string;
  /** Epoch milliseconds. */
  readonly occurredAt: number;
  readonly payload: string;
};

/** Lines of one event: id, kind, run or nothing, time, payload. None of them can have a line break in it. */
const LINES = 5;

const eventId = idSchema("EVT");
const runId = idSchema("RUN");

/** The event with its payload as text. @throws TypeError for a payload that has no canonical form. */
export function writtenEvent(event: EventWrite): WrittenEvent {
  return { ...event, payload: canonicalJson(event.payload) };
}

/** Several events as one text. */
export function textOfEvents(events: readonly WrittenEvent[]): string {
  let text = "";
  for (const event of events) text += `${event.eventId}\n${event.kind}\n${event.runId ?? ""}\n${event.occurredAt}\n${event.payload}\n`;
  return text;
}

/**
 * The events of a text. Ids, kinds and times are checked; that a payload is canonical and fits its kind is the word of the
 * producer, who is of the platform. Nobody else is let near this form.
 *
 * @throws FactoryError INVALID_ARGUMENT for what is no such text.
 */
export function eventsOfText(text: string): WrittenEvent[] {
  const lines = text.split("\n");
  if (lines.length % LINES !== 1 || lines.at(-1) !== "") throw new FactoryError("INVALID_ARGUMENT", "The text does not hold whole events.");
  const events: WrittenEvent[] = [];
  for (let at = 0; at + LINES < lines.length; at += LINES) events.push(eventOfLines(lines, at));
  return events;
}

/**
 * The event with its payload as a value, checked against its kind.
 *
 * @throws ZodError when the payload does not fit its kind, FactoryError INTEGRITY when its text is not canonical.
 */
export function readEvent(event: WrittenEvent): EventWrite {
  const payload = parseEventPayload(event.kind, JSON.parse(event.payload));
  if (canonicalJson(payload) !== event.payload) throw new FactoryError("INTEGRITY", `The payload of event ${event.eventId} is not canonical.`);
  // The cast rejoins kind and payload: the parse has just checked that they belong together.
  return { ...event, payload } as EventWrite;
}

function eventOfLines(lines: readonly string[], at: number): WrittenEvent {
  const [id = "", kind = "", run = "", time = "", payload = ""] = lines.slice(at, at + LINES);
  const occurredAt = Number(time);
  const sound =
    isKind(kind) && time !== "" && Number.isSafeInteger(occurredAt) && occurredAt >= 0 && payload.startsWith("{") && payload.endsWith("}") && isId(id, run);
  if (!sound)
    throw new FactoryError("INVALID_ARGUMENT", `Event ${at / LINES + 1} of the text (${kind}) has no sound id, kind, run, time or payload.`, { eventId: id });
  return { eventId: id, kind, ...(run === "" ? {} : { runId: run }), occurredAt, payload };
}

function isKind(kind: string): kind is EventKind {
  return Object.hasOwn(EVENT_KINDS, kind);
}

function isId(id: string, run: string): boolean {
  return eventId.safeParse(id).success && (run === "" || runId.safeParse(run).success);
}
