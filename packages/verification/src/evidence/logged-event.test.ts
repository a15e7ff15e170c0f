import { fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import { EVENT_KINDS, EVENT_KIND_NAMES, digestOf, type EventKind } from "@factory/schemas";
import { SessionEventSchema } from "@factory/schemas/proto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { SAID, aLog } from "../testing/evidence.ts";
import { readLoggedEvent } from "./logged-event.ts";

/** Any value that a field of a payload takes, empty ones as likely as others. */
function valuesOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodOptional) return fc.option(valuesOf(schema.unwrap() as z.ZodType), { nil: undefined });
  if (schema instanceof z.ZodString) return fc.oneof(fc.constant(""), fc.string({ unit: "grapheme" }));
  if (schema instanceof z.ZodNumber)
    return fc.oneof(fc.constant(0), fc.nat(), ...(schema.safeParse(0.5).success ? [fc.double({ noNaN: true, noDefaultInfinity: true })] : []));
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodArray) return fc.array(valuesOf(schema.element as z.ZodType), { maxLength: 3 });
  if (schema instanceof z.ZodObject) return objectsOf(schema);
  if (schema instanceof z.ZodRecord) return fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
  throw new Error(`There is no arbitrary for ${schema.def.type}.`);
}

function objectsOf(schema: z.ZodObject): fc.Arbitrary<{ readonly [key: string]: unknown }> {
  const fields = Object.fromEntries(Object.entries(schema.shape).map(([name, field]) => [name, valuesOf(field as z.ZodType)]));
  return fc.record(fields).map((value) => Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)));
}

/** An event of a log with any payload of its kind. */
const EVENTS = fc.constantFrom(...EVENT_KIND_NAMES).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    payload: objectsOf(EVENT_KINDS[kind].payload),
    runId: fc.option(fc.constant("RUN-1"), { nil: undefined }),
    occurredAt: fc.nat({ max: Date.UTC(2030, 0) }),
  }),
);

type Event = { readonly kind: EventKind; readonly payload: unknown; readonly runId: string | undefined; readonly occurredAt: number };

function logged({ kind, payload, runId, occurredAt }: Event) {
  const event = {
    seq: 7,
    eventId: "EVT-7",
    stream: EVENT_KINDS[kind].stream,
    kind,
    sessionId: "SES-1",
    assemblyId: "pricing",
    workOrderId: "WO-1",
    ...(runId === undefined ? {} : { runId }),
    occurredAt,
    // A log keeps JSON, which has no negative zero.
    payload: JSON.parse(JSON.stringify(payload)) as unknown,
    prevHash: "a".repeat(64),
  };
  return { ...event, hash: digestOf(event) };
}

/** The event as the gateway sends it and `factory events --json` prints it. */
function connectLine(event: ReturnType<typeof logged>): string {
  const { kind, payload, occurredAt, seq, ...same } = event;
  const message = fromJson(SessionEventSchema, {
    ...same,
    seq: String(seq),
    kind: `SESSION_EVENT_KIND_${kind}`,
    occurredAt: new Date(occurredAt).toISOString(),
    // Payloads are logged as the proto3 JSON of their message.
    [EVENT_KINDS[kind].payloadCase]: payload as JsonValue,
  });
  return JSON.stringify(toJson(SessionEventSchema, message));
}

describe("a line of an exported log", () => {
  it("gives the hash that its event was logged under, of every kind and with every field empty or not", () => {
    fc.assert(
      fc.property(EVENTS, (given) => {
        const event = logged(given);
        expect(readLoggedEvent(connectLine(event))).toEqual({
          seq: 7,
          kind: event.kind,
          eventId: "EVT-7",
          prevHash: event.prevHash,
          hash: event.hash,
          computed: event.hash,
          payload: event.payload,
        });
        expect(readLoggedEvent(JSON.stringify(event))).toMatchObject({ hash: event.hash, computed: event.hash });
      }),
      { numRuns: 1_000 },
    );
  });

  it("gives another hash when anything of it is another, in either form", () => {
    const event = aLog(SAID)[3];
    if (event === undefined) throw new Error("The log is short.");
    for (const change of [
      { seq: 5 },
      { workOrderId: "WO-2" },
      { occurredAt: event.occurredAt + 1 },
      { payload: { ...event.payload, outcome: "length" } },
      { runId: "RUN-2" },
    ]) {
      const changed = { ...event, ...change };
      expect(readLoggedEvent(JSON.stringify(changed))?.computed).not.toBe(event.hash);
      expect(readLoggedEvent(connectLine({ ...changed, runId: "RUN-1", ...change }))?.computed).not.toBe(event.hash);
    }
    expect(readLoggedEvent(JSON.stringify({ ...event, more: 1 }))?.computed).not.toBe(event.hash);
  });

  it("is no event when it is something else", () => {
    for (const line of ["", "x", "[]", "null", "{}", '{"session":"SES-1","outcome":"COMPLETED"}']) expect(readLoggedEvent(line), line).toBeNull();
  });
});
