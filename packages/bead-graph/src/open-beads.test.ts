import { describe, expect, test } from "vitest";
import { aGraph, anAmendment, anEscalation, aPolicy, aTrust, at } from "./testing/builders.ts";

const idsOf = (beads: readonly { readonly id: string }[]): string[] => beads.map(({ id }) => id);

describe("open amendments", () => {
  test("are the proposals that nothing supersedes, newest first, of one target when it is given", () => {
    const { graph, write } = aGraph();
    const trust = aTrust();
    write(trust);
    const first = anAmendment();
    const second = anAmendment({ rationale: "another" });
    const third = anAmendment({ target_id: trust.id, target_type: "trust" });
    for (const bead of [first, second, third]) write(bead);
    expect(graph.openAmendments()).toEqual([third, second, first]);
    expect(idsOf(graph.openAmendments("SPEC-1"))).toEqual([second.id, first.id]);
    expect(idsOf(graph.openAmendments(trust.id))).toEqual([third.id]);
    expect(idsOf(graph.openAmendments("SPEC-1", 1))).toEqual([second.id]);
    expect(graph.openAmendments("SPEC-2")).toEqual([]);
  });

  test.each(["ADOPTED", "REJECTED"])("close when they are %s, and stay closed when that is superseded", (status) => {
    const { graph, write } = aGraph();
    const proposed = anAmendment();
    write(proposed);
    const decided = anAmendment({ status, reviewed_by: "person:ada", reviewed_at: at(5) }, { supersedes: proposed.id });
    write(decided);
    expect(graph.openAmendments()).toEqual([]);
    if (status === "ADOPTED") write(anAmendment({ status: "SUPERSEDED" }, { supersedes: decided.id }));
    write(proposed);
    expect(graph.openAmendments()).toEqual([]);
    expect(idsOf(graph.history({ type: "amendment", subject: "specification:SPEC-1" }))).toContain(proposed.id);
  });

  test("of a write that is undone are not open", () => {
    const { graph, storage } = aGraph();
    expect(() => graph.writeAll([anAmendment(), anAmendment({ status: "ADOPTED" })], "person:ada", "SES-1")).toThrow(/cannot go from nothing/);
    expect(storage.sql.exec("SELECT * FROM open_beads").toArray()).toEqual([]);
  });
});

describe("open escalations", () => {
  test("are those that no later bead resolves; one that is passed on is open once", () => {
    const { graph, write } = aGraph();
    const policy = aPolicy();
    const raised = [anEscalation(policy), anEscalation(policy, { reason: "another" })] as const;
    for (const bead of [policy, ...raised]) write(bead);
    expect(graph.openEscalations()).toEqual([raised[1], raised[0]]);
    const passedOn = anEscalation(policy, { escalated_to: "person:bob" }, { supersedes: raised[0].id });
    write(passedOn);
    expect(idsOf(graph.openEscalations())).toEqual([passedOn.id, raised[1].id]);
    write(anEscalation(policy, { resolved_at: at(5), resolution: "it is fine", resolution_bead_id: policy.id }, { supersedes: passedOn.id }));
    expect(idsOf(graph.openEscalations())).toEqual([raised[1].id]);
  });
});
