/**
 * An event of an exported log as it was hashed. A line is either the log's own (the archive has these) or the Connect API's
 * JSON (`factory events SESSION --json` prints these); proto3 JSON leaves out what is empty, so that is put back by the
 * event's schema.
 */
import { EVENT_KINDS, EVENT_KIND_NAMES, digestOf, type EventKind } from "@factory/schemas";
import { z } from "zod";

/** A line of a log with the hash that its content gives. */
export type LoggedEvent = {
  readonly seq: number;
  readonly kind: string;
  readonly eventId: string;
  readonly prevHash: string;
  /** As the line says. */
  readonly hash: string;
  /** As its content gives it. */
  readonly computed: string;
  readonly payload: { readonly [key: string]: unknown };
};

const own = z.object({
  seq: z.number().int(),
  kind: z.string(),
  eventId: z.string(),
  prevHash: z.string(),
  hash: z.string(),
  payload: z.record(z.string(), z.unknown()),
});

const KIND_PREFIX = "SESSION_EVENT_KIND_";
const connect = z.object({
  seq: z.string().regex(/^[0-9]+$/),
  kind: z.string().startsWith(KIND_PREFIX),
  eventId: z.string(),
  stream: z.string(),
  sessionId: z.string(),
  runId: z.string().optional(),
  assemblyId: z.string(),
  workOrderId: z.string(),
  occurredAt: z.iso.datetime(),
  prevHash: z.string(),
  hash: z.string(),
});

/** Reads a line of an exported log; null when it is no event. */
export function readLoggedEvent(line: string): LoggedEvent | null {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    // The caller names the line.
    return null;
  }
  return ownEvent(json) ?? connectEvent(json);
}

function ownEvent(json: unknown): LoggedEvent | null {
  const parsed = own.safeParse(json);
  if (!parsed.success) return null;
  // The schema has found an object; its other fields are hashed too.
  const { hash: _hash, ...content } = json as { readonly [key: string]: unknown };
  return { ...parsed.data, computed: digestOf(content) };
}

function connectEvent(json: unknown): LoggedEvent | null {
  const parsed = connect.safeParse(json);
  if (!parsed.success) return null;
  const { seq, kind: named, occurredAt, runId, hash, ...common } = parsed.data;
  const kind = EVENT_KIND_NAMES.find((name) => name === named.slice(KIND_PREFIX.length));
  if (kind === undefined) return null;
  // The schema has found an object; the payload stands under the case of its kind, and an empty one may be left out.
  const told = (json as { readonly [key: string]: unknown })[EVENT_KINDS[kind].payloadCase] ?? {};
  const header = { ...common, seq: Number(seq), kind, occurredAt: Date.parse(occurredAt), ...(runId === undefined || runId === "" ? {} : { runId }) };
  const candidates = payloadsOf(kind, told as LoggedEvent["payload"]).map((payload) => ({ payload, computed: digestOf({ ...header, payload }) }));
  const found = candidates.find(({ computed }) => computed === hash) ?? candidates[0];
  if (found === undefined) return null;
  return { seq: Number(seq), kind, eventId: common.eventId, prevHash: common.prevHash, hash, ...found };
}

/** What a field that proto3 JSON leaves out may have been. */
const EMPTY_VALUES = ["", 0, false, []] as const;

/**
 * The payloads that one proto3 JSON stands for. A required field that is not there was empty. A list that may be left out
 * and is not there was either: proto3 does not tell the two apart, and the hash does.
 */
function payloadsOf(kind: EventKind, told: LoggedEvent["payload"]): LoggedEvent["payload"][] {
  const { shape } = EVENT_KINDS[kind].payload;
  const eitherWay = Object.entries<z.ZodType>(shape).flatMap(([name, schema]) => (told[name] === undefined && isOptionalList(schema) ? [name] : []));
  return eitherWay.reduce((payloads, name) => payloads.flatMap((payload) => [payload, { ...payload, [name]: [] }]), [restored(shape, told)]);
}

function isOptionalList(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success && schema.safeParse([]).success;
}

/** With the required fields that were left out, in lists of objects too. */
function restored(shape: z.ZodRawShape, told: LoggedEvent["payload"]): LoggedEvent["payload"] {
  const fields = Object.entries<unknown>(shape).flatMap(([name, field]) => {
    if (!(field instanceof z.ZodType)) return [];
    const value = told[name] ?? (field.safeParse(undefined).success ? undefined : EMPTY_VALUES.find((empty) => field.safeParse(empty).success));
    return value === undefined ? [] : [[name, restoredValue(field, value)] as const];
  });
  return { ...told, ...Object.fromEntries(fields) };
}

/** Proto3 JSON writes a whole number of 64 bits as text. */
const WHOLE_NUMBER = /^-?[0-9]+$/;

function restoredValue(schema: z.ZodType, value: unknown): unknown {
  if (typeof value === "string" && WHOLE_NUMBER.test(value) && !schema.safeParse(value).success) return Number(value);
  const list = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (!(list instanceof z.ZodArray) || !(list.element instanceof z.ZodObject) || !Array.isArray(value)) return value;
  const { shape } = list.element;
  return value.map((item: unknown) => (typeof item === "object" && item !== null ? restored(shape, item as LoggedEvent["payload"]) : item));
}
