import { kvKey } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aClosure, anEscalation, ASSEMBLY, hmacKey, SignalsWorld } from "./testing/world.ts";

const ESCALATION_ID = "ESC-00000000000000000000000001";
const UNKNOWN_DECISION = "DSP-0000000000000000000000000Z";

describe("an escalation of another kernel", () => {
  it("is kept, shown and told to the subscribers", async () => {
    const world = new SignalsWorld();
    world.desk.putSubscriber("https://we.example.com/told", { principalId: "dev", person: "dev", requestId: "r" });
    expect(await world.signals.receiveMessage("EscalationEvent", await world.message(anEscalation()))).toEqual({
      ok: true,
      id: ESCALATION_ID,
      repeated: false,
    });
    expect(await world.signals.messages("acme", null, 10)).toEqual([
      {
        seq: 1,
        envelopeId: "env_0000000001",
        id: ESCALATION_ID,
        from: "other-kernel",
        receivedAt: "2026-08-04T12:00:00.000Z",
        signal: anEscalation(),
        nodeId: null,
        state: "done",
        detail: "",
      },
    ]);
    await world.settle();
    expect(world.sent).toHaveLength(1);
  });

  it("is a repeat in the same envelope, signed again, and in another one", async () => {
    const world = new SignalsWorld();
    const send = async (envelopeId: string) => world.signals.receiveMessage("EscalationEvent", await world.message(anEscalation(), { envelopeId }));
    expect(await send("env_11111111")).toMatchObject({ ok: true, repeated: false });
    world.clock.advance(30_000);
    expect(await send("env_11111111")).toMatchObject({ ok: true, repeated: true });
    expect(await send("env_22222222")).toMatchObject({ ok: true, repeated: true });
    expect(world.desk.messages(null, 10)).toHaveLength(1);
  });

  it("that has moved on is kept beside what was told before", async () => {
    const world = new SignalsWorld();
    for (const openDivergenceCount of [0, 1]) {
      await world.signals.receiveMessage("EscalationEvent", await world.message(anEscalation({ openDivergenceCount })));
    }
    expect(world.desk.messages(null, 10).map(({ seq }) => seq)).toEqual([2, 1]);
    expect(world.desk.messages(2, 10).map(({ seq }) => seq)).toEqual([1]);
  });
});

describe("a verdict closure record of another kernel", () => {
  it("becomes a node of its assembly's lineage whose cause is the decision that it closes", async () => {
    const world = new SignalsWorld();
    const { dispositionEventId } = world.decide();
    const answer = await world.signals.receiveMessage("VerdictClosureRecord", await world.message(aClosure(dispositionEventId)));
    expect(answer).toEqual({ ok: true, id: "VCR-00000000000000000000000001", repeated: false });
    expect(world.desk.messages(null, 1)).toMatchObject([{ state: "delivering" }]);
    await world.settle();
    const [message] = world.desk.messages(null, 1);
    expect(message).toMatchObject({ state: "done", nodeId: expect.stringMatching(/^VCR-/) });
    expect(world.graph.get(message?.nodeId ?? "")).toMatchObject({
      type: "VerdictClosureRecord",
      data: { vcrId: "VCR-00000000000000000000000001", verdict: "favorable", from: "other-kernel" },
      parents: [dispositionEventId],
    });
    expect(world.graph.why(message?.nodeId ?? "").nodes.map(({ id }) => id)).toContain(dispositionEventId);
  });

  it("survives a lineage that does not answer, and a crash", async () => {
    const world = new SignalsWorld();
    await world.signals.receiveMessage("VerdictClosureRecord", await world.message(aClosure(world.decide().dispositionEventId)));
    world.restart();
    await world.settle();
    expect(world.desk.messages(null, 1)).toMatchObject([{ state: "done" }]);
  });

  it("with another content under its id is refused", async () => {
    const world = new SignalsWorld();
    const { dispositionEventId } = world.decide();
    await world.signals.receiveMessage("VerdictClosureRecord", await world.message(aClosure(dispositionEventId)));
    const other = await world.message(aClosure(dispositionEventId, { verdict: "unfavorable" }));
    expect(await world.signals.receiveMessage("VerdictClosureRecord", other)).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
  });
});

describe("a refused message", () => {
  type Case = readonly [what: string, code: string, send: (world: SignalsWorld) => Promise<{ readonly ok: boolean }>];
  const cases: readonly Case[] = [
    [
      "an algorithm that is none",
      "INVALID_ARGUMENT",
      async (world) => world.signals.receiveMessage("EscalationEvent", { ...(await world.message(anEscalation())), algorithm: "none" }),
    ],
    [
      "another algorithm than its key's",
      "SIGNATURE_INVALID",
      async (world) => world.signals.receiveMessage("EscalationEvent", { ...(await world.message(anEscalation())), algorithm: "Ed25519" }),
    ],
    [
      "one byte changed",
      "SIGNATURE_INVALID",
      async (world) => {
        const { payload, ...rest } = await world.message(anEscalation({ requestedAction: "Decide on A." }));
        const text = new TextDecoder().decode(payload).replace("Decide on A.", "Decide on B.");
        return world.signals.receiveMessage("EscalationEvent", { ...rest, payload: new TextEncoder().encode(text) });
      },
    ],
    [
      "a signature that is cut",
      "SIGNATURE_INVALID",
      async (world) => {
        const message = await world.message(anEscalation());
        return world.signals.receiveMessage("EscalationEvent", { ...message, signature: message.signature.slice(1) });
      },
    ],
    [
      "another organisation than its key's",
      "SIGNATURE_INVALID",
      async (world) => world.signals.receiveMessage("EscalationEvent", await world.message(anEscalation(), { org: "other" })),
    ],
    [
      "a key of dispositions",
      "SIGNATURE_INVALID",
      async (world) => world.signals.receiveMessage("EscalationEvent", await world.message(anEscalation(), { key: hmacKey("bridge-1") })),
    ],
    [
      "a revoked key",
      "SIGNATURE_INVALID",
      async (world) => {
        world.records.delete(kvKey.envelopeKey("kernel-1"));
        return world.signals.receiveMessage("EscalationEvent", await world.message(anEscalation()));
      },
    ],
    [
      "an age of more than a minute",
      "ENVELOPE_STALE",
      async (world) => {
        const message = await world.message(anEscalation());
        world.clock.advance(60_001);
        return world.signals.receiveMessage("EscalationEvent", message);
      },
    ],
    ["the other route", "INVALID_ARGUMENT", async (world) => world.signals.receiveMessage("VerdictClosureRecord", await world.message(anEscalation()))],
    [
      "a decision that is not on record",
      "ELUCIDATION_UNKNOWN",
      async (world) => world.signals.receiveMessage("VerdictClosureRecord", await world.message(aClosure(UNKNOWN_DECISION))),
    ],
    [
      "an assembly that nobody knows",
      "ELUCIDATION_UNKNOWN",
      async (world) =>
        world.signals.receiveMessage("VerdictClosureRecord", await world.message(aClosure(world.decide().dispositionEventId, { assemblyId: "nowhere" }))),
    ],
    [
      "a payload that is too large",
      "TOO_LARGE",
      async (world) => {
        const message = await world.message(anEscalation());
        return world.signals.receiveMessage("EscalationEvent", { ...message, payload: new Uint8Array(65_537) });
      },
    ],
  ];

  it.each(cases)("for %s is %s, and changes nothing", async (_what, code, send) => {
    const world = new SignalsWorld();
    const before = world.tables();
    expect(await send(world)).toMatchObject({ ok: false, code });
    expect(world.tables()).toBe(before);
    expect(world.addressed.filter((assembly) => assembly !== ASSEMBLY)).toEqual([]);
  });

  it("for another body under its envelope's id leaves what was taken", async () => {
    const world = new SignalsWorld();
    const send = async (openDivergenceCount: number) =>
      world.signals.receiveMessage("EscalationEvent", await world.message(anEscalation({ openDivergenceCount }), { envelopeId: "env_11111111" }));
    await send(0);
    const before = world.tables();
    expect(await send(1)).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
    expect(world.tables()).toBe(before);
  });

  it("is whatever nobody signed: it never throws and never has an effect", async () => {
    const world = new SignalsWorld();
    const before = world.tables();
    const valid = await world.message(anEscalation());
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc.tuple(fc.nat(valid.payload.length - 1), fc.nat(7)).map(([at, bit]) => valid.payload.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte))),
    );
    const signature = fc.oneof(fc.constant(valid.signature), fc.uint8Array({ maxLength: 70 }));
    const algorithm = fc.oneof(fc.constantFrom("HMAC-SHA256", "Ed25519", "__proto__"), fc.string());
    const kind = fc.constantFrom("EscalationEvent" as const, "VerdictClosureRecord" as const);
    await fc.assert(
      fc.asyncProperty(kind, payload, algorithm, signature, async (which, bytes, name, value) => {
        expect(await world.signals.receiveMessage(which, { payload: bytes, algorithm: name, signature: value })).toMatchObject({ ok: false });
      }),
      { numRuns: 300 },
    );
    expect(world.tables()).toBe(before);
  });
});
