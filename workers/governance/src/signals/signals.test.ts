import { kvKey, refuse, SIGNAL_SCOPES } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aResume, ACTION_DIGEST, anOverride, ASSEMBLY, bytesOf, hmacKey, REVIEW, SESSION, SignalsWorld } from "./testing/world.ts";

const OTHER_SESSION = "SES-00000000000000000000000002";

/** A world in which a decision is on record. */
function aWorld() {
  const world = new SignalsWorld();
  return { world, decision: world.decide() };
}

describe("a signal", () => {
  it("is taken once and carried to its session as the decision it names", async () => {
    const { world, decision } = aWorld();
    expect(await world.send(aResume(decision, { note: "Use the second plan." }))).toEqual({
      ok: true,
      receipt: { signalType: "ResumeSignal", dispositionEventId: decision.dispositionEventId, repeated: false, acceptedAt: "2026-08-04T12:00:00.000Z" },
    });
    expect(world.desk.outcome(decision.dispositionEventId)).toMatchObject({ state: "delivering" });
    await world.settle();
    expect(world.calls).toEqual([
      {
        sessionId: SESSION,
        method: "dispose",
        effectId: `dispose:${decision.dispositionEventId}`,
        args: [
          {
            org: "acme",
            reviewId: REVIEW,
            actionDigest: ACTION_DIGEST,
            decision: "amended",
            note: "Use the second plan.",
            ...decision,
            approvers: [{ id: "ana", person: "ana" }],
            override: false,
            policy: { decisionId: "d-1", policies: ["send"], policySet: "set" },
            signal: "ResumeSignal",
          },
        ],
      },
    ]);
    expect(world.desk.outcome(decision.dispositionEventId)).toEqual({
      dispositionEventId: decision.dispositionEventId,
      state: "done",
      detail: "The session is COMPILING.",
    });
  });

  it.each([
    ["CommissioningSignal", {}, "approved"],
    ["ResumeSignal", {}, "approved"],
    ["ResumeSignal", { note: "yes" }, "amended"],
    ["PatchAuthSignal", { patchId: "HYP-1", affectedAssemblyIds: [ASSEMBLY], note: "Round up." }, "amended"],
    ["PipelineConfigAuthSignal", { configChangeId: "budget", affectedAssemblyIds: [ASSEMBLY] }, "approved"],
    ["PipelineConfigAuthSignal", { configChangeId: "budget", affectedAssemblyIds: [ASSEMBLY], note: "50 USD" }, "amended"],
  ])("of the type %s with %j is the decision %s", async (signalType, change, expected) => {
    const { world, decision } = aWorld();
    expect(await world.send(aResume(decision, { signalType, ...change }))).toMatchObject({ ok: true });
    await world.settle();
    expect(world.calls).toMatchObject([{ args: [{ decision: expected, signal: signalType }] }]);
  });

  it("again with a fresh token is answered from the record and does nothing again", async () => {
    const { world, decision } = aWorld();
    const first = await world.send(aResume(decision));
    await world.settle();
    world.clock.advance(60_000);
    const again = await world.send(aResume(decision));
    await world.settle();
    expect(first).toMatchObject({ ok: true, receipt: { repeated: false } });
    expect(again).toEqual({ ok: true, receipt: { ...(first.ok ? first.receipt : {}), repeated: true } });
    expect(world.calls).toHaveLength(1);
  });

  it("again with the same token, as after an answer that was lost, is answered from the record", async () => {
    const { world, decision } = aWorld();
    const token = await world.token(decision);
    expect(await world.signals.receiveSignal(token, bytesOf(aResume(decision)))).toMatchObject({ ok: true, receipt: { repeated: false } });
    expect(await world.signals.receiveSignal(token, bytesOf(aResume(decision)))).toMatchObject({ ok: true, receipt: { repeated: true } });
  });

  it("with another content under the same decision is refused, and with the same token it is a replay", async () => {
    const { world, decision } = aWorld();
    const token = await world.token(decision);
    await world.signals.receiveSignal(token, bytesOf(aResume(decision)));
    const other = aResume(decision, { note: "something else" });
    expect(await world.signals.receiveSignal(token, bytesOf(other))).toMatchObject({ ok: false, code: "TOKEN_REPLAYED" });
    expect(await world.send(other)).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
    await world.settle();
    expect(world.calls).toHaveLength(1);
  });

  it("that arrives many times at once is taken once", async () => {
    const { world, decision } = aWorld();
    const answers = await Promise.all(Array.from({ length: 8 }, () => world.send(aResume(decision))));
    await world.settle();
    expect(answers.filter((answer) => answer.ok && !answer.receipt.repeated)).toHaveLength(1);
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(world.calls).toHaveLength(1);
  });

  it("is carried by the next incarnation when the object dies after the commit", async () => {
    const { world, decision } = aWorld();
    await world.send(aResume(decision));
    world.restart();
    await world.settle();
    expect(world.told()).toEqual([`dispose ${SESSION}`]);
  });

  it("is tried again when its session does not answer, and stays open until it does", async () => {
    const { world, decision } = aWorld();
    world.answers.push(new Error("gone"), refuse("UNAVAILABLE", "not now"));
    await world.send(aResume(decision));
    await world.settle();
    expect(world.told()).toEqual(Array.from({ length: 3 }, () => `dispose ${SESSION}`));
    expect(new Set(world.calls.map(({ effectId }) => effectId)).size).toBe(1);
    expect(world.desk.outcome(decision.dispositionEventId)).toMatchObject({ state: "done" });
  });

  it("that its session refuses is over, and its outcome says why", async () => {
    const { world, decision } = aWorld();
    world.answers.push(refuse("ACTION_DIGEST_MISMATCH", "The review has moved on."));
    await world.send(aResume(decision));
    await world.settle();
    expect(world.calls).toHaveLength(1);
    expect(world.desk.outcome(decision.dispositionEventId)).toMatchObject({ state: "refused", detail: "ACTION_DIGEST_MISMATCH: The review has moved on." });
  });

  it("that nobody sent has no outcome", () => {
    expect(aWorld().world.desk.outcome("DSP-00000000000000000000000009")).toBeNull();
  });
});

describe("a refused signal", () => {
  const id = (prefix: string) => `${prefix}-0000000000000000000000000Z`;
  type Case = readonly [
    what: string,
    code: string,
    send: (world: SignalsWorld, decision: ReturnType<SignalsWorld["decide"]>) => Promise<{ readonly ok: boolean }>,
  ];
  const cases: readonly Case[] = [
    ["no token", "UNAUTHENTICATED", (world, decision) => world.signals.receiveSignal("", bytesOf(aResume(decision)))],
    [
      "a key that was revoked",
      "UNAUTHENTICATED",
      async (world, decision) => {
        const token = await world.token(decision);
        world.records.delete(kvKey.envelopeKey("bridge-1"));
        return world.signals.receiveSignal(token, bytesOf(aResume(decision)));
      },
    ],
    [
      "the key of a kernel",
      "UNAUTHENTICATED",
      async (world, decision) => world.signals.receiveSignal(await world.token(decision, {}, hmacKey("kernel-1")), bytesOf(aResume(decision))),
    ],
    ["another organisation in its token", "UNAUTHENTICATED", (world, decision) => world.send(aResume(decision), { org: "other" })],
    ["no JSON", "INVALID_ARGUMENT", async (world, decision) => world.signals.receiveSignal(await world.token(decision), new Uint8Array([0xff]))],
    ["an unknown type", "INVALID_ARGUMENT", (world, decision) => world.send(aResume(decision, { signalType: "ArchiveSignal" }))],
    ["an unknown field", "INVALID_ARGUMENT", (world, decision) => world.send(aResume(decision, { vertical: "generic" }))],
    ["half a surrogate pair", "INVALID_ARGUMENT", (world, decision) => world.send(aResume(decision, { note: "\ud800" }))],
    ["more than 64 KiB", "TOO_LARGE", async (world, decision) => world.signals.receiveSignal(await world.token(decision), new Uint8Array(65_537))],
    [
      "another scope",
      "PERMISSION_DENIED",
      (world, decision) => world.send(aResume(decision), { scopes: [SIGNAL_SCOPES.PatchAuthSignal, SIGNAL_SCOPES.OverrideSignal] }),
    ],
    ["another decision in its token", "SIGNAL_MISMATCH", (world, decision) => world.send(aResume(decision), { dispositionEventId: id("DSP") })],
    ["another elucidation in its token", "SIGNAL_MISMATCH", (world, decision) => world.send(aResume(decision), { elucidationArtifactId: id("ELC") })],
    [
      "a patch that leaves its own assembly out",
      "INVALID_ARGUMENT",
      (world, decision) =>
        world.send(aResume(decision, { signalType: "PatchAuthSignal", patchId: "HYP-1", affectedAssemblyIds: ["pricing"], note: "Round up." })),
    ],
    [
      "no leave of policy",
      "POLICY_DENIED",
      (world, decision) => {
        world.policy = async () => ({ allowed: false, reason: "Nothing permits it." });
        return world.send(aResume(decision));
      },
    ],
    [
      "a policy engine that fails",
      "UNAVAILABLE",
      (world, decision) => {
        world.policy = () => Promise.reject(new Error("trap"));
        return world.send(aResume(decision));
      },
    ],
    ["an assembly that nobody knows", "NOT_FOUND", (world, decision) => world.send(aResume(decision, { assemblyId: "nowhere" }))],
    [
      "a session of another assembly",
      "NOT_FOUND",
      (world, decision) => {
        world.sessions.push({ org: "acme", assembly: "pricing", sessionId: OTHER_SESSION });
        return world.send(aResume(decision, { sessionId: OTHER_SESSION }));
      },
    ],
    [
      "a session of another organisation",
      "NOT_FOUND",
      (world, decision) => {
        world.sessions.push({ org: "other", assembly: ASSEMBLY, sessionId: OTHER_SESSION });
        return world.send(aResume(decision, { sessionId: OTHER_SESSION }));
      },
    ],
    [
      "an elucidation that is not on record",
      "ELUCIDATION_UNKNOWN",
      (world, decision) => world.send(aResume({ ...decision, elucidationArtifactId: id("ELC") })),
    ],
    ["a decision that is not on record", "ELUCIDATION_UNKNOWN", (world, decision) => world.send(aResume({ ...decision, dispositionEventId: id("DSP") }))],
    [
      "the elucidation of another decision",
      "ELUCIDATION_UNKNOWN",
      (world, decision) => world.send(aResume({ ...decision, elucidationArtifactId: world.decide("commission").elucidationArtifactId })),
    ],
    ["an elucidation that says nothing of a decision", "ELUCIDATION_UNKNOWN", (world) => world.send(aResume(world.decide("unlinked", { linked: false })))],
    ["one approver twice", "INVALID_ARGUMENT", (world, decision) => world.send(anOverride(decision, "force-suspend", { approvers: ["ana", "ana"] }))],
    [
      "approvers without the one its token names",
      "INVALID_ARGUMENT",
      (world, decision) => world.send(anOverride(decision, "force-suspend", { approvers: ["bo", "cy"] })),
    ],
    ["an emergency patch of nothing", "INVALID_ARGUMENT", (world, decision) => world.send(anOverride(decision, "emergency-patch"))],
    ["a suspension that names a patch", "INVALID_ARGUMENT", (world, decision) => world.send(anOverride(decision, "force-suspend", { patchId: "HYP-1" }))],
    ["a target that nobody knows", "NOT_FOUND", (world, decision) => world.send(anOverride(decision, "force-suspend", { targetAssemblyId: "nowhere" }))],
    ["a suspension to lift that is not in force", "FAILED_PRECONDITION", (world, decision) => world.send(anOverride(decision, "force-resume"))],
  ];

  it.each(cases)("for %s is %s, changes nothing and burns nothing", async (_what, code, send) => {
    const { world, decision } = aWorld();
    const before = world.tables();
    expect(await send(world, decision)).toMatchObject({ ok: false, code });
    expect(world.tables()).toBe(before);
    await world.settle();
    expect(world.calls).toEqual([]);
    // What is well formed is taken afterwards, as if nothing had been.
    world.policy = async () => ({});
    world.records.set(kvKey.envelopeKey("bridge-1"), {
      keyId: "bridge-1",
      org: "acme",
      algorithm: "HMAC-SHA256",
      secret: Buffer.alloc(32, 7).toString("base64"),
      uses: ["disposition"],
      status: "active",
    });
    expect(await world.send(aResume(decision))).toMatchObject({ ok: true, receipt: { repeated: false } });
  });

  it("leaves its token good for the right body", async () => {
    const { world, decision } = aWorld();
    const token = await world.token(decision, { scopes: ["signal:resume"] });
    expect(await world.signals.receiveSignal(token, bytesOf(anOverride(decision, "force-suspend")))).toMatchObject({ code: "PERMISSION_DENIED" });
    expect(await world.signals.receiveSignal(token, bytesOf({ ...aResume(decision), extra: 1 }))).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(await world.signals.receiveSignal(token, bytesOf(aResume(decision)))).toMatchObject({ ok: true });
  });

  it("addresses no lineage that the registry does not know", async () => {
    const { world, decision } = aWorld();
    await world.send(aResume(decision, { assemblyId: "nowhere" }));
    await world.send(anOverride(decision, "force-suspend", { assemblyId: "nowhere" }));
    expect(world.addressed).toEqual([]);
  });

  it("tells that a part of the factory does not answer as such, and logs what it said", async () => {
    const { world, decision } = aWorld();
    world.policy = () => Promise.reject(new Error("secret detail"));
    const answer = await world.send(aResume(decision));
    expect(answer).toMatchObject({ code: "UNAVAILABLE", message: expect.not.stringContaining("secret detail") });
    expect(world.log.of("signals.ask")).toMatchObject([{ fields: { part: "The policy engine", error: "secret detail" } }]);
  });
});

describe("policy", () => {
  it("is asked for the signal on its session by the person the token names", async () => {
    const { world, decision } = aWorld();
    await world.send(aResume(decision), { scopes: ["signal:resume"] });
    expect(world.asked).toEqual([
      {
        principal: { id: "ana", kind: "linear", org: "acme", person: "ana", roles: [], scopes: ["signal:resume"] },
        action: "SendSignal",
        resource: { type: "Session", org: "acme", id: SESSION, assembly: ASSEMBLY },
        context: { operation: "/signals", signal: "ResumeSignal" },
      },
    ]);
  });

  it("is asked on the organisation for what concerns all of it, and on the assembly where one is named", async () => {
    const { world, decision } = aWorld();
    await world.send(anOverride(decision, "force-suspend"));
    await world.send(anOverride(world.decide("two"), "force-suspend", { targetAssemblyId: ASSEMBLY }));
    expect(world.asked.map(({ resource }) => resource)).toEqual([
      { type: "Org", org: "acme", id: "acme" },
      { type: "Assembly", org: "acme", id: ASSEMBLY },
    ]);
  });
});

describe("tokens that were used", () => {
  it("are forgotten once nobody can use them again", async () => {
    const { world, decision } = aWorld();
    await world.send(aResume(decision));
    const tokens = () => world.database.sql.exec("SELECT * FROM tokens").toArray().length;
    await world.settle(299_000);
    expect(tokens()).toBe(1);
    world.clock.advance(300_000);
    await world.settle(0);
    expect(tokens()).toBe(0);
    expect(await world.send(aResume(decision))).toMatchObject({ ok: true, receipt: { repeated: true } });
  });
});

describe("whatever is sent", () => {
  it("is refused or taken, never thrown at, and nothing but a signal of a known decision has an effect", async () => {
    const { world, decision } = aWorld();
    const fields = fc.constantFrom(...Object.keys(aResume(decision, { note: "n" })), "directive", "approvers", "review", "__proto__", "targetAssemblyId");
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom("OverrideSignal", "PatchAuthSignal", "force-suspend", ["ana", "bo"]));
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 128 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc.array(fc.tuple(fields, value), { minLength: 1, maxLength: 3 }).map((changes) => bytesOf({ ...aResume(decision), ...Object.fromEntries(changes) })),
    );
    const token = await world.token(decision);
    await fc.assert(
      fc.asyncProperty(body, async (bytes) => {
        const answer = await world.signals.receiveSignal(token, bytes);
        if (answer.ok) expect(answer.receipt.dispositionEventId).toBe(decision.dispositionEventId);
        else
          expect(answer.code).toMatch(/^(INVALID_ARGUMENT|SIGNAL_MISMATCH|NOT_FOUND|FAILED_PRECONDITION|TOKEN_REPLAYED|ELUCIDATION_UNKNOWN|ALREADY_EXISTS)$/);
      }),
      { numRuns: 400 },
    );
    await world.settle();
    expect(world.calls.length).toBeLessThanOrEqual(1);
  });
});
