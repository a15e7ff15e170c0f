/** The numbered defects of the earlier bead graph, each made impossible. 20 is of its artifact routes, which this package has none of. */
import { AUTONOMY, contentId } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { knowingStateOf } from "./knowing-state.ts";
import { aBead, aConsent, aGraph, anAmendment, anExecution, aPolicy, aTrust, at, codeOf, count, ORG, PAST, ROLE, SUBJECT } from "./testing/builders.ts";

function governed() {
  const world = aGraph();
  const [policy, trust, consent] = [aPolicy(), aTrust(), aConsent()];
  for (const bead of [policy, trust, consent]) world.write(bead);
  return { ...world, policy, trust, consent };
}

describe("defect", () => {
  test("13: no bead is written whose content does not fit its type", () => {
    const { write, storage } = aGraph();
    const types = ["policy", "trust", "execution", "outcome", "amendment", "consent", "escalation"] as const;
    for (const type of types) expect([type, codeOf(() => write(aBead(type, { anything: 1 })))]).toEqual([type, "INVALID_ARGUMENT"]);
    expect(count(storage)).toBe(0);
  });

  test("14: two policies that differ only in a nested rule are two beads, and neither is lost", () => {
    const { write, graph } = aGraph();
    const first = aPolicy({ rules: { spend: { max: 1 } } });
    const second = aPolicy({ rules: { spend: { max: 999_999 } } }, { supersedes: first.id });
    const alone = aPolicy({ rules: { spend: { max: 999_999 } } });
    expect(alone.id).not.toBe(first.id);
    write(first);
    write(second);
    expect(graph.get(first.id)?.content).toMatchObject({ rules: { spend: { max: 1 } } });
    expect(graph.get(second.id)?.content).toMatchObject({ rules: { spend: { max: 999_999 } } });
  });

  test("15: two executions of the same action are two beads, and a retry of one is one", () => {
    const { write, policy, trust, graph } = governed();
    const ids = ["1", "2", "1"].map((nonce) => write(anExecution(policy, trust, { nonce })).beadId);
    expect(ids[1]).not.toBe(ids[0]);
    expect(ids[2]).toBe(ids[0]);
    expect(graph.history({ type: "execution", subject: SUBJECT })).toHaveLength(2);
  });

  test("16: every id is recomputed before it is stored, that of the audit bead too", () => {
    const { write, graph, policy } = governed();
    expect(codeOf(() => write({ ...aTrust(), id: policy.id, type: "trust" }))).toBe("INTEGRITY");
    const [audit] = graph.history({ type: "audit", subject: policy.id });
    expect(audit?.id).toBe(contentId("KSB", { kind: "audit", org: ORG, content: audit?.content, parents: audit?.parents ?? [] }));
  });

  test("17: superseding writes its edge, and what is superseded is a head no more", () => {
    const { write, storage, policy, state } = governed();
    const next = aPolicy({ autonomy: "PROPOSE" }, { supersedes: policy.id });
    write(next);
    expect(storage.sql.exec("SELECT child, parent FROM bead_edges WHERE rel = 'supersedes'").toArray()).toEqual([{ child: next.id, parent: policy.id }]);
    expect(state().policy.beadId).toBe(next.id);
  });

  test.each([
    ["a suspended trust", (world: ReturnType<typeof governed>) => aTrust({ status: "SUSPENDED" }, { supersedes: world.trust.id })],
    ["a revoked trust", (world: ReturnType<typeof governed>) => aTrust({ status: "REVOKED" }, { supersedes: world.trust.id })],
    ["an expired trust", (world: ReturnType<typeof governed>) => aTrust({ expiry: PAST }, { supersedes: world.trust.id })],
    ["a revoked consent", (world: ReturnType<typeof governed>) => aConsent({ status: "REVOKED", revokes: world.consent.id }, { supersedes: world.consent.id })],
    ["an expired consent", (world: ReturnType<typeof governed>) => aConsent({ expires_at: PAST }, { supersedes: world.consent.id })],
  ])("18: %s never falls back to the grant before it", (_, next) => {
    const world = governed();
    expect(world.state().autonomy).toBe("EXECUTE_FULL");
    world.write(next(world));
    expect(world.state().autonomy).toBe("SUGGEST");
  });

  test("19: an amendment that is decided is open no more", () => {
    const { write, graph } = aGraph();
    const proposed = anAmendment();
    write(proposed);
    expect(graph.openAmendments()).toHaveLength(1);
    write(anAmendment({ status: "ADOPTED" }, { supersedes: proposed.id }));
    expect(graph.openAmendments()).toEqual([]);
  });

  test("21: a state from a kept snapshot is stamped with its own retrieval and may be executed on", () => {
    const { graph, write, clock, policy, trust } = governed();
    const kept = graph.snapshot(ROLE, SUBJECT);
    clock.advance(60_000);
    const { retrievedAt, headsDigest, autonomy } = knowingStateOf(kept, "EXECUTE_FULL", ORG, clock.now());
    expect(retrievedAt).toBe(clock.now());
    expect(codeOf(() => write(anExecution(policy, trust, { autonomy_level: autonomy }), { role: ROLE, subjectId: SUBJECT, headsDigest }))).toBe("none");
  });

  test("22: no level above what governs is written, whichever it is, and every level up to it is", () => {
    for (const [ceiling, governs] of AUTONOMY.entries()) {
      const { write, fence } = aGraph();
      const [policy, trust] = [aPolicy({ autonomy: governs }), aTrust()];
      for (const bead of [policy, trust, aConsent()]) write(bead);
      for (const [level, autonomy_level] of AUTONOMY.entries()) {
        const code = level <= ceiling ? "none" : "GOVERNANCE_VIOLATION";
        expect(codeOf(() => write(anExecution(policy, trust, { autonomy_level, nonce: "fenced" }), fence()))).toBe(code);
        expect(codeOf(() => write(anExecution(policy, trust, { autonomy_level, nonce: "alone" })))).toBe(code);
      }
    }
  });

  test("22: a consent that is not in force bounds an execution too", () => {
    const { write, fence, policy, trust, consent } = governed();
    write(aConsent({ status: "REVOKED" }, { supersedes: consent.id }));
    expect(codeOf(() => write(anExecution(policy, trust), fence()))).toBe("GOVERNANCE_VIOLATION");
    expect(codeOf(() => write(anExecution(policy, trust, { autonomy_level: "SUGGEST" }), fence()))).toBe("none");
  });

  test.each(["policy", "trust", "consent"])("23: without a %s the autonomy is SUGGEST", (missing) => {
    const { write, state } = aGraph();
    for (const bead of [aPolicy(), aTrust(), aConsent()].filter(({ type }) => type !== missing)) write(bead);
    expect(state()).toMatchObject({ autonomy: "SUGGEST", [missing]: { standing: "missing" } });
  });

  test("24: every write of policy, trust or consent gives the snapshot another key, so that no kept one is found", () => {
    const { write, graph, policy, trust, consent, clock } = governed();
    const keys = [graph.heads(ROLE, SUBJECT)];
    const changes = [
      aPolicy({ effective_at: at(clock.now() + 9_999) }, { supersedes: policy.id }),
      aTrust({ rationale: "reviewed" }, { supersedes: trust.id }),
      aConsent({ granted_by: "person:bob" }, { supersedes: consent.id }),
    ];
    for (const bead of changes) {
      write(bead);
      keys.push(graph.heads(ROLE, SUBJECT));
    }
    expect(new Set(keys).size).toBe(4);
  });
});
