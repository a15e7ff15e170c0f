/** One canonical log event per operation: JSON, sanitised, bounded, written to an injected sink. */
import { messageOf } from "./errors.ts";

/** How an operation ended: done, refused by a rule, or failed. */
export type Outcome = "ok" | "refused" | "failed";

/** What every operation says about itself. */
export interface CanonicalEvent {
  /** Name of the operation, `subject.verb`. */
  readonly op: string;
  readonly outcome: Outcome;
  /** Wall clock from start to end in milliseconds. */
  readonly durationMs: number;
  /** Ids by kind, so that events of one thing are found together. */
  readonly ids: Readonly<Record<string, string>>;
  /** Further facts; sanitised and the first to go when the event is too large. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Receives one finished JSON line. */
export type LogSink = (line: string, outcome: Outcome) => void;

/** Writes canonical events. */
export interface Log {
  event(event: CanonicalEvent): void;
}

/** 8 KiB: well under the platform's bound for one log message, and a screen and a half for a reader. */
export const MAX_LINE_CHARS = 8 * 1024;
/** Longest string kept in an event, in UTF-16 units. */
export const MAX_TEXT_CHARS = 1_024;
/** Most entries kept of one object or array. */
export const MAX_ENTRIES = 32;
/** Deepest nesting kept. */
export const MAX_DEPTH = 4;

const REDACTED = "[redacted]";
const SECRET_KEY = /authori[sz]ation|api[-_]?key|secret|token|passw(?:or)?d|credential|signature|cookie|private[-_]?key/i;
const SECRET_TEXT = [
  /\b(?:bearer|basic)\s+[\w.~+/=-]{8,}/gi,
  /\beyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*/g,
  /\bsk-[\w-]{12,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
] as const;

/** A log that sanitises each event and hands it to `sink` as one JSON line. */
export function createLog(sink: LogSink): Log {
  return { event: (event) => sink(canonicalLine(event), event.outcome) };
}

/** A log for Workers: failures go to `console.error`, everything else to `console.log`. */
export function consoleLog(): Log {
  return createLog((line, outcome) => {
    if (outcome === "failed") console.error(line);
    else console.log(line);
  });
}

/**
 * Runs an operation and writes its canonical event: `ok` with its duration, or `failed` with the message of what it
 * threw, which is thrown on.
 *
 * @param now - clock in epoch milliseconds
 */
export async function logged<T>(log: Log, now: () => number, head: Pick<CanonicalEvent, "op" | "ids">, fn: () => T | Promise<T>): Promise<T> {
  const startedAt = now();
  try {
    const result = await fn();
    log.event({ ...head, outcome: "ok", durationMs: now() - startedAt });
    return result;
  } catch (err) {
    log.event({ ...head, outcome: "failed", durationMs: now() - startedAt, fields: { error: messageOf(err) } });
    throw err;
  }
}

/** The JSON line of an event: secrets replaced, sizes bounded, and `dropped` says what the bounds cost. */
export function canonicalLine(event: CanonicalEvent): string {
  const dropped = { entries: 0, chars: 0, deep: 0, fields: false };
  const clean = {
    op: sanitise(event.op, 0, dropped),
    outcome: event.outcome,
    durationMs: event.durationMs,
    ids: sanitise(event.ids, 0, dropped),
  };
  const fields = event.fields === undefined ? {} : { fields: sanitise(event.fields, 0, dropped) };
  const line = JSON.stringify({ ...clean, ...fields, ...lossOf(dropped) });
  if (line.length <= MAX_LINE_CHARS) return line;

  const short = JSON.stringify({ ...clean, ...lossOf({ ...dropped, fields: event.fields !== undefined }) });
  if (short.length <= MAX_LINE_CHARS) return short;
  return JSON.stringify({
    op: event.op.slice(0, MAX_TEXT_CHARS),
    outcome: event.outcome,
    durationMs: event.durationMs,
    ids: {},
    dropped: { ids: true, fields: event.fields !== undefined },
  });
}

interface Dropped {
  entries: number;
  chars: number;
  deep: number;
  fields: boolean;
}

function lossOf(dropped: Dropped): { readonly dropped?: Partial<Dropped> } {
  const entries = Object.entries(dropped).filter(([, loss]) => loss !== 0 && loss !== false);
  return entries.length === 0 ? {} : { dropped: Object.fromEntries(entries) };
}

function sanitise(value: unknown, depth: number, dropped: Dropped): unknown {
  if (typeof value === "string") return sanitiseText(value, dropped);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return sanitiseText(`${value.name}: ${value.message}`, dropped);
  // A function would be called as `toJSON` after the bounds were applied.
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) {
    dropped.deep += 1;
    return "[deep]";
  }
  if (Array.isArray(value)) {
    dropped.entries += Math.max(0, value.length - MAX_ENTRIES);
    return value.slice(0, MAX_ENTRIES).map((item) => sanitise(item, depth + 1, dropped));
  }
  const entries = Object.entries(value);
  dropped.entries += Math.max(0, entries.length - MAX_ENTRIES);
  return Object.fromEntries(
    entries
      .slice(0, MAX_ENTRIES)
      .map(([key, item]) => [sanitiseText(key, dropped), SECRET_KEY.test(key) && canHoldSecret(item) ? REDACTED : sanitise(item, depth + 1, dropped)]),
  );
}

/** Counts are kept: `outputTokens: 812` is no secret. */
function canHoldSecret(value: unknown): boolean {
  return typeof value !== "number" && typeof value !== "boolean" && value !== null && value !== undefined;
}

function sanitiseText(text: string, dropped: Dropped): string {
  // Redacted before it is cut: a cut secret no longer looks like one.
  const safe = SECRET_TEXT.reduce((rest, pattern) => rest.replace(pattern, REDACTED), text);
  if (safe.length <= MAX_TEXT_CHARS) return safe;
  dropped.chars += safe.length - MAX_TEXT_CHARS;
  return safe.slice(0, MAX_TEXT_CHARS);
}
