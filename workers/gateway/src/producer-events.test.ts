import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ProducerPrincipal } from "@factory/governance";
import { EVENT_KIND_NAMES, EVENT_KINDS, STREAMS, TERMINAL_KINDS, isTerminalKind, ulidId } from "@factory/schemas";
import { ProducerEventSchema, SessionEventKind, type ProducerEvent } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { isProducerKind, PRODUCER_LIMITS, producerWrites } from "./producer-events.ts";

const NOW = 1_785_844_800_000;
const RUN = "RUN-0123456789ABCDEFGHJKMNPQRS";

const aProducer = (streams: ProducerPrincipal["streams"] = STREAMS): ProducerPrincipal => ({
  kind: "producer",
  id: "runner-1",
  org: "acme",
  sessionId: "SES-0123456789ABCDEFGHJKMNPQRS",
  workOrderId: "WO-1",
  assemblyId: "shop",
  streams,
  tokenId: "t",
});

const bead = { beadId: "BEAD-1", runId: RUN, atomId: "ATOM-1", title: "t", team: "build", role: "coder", fromState: "READY", toState: "LEASED", epoch: 1 };
const claimed = { kind: SessionEventKind.BEAD_CLAIMED, payload: { case: "bead", value: bead } } as const;

function anEvent(change: MessageInitShape<typeof ProducerEventSchema> = {}): ProducerEvent {
  return create(ProducerEventSchema, { eventId: ulidId("EVT"), ...claimed, ...change });
}

const writesOf = (...events: ProducerEvent[]) => producerWrites(aProducer(), events, NOW);

describe("what a producer may append", () => {
  it("are kinds that neither move nor end the session nor decide for the factory", () => {
    expect(EVENT_KIND_NAMES.filter(isProducerKind)).toEqual([
      "BEAD_CLAIMED",
      "BEAD_RELEASED",
      "BEAD_FAILED",
      "BEAD_RESCUED",
      "CONSENT_BEAD_DENIED",
      "DIVERGENCE_DETECTED",
      "AMENDMENT_PROPOSED",
      "ARTIFACT_WRITTEN",
      "PASS_COMPLETED",
      "CLARIFICATION_REQUESTED",
      "CLARIFICATION_ANSWERED",
      "BUDGET_EXHAUSTED",
      "MODEL_CALLED",
      "BEAD_STATE_CHANGED",
    ]);
  });

  it.each(EVENT_KIND_NAMES.filter((kind) => !isProducerKind(kind)))("is never %s, whatever the token's streams", (kind) => {
    expect(() => writesOf(anEvent({ kind: SessionEventKind[kind] }))).toThrow(expect.objectContaining({ code: "PERMISSION_DENIED" }));
  });

  it("has a payload in the proto for each kind, so that none is let in by name and shut out by form", () => {
    const cases = ProducerEventSchema.oneofs[0]?.fields.map(({ localName }) => localName) ?? [];
    expect(new Set(EVENT_KIND_NAMES.filter(isProducerKind).map((kind) => EVENT_KINDS[kind].payloadCase))).toEqual(new Set(cases));
    expect(TERMINAL_KINDS.every((kind) => isTerminalKind(kind) && !isProducerKind(kind))).toBe(true);
  });

  it("is only of the token's streams", () => {
    const write = () => producerWrites(aProducer(["artifactWrites"]), [anEvent()], NOW);
    expect(write).toThrow(expect.objectContaining({ code: "PERMISSION_DENIED", message: expect.stringContaining("beadUpdates") }));
  });

  it("is no evidence package: the log's last event but one names the sealed one", () => {
    const event = anEvent({
      kind: SessionEventKind.ARTIFACT_WRITTEN,
      payload: { case: "artifact", value: { artifactId: "EVD-0123456789ABCDEFGHJKMNPQRS" } },
    });
    expect(() => writesOf(event)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("only the factory seals") }));
  });
});

describe("an event of a producer", () => {
  it("is written as the log has it, in the order of the call, with the payload's run", () => {
    const [first, second] = [anEvent(), anEvent({ occurredAt: { seconds: 5n, nanos: 6_000_000 } })];
    expect(writesOf(first, second)).toEqual([
      { eventId: first.eventId, kind: "BEAD_CLAIMED", runId: RUN, occurredAt: NOW, payload: { ...bead, attempt: 0, cycle: 0 } },
      { eventId: second.eventId, kind: "BEAD_CLAIMED", runId: RUN, occurredAt: 5_006, payload: { ...bead, attempt: 0, cycle: 0 } },
    ]);
  });

  it("keeps what is absent apart from zero", () => {
    const value = { alias: "a", provider: "p", modelId: "m", purpose: "code", promptHash: "h", durationMs: 1, outcome: "ok" };
    const event = anEvent({ kind: SessionEventKind.MODEL_CALLED, payload: { case: "modelCall", value } });
    expect(writesOf(event)[0]?.payload).not.toHaveProperty("costUsd");
  });

  it.each([
    ["no id", { eventId: "" }, "event_id"],
    ["an id that is none", { eventId: "EVT-1" }, "event_id"],
    ["a kind of nobody", { kind: 999 }, "kind"],
    ["a payload of another kind", { payload: { case: "budget", value: {} } }, "must be bead"],
    ["no payload", { payload: { case: undefined } }, "must be bead"],
    ["a state that is none", { payload: { case: "bead", value: { ...bead, toState: "FLYING" } } }, "events.0.payload.toState"],
    ["another run than its payload's", { runId: "RUN-0123456789ABCDEFGHJKMNPQRT" }, "run_id"],
    ["a run that is none", { payload: { case: "bead", value: { ...bead, runId: "main" } } }, "run_id"],
    ["a time before 1970", { occurredAt: { seconds: -5n, nanos: 0 } }, "occurred_at"],
  ] as const)("with %s is refused by its field", (_what, change, field) => {
    // A kind that no version knows is a number all the same.
    const event = anEvent(change as MessageInitShape<typeof ProducerEventSchema>);
    expect(() => writesOf(event)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(field) }));
  });
});

describe("hazard: unbounded log or payload kills the object - a call", () => {
  it("without events, with too many or with too much is refused by the name of the limit", () => {
    expect(() => writesOf()).toThrow("events is empty");
    const many = Array.from({ length: PRODUCER_LIMITS.events + 1 }, () => anEvent());
    expect(() => writesOf(...many)).toThrow(expect.objectContaining({ code: "TOO_LARGE", message: expect.stringContaining("200") }));
    const large = { ...bead, reason: "x".repeat(PRODUCER_LIMITS.payloadChars / 5) };
    const heavy = Array.from({ length: 6 }, () => anEvent({ payload: { case: "bead", value: large } }));
    expect(() => writesOf(...heavy)).toThrow(expect.objectContaining({ code: "TOO_LARGE", message: expect.stringContaining("1048576") }));
    expect(writesOf(...many.slice(1))).toHaveLength(PRODUCER_LIMITS.events);
  });
});
