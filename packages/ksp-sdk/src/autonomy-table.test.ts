/** Every combination of policy, trust, consent and session with every level asked for, through the SDK on a real graph. */
import { AUTONOMY, leastAutonomy } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { exceeds } from "./session-rules.ts";
import { aConsent, anExecution, aPolicy, aSession, aTrust, aWorld, beadsOf, damage, PAST } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

type Broken = "missing" | "inactive" | "unreadable";
type Given = Autonomy | Broken;
const BROKEN: readonly Broken[] = ["missing", "inactive", "unreadable"];
const GIVEN: readonly Given[] = [...AUTONOMY, ...BROKEN];
const isLevel = (given: Given): given is Autonomy => !BROKEN.some((broken) => broken === given);
/** The lowest score that gives a level. */
const SCORES: { readonly [A in Autonomy]: number } = { SUGGEST: 0.3, PROPOSE: 0.5, EXECUTE_BOUNDED: 0.7, EXECUTE_FULL: 0.9 };

function givePolicy(world: World, given: Given): void {
  if (given === "missing") return;
  world.write(aPolicy(given === "inactive" ? { expires_at: PAST } : { autonomy: isLevel(given) ? given : "EXECUTE_FULL" }));
  if (given === "unreadable") damage(world, "policy");
}

function giveTrust(world: World, given: Given): void {
  if (given === "missing") return;
  const trust = world.write(aTrust(isLevel(given) ? { trust_score: SCORES[given] } : {}));
  if (given === "inactive") world.write(aTrust({ status: "REVOKED" }, trust));
  if (given === "unreadable") damage(world, "trust");
}

function giveConsent(world: World, given: "EXECUTE_FULL" | Broken): void {
  if (given === "missing") return;
  const consent = world.write(aConsent());
  if (given === "inactive") world.write(aConsent({ status: "REVOKED" }, consent));
  if (given === "unreadable") damage(world, "consent");
}

const CASES = GIVEN.flatMap((policy) => GIVEN.flatMap((trust) => (["EXECUTE_FULL", ...BROKEN] as const).map((consent) => ({ policy, trust, consent }))));

describe("the autonomy table", () => {
  test.each(CASES)(
    "policy $policy, trust $trust and consent $consent allow their least, in every session and for every level asked",
    async ({ policy, trust, consent }) => {
      const world = aWorld();
      givePolicy(world, policy);
      giveTrust(world, trust);
      giveConsent(world, consent);
      const parts = [policy, trust, consent].map((given) => (isLevel(given) ? given : "SUGGEST"));
      for (const session of AUTONOMY) {
        const expected = leastAutonomy([...parts, session]);
        const id = await aSession(world, session, false);
        expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: true, knowingState: { autonomy: expected } });
        expect(await world.sdk.session(id)).toMatchObject({ session: { ceiling: expected } });
        for (const level of AUTONOMY) {
          const answer = await world.sdk.writeExecution(id, anExecution({ level, nonce: level }));
          const isAllowed = level !== "SUGGEST" && !exceeds(level, expected);
          expect(answer).toMatchObject(isAllowed ? { ok: true } : { ok: false, code: "GOVERNANCE_VIOLATION" });
        }
        // With a person's leave something may be done under what is there, in force or not; under nothing nothing is.
        const hasBeads = [policy, trust].every((given) => given !== "missing" && given !== "unreadable");
        const withLeave = await world.sdk.writeExecution(id, anExecution({ level: "SUGGEST", nonce: "leave", approvalId: "REV-1" }));
        expect(withLeave).toMatchObject(hasBeads ? { ok: true } : { ok: false, code: "FAILED_PRECONDITION" });
        const may = expected !== "SUGGEST";
        expect(await world.sdk.checkConsent(id, "read_vitals")).toMatchObject(may ? { ok: true } : { ok: false, code: "GOVERNANCE_VIOLATION" });
      }
      // What the bead graph holds in the end is what the table allows, and nothing else.
      for (const { content } of beadsOf(world, "execution")) expect(exceeds(content["autonomy_level"] as Autonomy, leastAutonomy(parts))).toBe(false);
    },
  );

  test.each(["heads", "snapshot"] as const)("a bead graph that fails on %s, hangs or answers nonsense allows nothing in any session", async (method) => {
    for (const fault of ["fail", "hang", { answer: null }, { answer: { role: "triage" } }] as const) {
      for (const session of AUTONOMY) {
        const world = aWorld();
        for (const bead of [aPolicy(), aTrust(), aConsent()]) world.write(bead);
        world.link.fault(method, fault);
        const id = await aSession(world, session, false);
        expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: false, code: "UNAVAILABLE" });
        expect(await world.sdk.session(id)).toMatchObject({ session: { ceiling: "SUGGEST" } });
        for (const level of AUTONOMY) expect(await world.sdk.writeExecution(id, anExecution({ level, nonce: level }))).toMatchObject({ ok: false });
        expect(await world.sdk.checkConsent(id, "read_vitals")).toMatchObject({ ok: false });
        expect(beadsOf(world, "execution")).toEqual([]);
      }
    }
  });
});
