/** Faults that an earlier system had, each as a test that it cannot be had here. The numbers are those of its description. */
import { describe, expect, test } from "vitest";
import { aBead, aConsent, AGENT, anExecution, aPolicy, aSession, aTrust, aWorld, beadsOf, governed, ROLE } from "./testing/world.ts";

describe("defects that were had before", () => {
  test("15: two executions of the same action in one session are two, and a retry of one is none", async () => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world);
    const first = await world.sdk.writeExecution(id, anExecution({ nonce: "n-1" }));
    const second = await world.sdk.writeExecution(id, anExecution({ nonce: "n-2" }));
    expect(await world.sdk.writeExecution(id, anExecution({ nonce: "n-1" }))).toEqual(first);
    expect(first).not.toEqual(second);
    expect(beadsOf(world, "execution")).toHaveLength(2);
    expect(beadsOf(world, "audit").filter(({ content }) => content["audited_type"] === "execution")).toHaveLength(2);
  });

  test("19: an amendment is open until it is decided, and not a moment longer", async () => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world);
    const execution = await world.sdk.writeExecution(id, anExecution());
    const proposal = { target: "trust", change: { trust_score: 0.6 }, rationale: "it erred" } as const;
    await world.sdk.writeOutcome(id, execution.ok ? execution.executionBeadId : "", { status: "FAILURE", summary: "", triggersAmendment: true, proposal });
    const open = await world.sdk.openAmendments(id);
    const [proposed] = open.ok ? open.amendments : [];
    if (proposed === undefined) throw new Error("No amendment is open.");
    const decided = { ...proposed.content, status: "REJECTED", reviewed_by: "person:ada", reviewed_at: "2026-01-01T00:00:00Z" };
    world.write(aBead("amendment", decided, proposed));
    expect(await world.sdk.openAmendments(id)).toEqual({ ok: true, amendments: [] });
    expect(await world.sdk.openAmendments(id, "trust")).toEqual({ ok: true, amendments: [] });
  });

  test("21: a second session that retrieves from the cache may execute", async () => {
    const world = aWorld();
    governed(world);
    await aSession(world);
    const second = await aSession(world, "EXECUTE_FULL", false);
    expect(await world.sdk.retrieveKnowingState(second)).toMatchObject({ ok: true, cached: true });
    expect(await world.sdk.writeExecution(second, anExecution())).toMatchObject({ ok: true });
  });

  test("22: every level above the ceiling is refused, not SUGGEST alone", async () => {
    const world = aWorld();
    world.write(aPolicy({ autonomy: "PROPOSE" }));
    world.write(aTrust({ trust_score: 0.75 }));
    world.write(aConsent());
    const id = await aSession(world);
    for (const level of ["EXECUTE_BOUNDED", "EXECUTE_FULL"] as const) {
      expect(await world.sdk.writeExecution(id, anExecution({ level, nonce: level }))).toMatchObject({
        ok: false,
        code: "GOVERNANCE_VIOLATION",
        details: { ceiling: "PROPOSE", level },
      });
    }
    expect(await world.sdk.writeExecution(id, anExecution({ level: "PROPOSE" }))).toMatchObject({ ok: true });
  });

  test.each(["policy", "trust", "consent"] as const)("23: without a %s the session may only suggest, though nothing failed", async (missing) => {
    const world = aWorld();
    for (const [type, bead] of Object.entries({ policy: aPolicy(), trust: aTrust(), consent: aConsent() })) if (type !== missing) world.write(bead);
    const id = await aSession(world, "EXECUTE_FULL", false);
    expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: true, knowingState: { autonomy: "SUGGEST", [missing]: { standing: "missing" } } });
    expect(await world.sdk.session(id)).toMatchObject({ session: { ceiling: "SUGGEST", degraded: null } });
    expect(await world.sdk.checkConsent(id, "read_vitals")).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
  });

  test("24: a revocation is seen by the next retrieval although the cache still has what held before", async () => {
    const world = aWorld();
    const { trust } = governed(world);
    await aSession(world);
    const before = new Map(world.kv.kept);
    world.write(aTrust({ status: "REVOKED" }, trust));
    const id = await aSession(world);
    expect(await world.sdk.session(id)).toMatchObject({ session: { ceiling: "SUGGEST" } });
    // A cache that shows the past again, as an eventually consistent one may, changes nothing.
    for (const [key, value] of before) world.kv.kept.set(key, value);
    expect(await world.sdk.retrieveKnowingState(await aSession(world))).toMatchObject({ knowingState: { autonomy: "SUGGEST", trust: { beadId: null } } });
    expect(world.graph.retrieve(ROLE, AGENT, "EXECUTE_FULL").autonomy).toBe("SUGGEST");
  });
});
