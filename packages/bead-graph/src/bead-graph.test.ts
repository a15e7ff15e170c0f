import { migrate } from "@factory/durable";
import { ManualClock, MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import { AUTONOMY, contentId, digestOf, FactoryError, leastAutonomy } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BeadGraph, MAX_CONTENT_CHARS } from "./bead-graph.ts";
import { BEAD_GRAPH_MIGRATIONS } from "./bead-schema.ts";

const ORG = "acme";
const ROLE = "coder";
const SUBJECT = "agent:coder";

function aGraph() {
  const storage = new NodeSqliteStorage();
  migrate(storage, BEAD_GRAPH_MIGRATIONS);
  const clock = new ManualClock();
  const log = new MemoryLog();
  const graph = new BeadGraph({ storage, org: ORG, now: clock.now, log });
  const write = (bead: KnowingStateBead) => graph.write(bead, "person:ada", "SES-1");
  const state = (session: Autonomy = "EXECUTE_FULL") => graph.retrieve(ROLE, SUBJECT, session);
  return { storage, clock, log, graph, write, state };
}

/** A bead with the id that its content has; what it supersedes is among its parents. */
function aBead(
  type: KnowingStateBead["type"],
  content: KnowingStateBead["content"],
  links: { parents?: readonly string[]; supersedes?: string } = {},
): KnowingStateBead {
  const parents = [...(links.parents ?? []), ...(links.supersedes === undefined ? [] : [links.supersedes])];
  return {
    id: contentId("KSB", { kind: type, org: ORG, content, parents }),
    type,
    content,
    parents,
    ...(links.supersedes === undefined ? {} : { supersedes: links.supersedes }),
    writtenBy: "person:ada",
    writtenAt: 1,
  };
}

type Links = Parameters<typeof aBead>[2];
const PAST = "2020-01-01T00:00:00Z";
const at = (ms: number): string => new Date(ms).toISOString();
const aPolicy = (overrides: Record<string, unknown> = {}, links?: Links) =>
  aBead("policy", { scope: `role:${ROLE}`, rules: {}, autonomy: "EXECUTE_FULL", effective_at: PAST, ...overrides }, links);
const aTrust = (overrides: Record<string, unknown> = {}, links?: Links) =>
  aBead(
    "trust",
    { subject_id: SUBJECT, subject_type: "agent", status: "APPROVED", trust_score: 0.95, rationale: "it earned it", evidence_refs: [], ...overrides },
    links,
  );
const aConsent = (overrides: Record<string, unknown> = {}, links?: Links) =>
  aBead("consent", { role_id: ROLE, grants: ["read_file", "write_file"], status: "ACTIVE", granted_by: "person:ada", granted_at: PAST, ...overrides }, links);

function codeOf(fn: () => unknown): string {
  try {
    fn();
  } catch (err) {
    if (err instanceof FactoryError) return err.code;
    throw err;
  }
  return "none";
}

const count = (storage: NodeSqliteStorage): number => storage.sql.exec<{ n: number }>("SELECT count(*) AS n FROM beads").toArray()[0]?.n ?? -1;

describe("writing a bead", () => {
  test("stores it with its parents, edges and an audit bead that says who did what in which session", () => {
    const { graph, storage, write, clock } = aGraph();
    const first = aTrust({ status: "PENDING" });
    write(first);
    const second = aTrust({}, { supersedes: first.id });
    const { auditBeadId } = graph.write(second, "person:bob", "SES-2");
    expect(graph.get(second.id)).toEqual({ ...second, parents: [first.id] });
    expect(graph.get(auditBeadId)).toMatchObject({
      type: "audit",
      content: { audited_bead_id: second.id, audited_type: "trust", action: "SUPERSEDE", actor_id: "person:bob", session_id: "SES-2" },
      parents: [second.id],
      writtenAt: clock.now(),
    });
    const edges = storage.sql.exec<{ rel: string }>("SELECT rel FROM bead_edges WHERE child IN (?, ?) ORDER BY rel", second.id, auditBeadId).toArray();
    expect(edges.map(({ rel }) => rel)).toEqual(["audits", "parent", "parent", "supersedes"]);
  });

  test("an audit bead's id follows from its content", () => {
    const { graph, write } = aGraph();
    const audit = graph.get(write(aPolicy()).auditBeadId);
    expect(audit?.id).toBe(contentId("KSB", { kind: "audit", org: ORG, content: audit?.content, parents: audit?.parents ?? [] }));
  });

  test("a known bead is a no-op that answers with the first audit bead", () => {
    const { storage, write } = aGraph();
    const bead = aPolicy();
    const first = write(bead);
    expect(write({ ...bead, writtenAt: 99, writtenBy: "someone else" })).toEqual(first);
    expect(count(storage)).toBe(2);
  });

  test.each([
    ["a nested rule", (bead: KnowingStateBead) => ({ ...bead, content: { ...bead.content, rules: { spend: { max: 999_999 } } } })],
    ["a parent", (bead: KnowingStateBead) => ({ ...bead, parents: ["x"] })],
    [
      "the type's id of another org",
      (bead: KnowingStateBead) => ({ ...bead, id: contentId("KSB", { kind: bead.type, org: "other", content: bead.content, parents: [] }) }),
    ],
  ])("%s that the id does not say is INTEGRITY", (_, change) => {
    const { storage, write } = aGraph();
    expect(codeOf(() => write(change(aPolicy({ rules: { spend: { max: 1 } } }))))).toBe("INTEGRITY");
    expect(count(storage)).toBe(0);
  });

  test("content that does not fit its type is INVALID_ARGUMENT, a misspelt expiry included", () => {
    const { write } = aGraph();
    expect(codeOf(() => write(aPolicy({ expires: at(1) })))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write(aPolicy({ effective_at: "soon" })))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write(aTrust({ trust_score: 1.1 })))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write(aConsent({ status: "PENDING" })))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write(aBead("execution", { subject_id: SUBJECT, action: "run" })))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write(aBead("wish" as "policy", {})))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write(aBead("audit", { audited_bead_id: "x" })))).toBe("INVALID_ARGUMENT");
  });

  test("content over the limit is TOO_LARGE", () => {
    expect(codeOf(() => aGraph().write(aPolicy({ rules: { text: "x".repeat(MAX_CONTENT_CHARS) } })))).toBe("TOO_LARGE");
  });

  test("a bead that a bead refers to has to exist and be of the right type", () => {
    const { write } = aGraph();
    const policy = aPolicy();
    const trust = aTrust();
    const execution = (overrides: Record<string, unknown> = {}) =>
      aBead(
        "execution",
        {
          subject_id: SUBJECT,
          action: "run",
          autonomy_level: "PROPOSE",
          trust_bead_id: trust.id,
          policy_bead_id: policy.id,
          rationale: "",
          nonce: "1",
          ...overrides,
        },
        { parents: [policy.id, trust.id] },
      );
    expect(codeOf(() => write(execution()))).toBe("INTEGRITY");
    write(policy);
    write(trust);
    expect(codeOf(() => write(execution({ trust_bead_id: policy.id })))).toBe("INTEGRITY");
    const { beadId } = write(execution());
    expect(write(execution()).beadId).toBe(beadId);
    expect(write(execution({ nonce: "2" })).beadId).not.toBe(beadId);
    const outcome = (id: string) =>
      aBead(
        "outcome",
        { execution_bead_id: id, status: "SUCCESS", summary: "", triggers_amendment: false, artifact_graph_trace_id: "ET-1" },
        { parents: [id] },
      );
    expect(codeOf(() => write(outcome(policy.id)))).toBe("INTEGRITY");
    write(outcome(beadId));
  });

  test("an escalation points at what triggered it", () => {
    const { storage, write } = aGraph();
    const policy = aPolicy();
    write(policy);
    const escalation = aBead("escalation", { trigger_bead_id: policy.id, reason: "unclear", escalated_to: "person:ada" });
    write(escalation);
    expect(storage.sql.exec("SELECT parent FROM bead_edges WHERE child = ? AND rel = 'escalates'", escalation.id).toArray()).toEqual([{ parent: policy.id }]);
  });

  test("beads and edges can be neither changed nor deleted, and foreign keys hold in the store", () => {
    const { storage, write } = aGraph();
    write(aPolicy());
    for (const statement of ["UPDATE beads SET content = '{}'", "DELETE FROM beads", "UPDATE bead_edges SET rel = 'parent'", "DELETE FROM bead_edges"]) {
      expect(() => storage.sql.exec(statement)).toThrow(/append-only/);
    }
    expect(() => storage.sql.exec("INSERT INTO bead_edges (child, parent, rel) VALUES ('a', 'b', 'parent')")).toThrow(/FOREIGN KEY/);
  });
});

describe("succession", () => {
  test("a second bead for a governed subject has to supersede the head, once, and only its own kind", () => {
    const { write } = aGraph();
    const first = aTrust();
    write(first);
    expect(codeOf(() => write(aTrust({ trust_score: 1 })))).toBe("STALE_TARGET");
    const second = aTrust({ status: "SUSPENDED" }, { supersedes: first.id });
    write(second);
    expect(codeOf(() => write(aTrust({ trust_score: 1 }, { supersedes: first.id })))).toBe("STALE_TARGET");
    expect(codeOf(() => write(aPolicy({}, { supersedes: second.id })))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write(aTrust({ subject_id: "agent:other" }, { supersedes: second.id })))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write({ ...aTrust({ trust_score: 0.1 }), supersedes: second.id }))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write(aTrust({}, { supersedes: contentId("KSB", { kind: "trust", org: ORG, content: {}, parents: [] }) })))).toBe("INTEGRITY");
  });

  test("an approval after a suspension is another bead than the first approval", () => {
    const { write, state } = aGraph();
    const approved = aTrust();
    const suspended = aTrust({ status: "SUSPENDED" }, { supersedes: approved.id });
    const again = aTrust({}, { supersedes: suspended.id });
    write(approved);
    write(suspended);
    expect(state().trustBeadId).toBeNull();
    write(again);
    expect(state().trustBeadId).toBe(again.id);
  });

  test("a revocation names the grant that it ends", () => {
    const { write } = aGraph();
    const grant = aConsent();
    write(grant);
    expect(
      codeOf(() =>
        write(aConsent({ status: "REVOKED", revokes: contentId("KSB", { kind: "x", org: ORG, content: 0, parents: [] }) }, { supersedes: grant.id })),
      ),
    ).toBe("INVALID_ARGUMENT");
    write(aConsent({ status: "REVOKED", revokes: grant.id }, { supersedes: grant.id }));
  });

  test("an amendment goes from proposed to adopted or rejected, and from adopted to superseded, and two deciders race for one", () => {
    const { write } = aGraph();
    const amendment = (status: string, supersedes?: string) =>
      aBead(
        "amendment",
        { target_id: "SPEC-1", target_type: "specification", proposed_change: { note: "more" }, rationale: "", triggered_by: "DIV-1", status },
        supersedes === undefined ? {} : { supersedes },
      );
    const proposed = amendment("PROPOSED");
    expect(codeOf(() => write(amendment("ADOPTED")))).toBe("FAILED_PRECONDITION");
    write(proposed);
    const adopted = amendment("ADOPTED", proposed.id);
    write(adopted);
    expect(codeOf(() => write(amendment("REJECTED", proposed.id)))).toBe("STALE_TARGET");
    expect(codeOf(() => write(amendment("REJECTED", adopted.id)))).toBe("FAILED_PRECONDITION");
    write(amendment("SUPERSEDED", adopted.id));
  });
});

describe("bootstrap", () => {
  test("writes what is missing once, with audit beads, and leaves what is there alone", () => {
    const { graph, storage, state, write } = aGraph();
    const beads = [aPolicy(), aTrust(), aConsent()];
    expect(graph.bootstrap(beads)).toBe(3);
    expect(count(storage)).toBe(6);
    expect(graph.bootstrap(beads)).toBe(0);
    write(aTrust({ status: "REVOKED" }, { supersedes: beads[1]?.id ?? "" }));
    expect(graph.bootstrap([...beads, aPolicy({ scope: "org" })])).toBe(1);
    expect(state().autonomy).toBe("SUGGEST");
  });

  test("is all or none, and takes nothing but what governs", () => {
    const { graph, storage } = aGraph();
    expect(codeOf(() => graph.bootstrap([aPolicy(), { ...aTrust(), id: aPolicy().id }]))).toBe("INTEGRITY");
    expect(codeOf(() => graph.bootstrap([aBead("escalation", {})]))).toBe("INVALID_ARGUMENT");
    expect(count(storage)).toBe(0);
  });
});

describe("retrieving the knowing-state", () => {
  test("names the beads in force, the grants and the least autonomy, with ids that follow from the heads", () => {
    const { write, state, clock } = aGraph();
    const [policy, trust, consent] = [aPolicy({ autonomy: "EXECUTE_BOUNDED" }), aTrust(), aConsent()];
    for (const bead of [policy, trust, consent]) write(bead);
    const first = state();
    expect(first).toMatchObject({
      policyBeadId: policy.id,
      trustBeadId: trust.id,
      consentBeadId: consent.id,
      grants: ["read_file", "write_file"],
      autonomy: "EXECUTE_BOUNDED",
      retrievedAt: clock.now(),
    });
    expect(first.knowingStateId).toMatch(/^KST-/);
    clock.advance(5);
    expect(state()).toEqual({ ...first, retrievedAt: clock.now() });
    expect(state("PROPOSE")).toMatchObject({ autonomy: "PROPOSE", headsDigest: first.headsDigest });
  });

  test("an empty graph allows nothing", () => {
    expect(aGraph().state()).toMatchObject({ policyBeadId: null, trustBeadId: null, consentBeadId: null, grants: [], autonomy: "SUGGEST" });
  });

  test("a role's policy wins over the organisation's, whichever was written last, until it has expired", () => {
    const { write, state, clock } = aGraph();
    const general = aPolicy({ scope: "org", autonomy: "PROPOSE" });
    for (const bead of [general, aTrust(), aConsent()]) write(bead);
    expect(state()).toMatchObject({ autonomy: "PROPOSE", policyBeadId: general.id });
    const own = aPolicy({ autonomy: "EXECUTE_BOUNDED", expires_at: at(clock.now() + 100) });
    write(own);
    write(aPolicy({ scope: "org", autonomy: "EXECUTE_FULL" }, { supersedes: general.id }));
    expect(state()).toMatchObject({ autonomy: "EXECUTE_BOUNDED", policyBeadId: own.id });
    clock.advance(100);
    expect(state()).toMatchObject({ autonomy: "EXECUTE_FULL" });
  });

  test("a policy that has not taken effect leaves the earlier one in force; an expired one does not fall back to it", () => {
    const { write, state, clock } = aGraph();
    const now = aPolicy({ autonomy: "PROPOSE" });
    const later = aPolicy({ autonomy: "EXECUTE_FULL", effective_at: at(clock.now() + 100), expires_at: at(clock.now() + 200) }, { supersedes: now.id });
    for (const bead of [now, later, aTrust(), aConsent()]) write(bead);
    expect(state()).toMatchObject({ autonomy: "PROPOSE", policyBeadId: now.id });
    clock.advance(100);
    expect(state()).toMatchObject({ autonomy: "EXECUTE_FULL", policyBeadId: later.id });
    clock.advance(100);
    expect(state()).toMatchObject({ autonomy: "SUGGEST", policyBeadId: null });
  });

  test("the heads' digest moves with every write and expiry that concerns it, and with no other", () => {
    const { write, state, clock } = aGraph();
    const trust = aTrust({ expiry: at(clock.now() + 50) });
    for (const bead of [aPolicy(), trust, aConsent()]) write(bead);
    const digests = [state().headsDigest];
    write(aTrust({ subject_id: "agent:other" }));
    write(aPolicy({ scope: "org" }));
    expect(state().headsDigest).toBe(digests[0]);
    clock.advance(50);
    digests.push(state().headsDigest);
    write(aTrust({ status: "REVOKED" }, { supersedes: trust.id }));
    digests.push(state().headsDigest);
    expect(new Set(digests).size).toBe(3);
  });

  test.each([
    ["policy", `role:${ROLE}`],
    ["trust", SUBJECT],
    ["consent", ROLE],
  ])("a %s that cannot be read is SUGGEST, logged, and never passed over", (type, subject) => {
    const { storage, write, state, log } = aGraph();
    for (const bead of [aPolicy({ scope: "org" }), aPolicy(), aTrust(), aConsent()]) write(bead);
    expect(state().autonomy).toBe("EXECUTE_FULL");
    storage.sql.exec(
      "INSERT INTO beads (id, type, subject, supersedes, written_by, written_at, parents, content) SELECT 'damaged', type, subject, id, 'x', 0, '[]', '{' FROM beads WHERE type = ? AND subject = ?",
      type,
      subject,
    );
    expect(state().autonomy).toBe("SUGGEST");
    expect(log.of("knowing-state.head")).toMatchObject([{ outcome: "failed", ids: { type, subject } }]);
  });

  test("every combination of policy, trust, consent and session gives the least of them", () => {
    const trusts = [
      { score: 0.9, gives: "EXECUTE_FULL" },
      { score: 0.7, gives: "EXECUTE_BOUNDED" },
      { score: 0.5, gives: "PROPOSE" },
      { score: 0.49, gives: "SUGGEST" },
    ] as const;
    for (const policy of [...AUTONOMY, null]) {
      for (const trust of [...trusts, null]) {
        for (const consent of [true, false]) {
          const { write, state } = aGraph();
          if (policy !== null) write(aPolicy({ autonomy: policy }));
          if (trust !== null) write(aTrust({ trust_score: trust.score }));
          if (consent) write(aConsent());
          for (const session of AUTONOMY) {
            const complete = policy !== null && trust !== null && consent;
            expect(state(session).autonomy).toBe(complete ? leastAutonomy([policy, trust.gives, session]) : "SUGGEST");
          }
        }
      }
    }
  });

  test("a level that does not exist is SUGGEST", () => {
    const { write, state } = aGraph();
    for (const bead of [aPolicy(), aTrust(), aConsent()]) write(bead);
    expect(state("EVERYTHING" as Autonomy).autonomy).toBe("SUGGEST");
  });
});

/** One act of a person, or time that passes. */
type Act =
  | { readonly kind: "policy" | "trust" | "consent"; readonly on: boolean; readonly level: number; readonly ttl: number | null }
  | { readonly kind: "wait"; readonly ms: number };

test("after any sequence of grants, suspensions, approvals, revocations and expiries the state is what a ten-line model says", () => {
  const scores = [0.1, 0.5, 0.7, 0.9];
  const act: fc.Arbitrary<Act> = fc.oneof(
    fc.record({
      kind: fc.constantFrom("policy" as const, "trust" as const, "consent" as const),
      on: fc.boolean(),
      level: fc.integer({ min: 0, max: 3 }),
      ttl: fc.option(fc.integer({ min: 1, max: 30 })),
    }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 20 }) }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
      const { write, state, clock } = aGraph();
      const last: { policy?: Extract<Act, { on: boolean }> & { at: number; id: string }; trust?: typeof last.policy; consent?: typeof last.policy } = {};
      const digests = new Map<string, string>();
      for (const one of acts) {
        if (one.kind === "wait") clock.advance(one.ms);
        else {
          const head = last[one.kind];
          const expiry = one.ttl === null ? {} : { [one.kind === "trust" ? "expiry" : "expires_at"]: at(clock.now() + one.ttl) };
          const links = head === undefined ? {} : { supersedes: head.id };
          const bead =
            one.kind === "policy"
              ? aPolicy({ autonomy: AUTONOMY[one.level], ...(one.on ? {} : { expires_at: PAST }), ...(one.on ? expiry : {}) }, links)
              : one.kind === "trust"
                ? aTrust({ status: one.on ? "APPROVED" : one.level % 2 === 0 ? "SUSPENDED" : "REVOKED", trust_score: scores[one.level], ...expiry }, links)
                : aConsent({ status: one.on ? "ACTIVE" : "REVOKED", grants: [`tool-${one.level}`], ...expiry }, links);
          write(bead);
          last[one.kind] = { ...one, at: clock.now(), id: bead.id };
        }
        // The model.
        const active = (kind: "policy" | "trust" | "consent") => {
          const head = last[kind];
          return head?.on === true && (head.ttl === null || clock.now() < head.at + head.ttl) ? head : undefined;
        };
        const [policy, trust, consent] = [active("policy"), active("trust"), active("consent")];
        const levels = [policy?.level ?? 0, trust?.level ?? 0, consent === undefined ? 0 : 3];
        const now = state();
        expect(now.autonomy).toBe(AUTONOMY[Math.min(...levels)]);
        expect([now.policyBeadId, now.trustBeadId, now.consentBeadId]).toEqual([policy, trust, consent].map((head) => head?.id ?? null));
        expect(now.grants).toEqual(consent === undefined ? [] : [`tool-${consent.level}`]);
        const heads = digestOf([
          last.policy?.id ?? null,
          last.trust?.id ?? null,
          last.consent?.id ?? null,
          now.policyBeadId,
          now.trustBeadId,
          now.consentBeadId,
        ]);
        expect(digests.get(now.headsDigest) ?? heads).toBe(heads);
        digests.set(now.headsDigest, heads);
      }
    }),
    { numRuns: 150 },
  );
});
