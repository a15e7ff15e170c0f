/** A session event of the log as the message of the proto: same fields, same seq. */
import { create, fromJson, type DescMessage, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EVENT_KINDS, type EventKind, type SessionEvent as LoggedEvent } from "@factory/schemas";
import { SessionEventKind, SessionEventSchema, type SessionEvent } from "@factory/schemas/proto";

type PayloadCase = (typeof EVENT_KINDS)[EventKind]["payloadCase"];

/** The payload messages by their case, read from the schema so that the two cannot disagree. */
const PAYLOADS: ReadonlyMap<string, DescMessage> = new Map(
  SessionEventSchema.fields.flatMap((field) => (field.oneof !== undefined && field.fieldKind === "message" ? [[field.localName, field.message]] : [])),
);

/**
 * The message of a logged event. A kind that this gateway does not know yet keeps its seq and hashes, with an
 * unspecified kind and no payload: agent Workers are deployed apart, and a stream must stay gapless.
 */
export function toProto(event: LoggedEvent): SessionEvent {
  const spec: (typeof EVENT_KINDS)[EventKind] | undefined = EVENT_KINDS[event.kind];
  return create(SessionEventSchema, {
    sessionId: event.sessionId,
    workOrderId: event.workOrderId,
    occurredAt: timestampFromMs(event.occurredAt),
    seq: BigInt(event.seq),
    kind: spec === undefined ? SessionEventKind.UNSPECIFIED : SessionEventKind[event.kind],
    eventId: event.eventId,
    runId: event.runId ?? "",
    assemblyId: event.assemblyId,
    prevHash: event.prevHash,
    hash: event.hash,
    stream: event.stream,
    payload: spec === undefined ? { case: undefined } : payloadOf(spec.payloadCase, event.payload),
  });
}

function payloadOf(payloadCase: PayloadCase, payload: unknown): SessionEvent["payload"] {
  const schema = PAYLOADS.get(payloadCase);
  if (schema === undefined) throw new TypeError(`The proto has no payload ${payloadCase}.`);
  // Payloads are stored as the proto3 JSON of their message; fields of a newer producer are left out.
  const value: MessageShape<DescMessage> = fromJson(schema, payload as JsonValue, { ignoreUnknownFields: true });
  // The case and the schema come from the same field of the descriptor.
  return { case: payloadCase, value } as SessionEvent["payload"];
}
