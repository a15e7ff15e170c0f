import { contentId } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { MAX_BEADS_PER_WRITE, MAX_CONTENT_CHARS } from "./bead-graph.ts";
import { aBead, aConsent, aGraph, anAmendment, anEscalation, anExecution, aPolicy, aTrust, at, codeOf, count, ORG, SUBJECT } from "./testing/builders.ts";

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
    expect(codeOf(() => write(aBead("execution", { subject_id: SUBJECT, action: "triage" })))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write(aBead("wish" as "policy", {})))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => write(aBead("audit", { audited_bead_id: "x" })))).toBe("INVALID_ARGUMENT");
  });

  test("content over the limit is TOO_LARGE", () => {
    expect(codeOf(() => aGraph().write(aPolicy({ rules: { text: "x".repeat(MAX_CONTENT_CHARS) } })))).toBe("TOO_LARGE");
  });

  test("a bead that a bead refers to has to exist and be of the right type", () => {
    const { write } = aGraph();
    const [policy, trust] = [aPolicy(), aTrust()];
    expect(codeOf(() => write(anExecution(policy, trust)))).toBe("INTEGRITY");
    write(policy);
    write(trust);
    expect(codeOf(() => write(anExecution(policy, trust, { trust_bead_id: policy.id })))).toBe("INTEGRITY");
    const { beadId } = write(anExecution(policy, trust));
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
    const escalation = anEscalation(policy);
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
    expect(state().trust).toMatchObject({ beadId: null, standing: "inactive" });
    write(again);
    expect(state().trust.beadId).toBe(again.id);
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

  test("a grant revokes nothing", () => {
    const { write } = aGraph();
    const grant = aConsent();
    write(grant);
    expect(codeOf(() => write(aConsent({ revokes: grant.id }, { supersedes: grant.id })))).toBe("INVALID_ARGUMENT");
  });

  test("an amendment goes from proposed to adopted or rejected, and from adopted to superseded, and two deciders race for one", () => {
    const { write } = aGraph();
    const step = (status: string, supersedes: string) => anAmendment({ status }, { supersedes });
    const proposed = anAmendment();
    expect(codeOf(() => write(anAmendment({ status: "ADOPTED" })))).toBe("FAILED_PRECONDITION");
    write(proposed);
    const adopted = step("ADOPTED", proposed.id);
    write(adopted);
    expect(codeOf(() => write(step("REJECTED", proposed.id)))).toBe("STALE_TARGET");
    expect(codeOf(() => write(step("REJECTED", adopted.id)))).toBe("FAILED_PRECONDITION");
    write(step("SUPERSEDED", adopted.id));
  });

  test("an escalation begins open, is passed on or resolved by the next bead of its line, and does not come back", () => {
    const { write } = aGraph();
    const policy = aPolicy();
    write(policy);
    const resolved = { resolved_at: at(5), resolution: "it is fine" };
    expect(codeOf(() => write(anEscalation(policy, resolved)))).toBe("FAILED_PRECONDITION");
    expect(codeOf(() => write(anEscalation(policy, { resolution: "it is fine" })))).toBe("INVALID_ARGUMENT");
    const first = anEscalation(policy);
    write(first);
    const passedOn = anEscalation(policy, { escalated_to: "person:bob" }, { supersedes: first.id });
    write(passedOn);
    expect(codeOf(() => write(anEscalation(policy, resolved, { supersedes: first.id })))).toBe("STALE_TARGET");
    const answer = anEscalation(policy, resolved, { supersedes: passedOn.id });
    write(answer);
    expect(codeOf(() => write(anEscalation(policy, {}, { supersedes: answer.id })))).toBe("FAILED_PRECONDITION");
  });

  test("the audit says whether an escalation was raised or resolved", () => {
    const { graph, write } = aGraph();
    const policy = aPolicy();
    write(policy);
    const raised = anEscalation(policy);
    const actionOf = (bead: KnowingStateBead) => graph.get(write(bead).auditBeadId)?.content["action"];
    expect(actionOf(raised)).toBe("ESCALATE");
    expect(actionOf(anEscalation(policy, { resolved_at: at(5) }, { supersedes: raised.id }))).toBe("SUPERSEDE");
  });

  test("a line holds a bounded number of policies that have not taken effect, and one that does frees it", () => {
    const { write, clock } = aGraph();
    let last = write(aPolicy()).beadId;
    const later = (n: number) => aPolicy({ rules: { n }, effective_at: at(clock.now() + 1_000) }, { supersedes: last });
    for (let n = 0; n < 32; n++) last = write(later(n)).beadId;
    expect(codeOf(() => write(later(32)))).toBe("FAILED_PRECONDITION");
    last = write(aPolicy({ rules: { now: true } }, { supersedes: last })).beadId;
    expect(codeOf(() => write(later(33)))).toBe("none");
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
    expect(codeOf(() => graph.bootstrap([anEscalation(aPolicy())]))).toBe("INVALID_ARGUMENT");
    expect(count(storage)).toBe(0);
  });
});

describe("writing several beads", () => {
  test("keeps their order, so that a later one may supersede an earlier one, and a repeat changes nothing", () => {
    const { graph, storage } = aGraph();
    const first = aTrust();
    const second = aTrust({ trust_score: 0.5 }, { supersedes: first.id });
    const beads = [aPolicy(), first, second];
    const written = graph.writeAll(beads, "person:ada", "SES-1");
    expect(written.map(({ beadId }) => beadId)).toEqual(beads.map(({ id }) => id));
    expect(graph.get(written[2]?.auditBeadId ?? "")).toMatchObject({ content: { action: "SUPERSEDE", actor_id: "person:ada" } });
    expect(graph.writeAll(beads, "person:ada", "SES-1")).toEqual(written);
    expect(count(storage)).toBe(6);
    expect(graph.writeAll([], "person:ada", "SES-1")).toEqual([]);
  });

  test.each([
    ["a wrong id", () => ({ ...aConsent(), id: aPolicy().id }), "INTEGRITY"],
    ["a stale target", () => aTrust({ trust_score: 1 }), "STALE_TARGET"],
    ["a step that does not exist", () => anAmendment({ status: "ADOPTED" }), "FAILED_PRECONDITION"],
  ])("%s in the last one leaves none of them", (_, last, code) => {
    const { graph, storage } = aGraph();
    expect(codeOf(() => graph.writeAll([aPolicy(), aTrust(), last()], "person:ada", "SES-1"))).toBe(code);
    expect(count(storage)).toBe(0);
  });

  test("more than the limit is TOO_LARGE", () => {
    const { graph } = aGraph();
    const beads = Array.from({ length: MAX_BEADS_PER_WRITE + 1 }, (_, n) => anAmendment({ rationale: String(n) }));
    expect(codeOf(() => graph.writeAll(beads, "person:ada", "SES-1"))).toBe("TOO_LARGE");
    expect(graph.writeAll(beads.slice(1), "person:ada", "SES-1")).toHaveLength(MAX_BEADS_PER_WRITE);
  });
});
