/** What a runner outside may append: which kinds, how much, and its events in the form of the log. */
import { toJson, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ProducerPrincipal } from "@factory/governance";
import { EVENT_KINDS, FactoryError, idSchema, isStateTransitionKind, parseEventPayload, type EventKind, type EventWrite } from "@factory/schemas";
import { ProducerEventSchema, SessionEventKind, type ProducerEvent } from "@factory/schemas/proto";
import { problemsError, type FieldProblem } from "./admin/field-problems.ts";

/** Bounds of a producer; what is over one is refused by its name. */
export const PRODUCER_LIMITS = {
  /** Events of one call. */
  events: 200,
  /** Payloads of one call as JSON, in UTF-16 code units; one event is bounded by `LOG_LIMITS.eventBytes`. */
  payloadChars: 1_048_576,
  /** Calls of one token; counted by the binding PRODUCER_CALLS, whose configuration says the same. */
  callsPerMinute: 600,
} as const;

/** Kinds of the producer's streams that tell what the factory itself has decided: a producer's word is input and never that. */
const DECISIONS: ReadonlySet<EventKind> = new Set<EventKind>([
  "VERIFICATION_PRODUCED",
  "AMENDMENT_ADOPTED",
  "AMENDMENT_REJECTED",
  "RUN_GRAPH_AMENDED",
  "REVIEW_VOTE_RECORDED",
  "DISPATCH_BLOCKED",
]);

/** True for a kind that a runner outside may append: no step of the session, not its end, no decision. */
export function isProducerKind(kind: EventKind): boolean {
  return !isStateTransitionKind(kind) && !DECISIONS.has(kind);
}

/** The payload messages by their case, read from the schema so that the two cannot disagree. */
const PAYLOADS: ReadonlyMap<string, DescMessage> = new Map(
  ProducerEventSchema.fields.flatMap((field) => (field.oneof !== undefined && field.fieldKind === "message" ? [[field.localName, field.message]] : [])),
);

const eventIdSchema = idSchema("EVT");
const runIdSchema = idSchema("RUN");

/**
 * The events of a call as the log takes them.
 *
 * @param nowMs - time of an event that names none, epoch milliseconds
 * @throws FactoryError TOO_LARGE naming the limit, PERMISSION_DENIED for a stream or kind that is not the producer's,
 *   INVALID_ARGUMENT with every problem of the first event that has one.
 */
export function producerWrites(producer: ProducerPrincipal, events: readonly ProducerEvent[], nowMs: number): EventWrite[] {
  if (events.length === 0) throw new FactoryError("INVALID_ARGUMENT", "events is empty.");
  if (events.length > PRODUCER_LIMITS.events) {
    throw new FactoryError("TOO_LARGE", `${events.length} events in one call; it may have ${PRODUCER_LIMITS.events}.`, { limit: PRODUCER_LIMITS.events });
  }
  const writes = events.map((event, index) => writeOf(producer, event, index, nowMs));
  const chars = writes.reduce((sum, { payload }) => sum + JSON.stringify(payload).length, 0);
  if (chars > PRODUCER_LIMITS.payloadChars) {
    const limit = PRODUCER_LIMITS.payloadChars;
    throw new FactoryError("TOO_LARGE", `The payloads of the call have ${chars} characters; they may have ${limit} together.`, { limit });
  }
  return writes;
}

function writeOf(producer: ProducerPrincipal, event: ProducerEvent, index: number, nowMs: number): EventWrite {
  const kind = kindOf(event, index);
  checkAllowed(producer, kind, index);
  const payload = payloadOf(event, kind, index);
  const runId = event.runId === "" ? runOf(payload) : event.runId;
  const occurredAt = event.occurredAt === undefined ? nowMs : timestampMs(event.occurredAt);
  refuseEvent(index, [...idProblems(event.eventId, runId), ...runProblems(runId, payload), ...artifactProblems(payload), ...timeProblems(occurredAt)]);
  // The cast rejoins kind and payload: the parse in `payloadOf` has checked that they belong together.
  return { eventId: event.eventId, kind, ...(runId === undefined ? {} : { runId }), occurredAt, payload } as EventWrite;
}

function kindOf({ kind }: ProducerEvent, index: number): EventKind {
  const name: string | undefined = SessionEventKind[kind];
  if (name === undefined || !Object.hasOwn(EVENT_KINDS, name))
    throw problemsError([{ field: `events.${index}.kind`, problem: "is not in the event catalog." }]);
  // Its own key of the catalog.
  return name as EventKind;
}

function checkAllowed({ streams }: ProducerPrincipal, kind: EventKind, index: number): void {
  const { stream } = EVENT_KINDS[kind];
  if (!isProducerKind(kind)) throw new FactoryError("PERMISSION_DENIED", `Event ${index + 1} of the call: only the factory itself appends ${kind}.`);
  if (!streams.includes(stream)) throw new FactoryError("PERMISSION_DENIED", `Event ${index + 1} of the call: the token is not for ${stream}.`);
}

function payloadOf({ payload }: ProducerEvent, kind: EventKind, index: number): object {
  const field = `events.${index}.payload`;
  const { payloadCase } = EVENT_KINDS[kind];
  const schema = payload.case === undefined ? undefined : PAYLOADS.get(payload.case);
  if (schema === undefined || payload.case !== payloadCase || payload.value === undefined) {
    throw problemsError([{ field, problem: `must be ${payloadCase} for ${kind}.` }]);
  }
  // The schema is that of the case, from the same descriptor.
  const json = toJson(schema, payload.value as MessageShape<DescMessage>, { alwaysEmitImplicit: true });
  try {
    return parseEventPayload(kind, json);
  } catch (err) {
    if (!isZodError(err)) throw err;
    throw problemsError(err.issues.map(({ path, message }) => ({ field: [field, ...path.map(String)].join("."), problem: `${message}.` })));
  }
}

/** zod's error by its shape; `instanceof` fails where two copies of zod are bundled. */
function isZodError(err: unknown): err is Error & { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] } {
  return err instanceof Error && "issues" in err && Array.isArray(err.issues);
}

function runOf(payload: object): string | undefined {
  return "runId" in payload && typeof payload.runId === "string" ? payload.runId : undefined;
}

function refuseEvent(index: number, problems: readonly FieldProblem[]): void {
  if (problems.length > 0) throw problemsError(problems.map(({ field, problem }) => ({ field: `events.${index}.${field}`, problem })));
}

function idProblems(eventId: string, runId: string | undefined): FieldProblem[] {
  return [
    ...(eventIdSchema.safeParse(eventId).success ? [] : [{ field: "event_id", problem: "must be EVT- and a ULID." }]),
    ...(runId === undefined || runIdSchema.safeParse(runId).success ? [] : [{ field: "run_id", problem: "must be a RUN id." }]),
  ];
}

function runProblems(runId: string | undefined, payload: object): FieldProblem[] {
  const named = runOf(payload);
  return named === undefined || named === runId ? [] : [{ field: "run_id", problem: "is another than the payload's." }];
}

/** The sealed evidence is the factory's to name: it is the last event but one of a log. */
function artifactProblems(payload: object): FieldProblem[] {
  const sealed = "artifactId" in payload && typeof payload.artifactId === "string" && payload.artifactId.startsWith("EVD-");
  return sealed ? [{ field: "payload.artifact_id", problem: "is an evidence package, which only the factory seals." }] : [];
}

function timeProblems(occurredAt: number): FieldProblem[] {
  return Number.isSafeInteger(occurredAt) && occurredAt >= 0 ? [] : [{ field: "occurred_at", problem: "must be a time from 1970 on." }];
}
