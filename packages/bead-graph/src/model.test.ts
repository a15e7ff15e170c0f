import { canonicalJson } from "@factory/schemas";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { aConsent, aGraph, aPolicy, aTrust, at, ROLE, SUBJECT } from "./testing/builders.ts";
import type { Links } from "./testing/builders.ts";

const LINES = ["own", "org", "trust", "consent"] as const;
type Line = (typeof LINES)[number];
/** A bead of a line as the model knows it: its term in epoch milliseconds, and whether it grants. */
type Entry = { readonly id: string; readonly from: number; readonly until: number; readonly granted: boolean };

/** What a person does to a line, or time that passes. */
type Act =
  | { readonly kind: "write"; readonly line: Line; readonly granted: boolean; readonly score: number; readonly delay: number; readonly ttl: number | null }
  | { readonly kind: "wait"; readonly ms: number };

const ACT: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    line: fc.constantFrom(...LINES),
    granted: fc.boolean(),
    score: fc.integer({ min: 0, max: 100 }),
    delay: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 30 })),
    ttl: fc.option(fc.integer({ min: 0, max: 30 })),
  }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 20 }) }),
);

/** What should be active: the last bead that has taken effect, if it grants and has not ended; a role's policy before the organisation's. */
function model(lines: Readonly<Record<Line, readonly Entry[]>>, now: number) {
  const head = (line: Line) => {
    const last = lines[line].findLast(({ from }) => from <= now);
    return { line, tip: lines[line].at(-1)?.id ?? null, active: last?.granted === true && now < last.until ? last.id : null };
  };
  const policies = head("own").active === null ? [head("own"), head("org")] : [head("own")];
  const [policy, trust, consent] = [policies.at(-1)?.active ?? null, head("trust"), head("consent")];
  return { active: [policy, trust.active, consent.active], heads: [...policies, trust, consent] };
}

/** The bead of an act, and what the model knows of it. Only a policy is scheduled, and only it cannot refuse. */
function beadOf(act: Extract<Act, { kind: "write" }>, now: number, links: Links) {
  const isPolicy = act.line === "own" || act.line === "org";
  const from = isPolicy ? now + act.delay : Number.NEGATIVE_INFINITY;
  const until = act.ttl === null ? Number.POSITIVE_INFINITY : now + act.ttl;
  const end = (field: string) => (act.ttl === null ? {} : { [field]: at(until) });
  const bead = isPolicy
    ? aPolicy({ ...(act.line === "org" ? { scope: "org" } : {}), effective_at: at(from), ...end("expires_at") }, links)
    : act.line === "trust"
      ? aTrust({ status: act.granted ? "APPROVED" : "SUSPENDED", trust_score: act.score / 100, ...end("expiry") }, links)
      : aConsent({ status: act.granted ? "ACTIVE" : "REVOKED", ...end("expires_at") }, links);
  return { bead, entry: { id: bead.id, from, until, granted: isPolicy || act.granted } };
}

test("after any sequence of grants, suspensions, approvals, revocations, schedules and expiries what is active is what a ten-line model says, and the heads move exactly with it", () => {
  fc.assert(
    fc.property(fc.array(ACT, { maxLength: 25 }), (acts) => {
      const { write, state, clock, graph } = aGraph();
      const lines: Record<Line, Entry[]> = { own: [], org: [], trust: [], consent: [] };
      const seen = new Map<string, string>();
      for (const act of acts) {
        if (act.kind === "wait") clock.advance(act.ms);
        else {
          const tip = lines[act.line].at(-1);
          const { bead, entry } = beadOf(act, clock.now(), tip === undefined ? {} : { supersedes: tip.id });
          write(bead);
          lines[act.line].push(entry);
        }
        const expected = model(lines, clock.now());
        const now = state();
        expect([now.policy.beadId, now.trust.beadId, now.consent.beadId]).toEqual(expected.active);
        expect(graph.heads(ROLE, SUBJECT)).toBe(now.headsDigest);
        const heads = canonicalJson(expected.heads);
        expect(seen.get(heads) ?? now.headsDigest).toBe(now.headsDigest);
        seen.set(heads, now.headsDigest);
      }
      expect(new Set(seen.values()).size).toBe(seen.size);
    }),
    { numRuns: 300 },
  );
});
