import { describe, expect, test } from "vitest";
import { MAX_SCHEDULED } from "@factory/bead-graph";
import { artifactNode, claimNodeId } from "@factory/schemas";
import { knowingStateBead } from "./index.ts";
import type { AdoptionSubject, VerifierCheck } from "./index.ts";
import { AGENT, ORG, PROTOCOL, ROLE, wardAdoption, wardProposal } from "./testing/ward.ts";
import { adoptionOf, World } from "./testing/world.ts";

const policyOf = (world: World) => world.beads.tip({ type: "policy", subject: `role:${ROLE}` });
const trustOf = (world: World) => world.beads.tip({ type: "trust", subject: AGENT });
const amendmentsOf = (world: World) =>
  (world.state()["beads"] ?? []).filter(({ type }) => type === "amendment").map(({ content }): string => JSON.parse(String(content)).status);
const trustChange = (score: number) => ({ amendmentScope: "none", knowingState: { target: "trust" as const, subjectId: AGENT, score } });

/** Supersedes the head of the policy or the trust, as a person would. */
function move(world: World, head: ReturnType<typeof policyOf>, change: { readonly [field: string]: unknown }): void {
  if (head === null) throw new Error("There is nothing to move.");
  const moved = knowingStateBead({ type: head.type, content: { ...head.content, ...change }, parents: [head.id], supersedes: head.id, writtenAt: 0 }, ORG);
  world.beads.write(moved, "matron", "KSS-0");
}

describe("BP5, adopted", () => {
  test("the successor has the amended claim and the others, and is in force at once", async () => {
    const world = new World();
    const adoption = await world.adopted(await world.proposed());
    const id = adoption.successor?.specificationId ?? "";
    expect(adoption).toMatchObject({ outcome: "adopted", successor: { claims: [{ claimId: "C-1" }, { claimId: "C-2" }] } });
    expect(world.graph.get(claimNodeId(id, "C-1"))?.data["text"]).toBe("Chest pain is seen within a minute.");
    expect(world.graph.get(claimNodeId(id, "C-2"))?.data["text"]).toBe("Nobody waits an hour.");
    expect(world.graph.edgesOf(id).out).toMatchObject([
      { rel: "version_of", target: world.specificationId },
      { rel: "composed_of", target: claimNodeId(id, "C-1") },
      { rel: "composed_of", target: claimNodeId(id, "C-2") },
    ]);
    expect(world.graph.activeSpecification(PROTOCOL)?.id).toBe(id);
  });

  test("the verdict has its reviewer and authority, and why leads from the successor to the outcome that asked for it", async () => {
    const world = new World();
    const proposal = await world.proposed();
    const adoption = await world.bridge().adoptAmendment(adoptionOf(proposal, { id: "person:matron", authority: "person" }), wardAdoption());
    expect(world.graph.get(adoption.verdictId)?.data).toMatchObject({ outcome: "favorable", decidedBy: "person:matron", authority: "person", failed: [] });
    expect(world.beads.get(adoption.amendmentBeadId)?.content).toMatchObject({ status: "ADOPTED", reviewed_by: "person:matron" });
    const why = world.graph.why(adoption.successor?.specificationId ?? "").nodes.map(({ type }) => type);
    expect(why).toEqual(expect.arrayContaining(["Amendment", "Hypothesis", "Divergence", "ExecutionTrace", "Execution"]));
  });

  test("the elucidation keeps the options that lost, each with its reason, and what was decided when", async () => {
    const world = new World();
    const adoption = await world.adopted(await world.proposed());
    const id = adoption.elucidationId ?? "";
    expect(world.graph.get(id)?.data).toMatchObject({
      selectedOption: "Chest pain is seen within a minute.",
      rejectedOptions: [{ option: "leave the protocol as it is", reason: "Another patient would wait." }],
      assumptions: [expect.stringContaining(world.specificationId), "The clock was right."],
    });
    const { out } = world.graph.edgesOf(id);
    expect(out.map(({ rel, target }) => [rel, world.graph.get(target)?.type])).toEqual([
      ["produced_at", "DispositionEvent"],
      ["records_candidate_set", "CandidateSet"],
      ["records_selected_option", "Specification"],
    ]);
  });

  test("the policy keeps its subject and everything it said, and a sentence is added (defect 33)", async () => {
    const world = new World();
    const before = policyOf(world);
    const { knowingStateBeadId } = await world.adopted(await world.proposed());
    const after = policyOf(world);
    expect(after).toMatchObject({ id: knowingStateBeadId, supersedes: before?.id });
    expect(after?.content).toEqual({
      ...before?.content,
      rules: { visits: "own ward", guidance: [{ from: expect.stringMatching(/^AMD-/), text: "Remember: Chest pain is seen within a minute." }] },
    });
  });

  test("a sentence that the policy has already is not added again", async () => {
    const world = new World();
    const first = await world.adopted(await world.proposed());
    world.specificationId = first.successor?.specificationId ?? "";
    const head = policyOf(world)?.id;
    expect(await world.adopted(await world.proposed({}, { occasion: "again" }))).toMatchObject({ outcome: "adopted", knowingStateBeadId: null });
    expect(policyOf(world)?.id).toBe(head);
  });

  test("a policy that can take no further change keeps its head, and the specification is in force all the same", async () => {
    const world = new World();
    const proposal = await world.proposed();
    for (let day = 1; day <= MAX_SCHEDULED; day++) move(world, policyOf(world), { effective_at: new Date(Date.UTC(2100, 0, day)).toISOString() });
    const head = policyOf(world)?.id;
    const adoption = await world.adopted(proposal);
    expect(adoption).toMatchObject({ outcome: "adopted", knowingStateBeadId: null, knowingStateRefusal: expect.stringContaining("FAILED_PRECONDITION") });
    expect(policyOf(world)?.id).toBe(head);
    expect(world.graph.activeSpecification(PROTOCOL)?.id).toBe(adoption.successor?.specificationId);
    expect(world.beads.get(adoption.amendmentBeadId)?.content).toMatchObject({ status: "ADOPTED" });
    expect(await world.adopted(proposal)).toEqual(adoption);
  });

  test("for a role without a policy the organisation's is changed, so nothing escapes what it says later", async () => {
    const world = new World();
    const org = knowingStateBead({ type: "policy", content: { ...policyOf(world)?.content, scope: "org" }, parents: [], writtenAt: 0 }, ORG);
    world.beads.write(org, "matron", "KSS-0");
    const knowingState = { target: "policy" as const, scope: "role:porter", guidance: "Ask first." };
    await world.adopted(await world.proposed({ hypothesis: { knowingState } }));
    expect(world.beads.tip({ type: "policy", subject: "role:porter" })).toBeNull();
    expect(world.beads.tip({ type: "policy", subject: "org" })?.content).toMatchObject({ rules: { guidance: [{ text: "Ask first." }] } });
  });

  test("adopting a trust that was proposed lower lowers it, and nothing is APPROVED with 1.0 for being adopted (defect 32)", async () => {
    const world = new World();
    const before = trustOf(world);
    const adoption = await world.adopted(await world.proposed({ hypothesis: trustChange(0.5) }));
    expect(adoption).toMatchObject({ outcome: "adopted", successor: null, elucidationId: expect.stringMatching(/^ELC-/) });
    expect(trustOf(world)?.content).toMatchObject({
      ...before?.content,
      trust_score: 0.5,
      rationale: expect.any(String),
      evidence_refs: [expect.stringMatching(/^AMD-/)],
    });
    expect(world.beads.get(adoption.amendmentBeadId)?.content).toMatchObject({ status: "ADOPTED", if_adopted_produces: adoption.knowingStateBeadId });
    expect(world.graph.activeSpecification(PROTOCOL)?.id).toBe(world.specificationId);
  });

  test("a trust that was proposed higher is raised by a person's decision only, and never above the proposal", async () => {
    const ruled = new World();
    await ruled.adopted(await ruled.proposed({ hypothesis: trustChange(0.95) }));
    expect(trustOf(ruled)?.content["trust_score"]).toBe(0.8);
    const decided = new World();
    const proposal = await decided.proposed({ hypothesis: trustChange(0.85) });
    await decided.bridge().adoptAmendment(adoptionOf(proposal, { id: "person:matron", authority: "person" }), wardAdoption());
    expect(trustOf(decided)?.content["trust_score"]).toBe(0.85);
  });

  test("when what an amendment produced is succeeded, the amendment is SUPERSEDED", async () => {
    const world = new World();
    const first = await world.adopted(await world.proposed());
    world.specificationId = first.successor?.specificationId ?? "";
    await world.adopted(await world.proposed({ text: "Chest pain is seen by two nurses." }));
    expect(amendmentsOf(world).sort()).toEqual(["ADOPTED", "ADOPTED", "PROPOSED", "PROPOSED", "SUPERSEDED"]);
    const line = world.beads.history({
      type: "amendment",
      subject: `specification:${first.successor === null ? "" : (world.graph.edgesOf(first.successor.specificationId).out[0]?.target ?? "")}`,
    });
    expect(line.map(({ content }) => content["status"])).toEqual(["SUPERSEDED", "ADOPTED", "PROPOSED"]);
  });
});

describe("BP5, not adopted", () => {
  test.each<[string, readonly VerifierCheck[]]>([
    [
      "a check that failed",
      [
        { check: "matron", outcome: "passed", detail: "" },
        { check: "doctor", outcome: "failed", detail: "no" },
      ],
    ],
    [
      "a check that nobody could score",
      [
        { check: "matron", outcome: "passed", detail: "" },
        { check: "doctor", outcome: "unscored", detail: "away" },
      ],
    ],
    ["nothing that was looked at", []],
  ])("%s rejects, in both graphs, and no head moves", async (_, checks) => {
    const world = new World();
    const proposal = await world.proposed();
    const heads = [policyOf(world)?.id, trustOf(world)?.id, world.beads.heads(ROLE, AGENT)];
    const adoption = await world.adopted(proposal, wardAdoption(checks));
    expect(adoption).toMatchObject({ outcome: "rejected", successor: null, elucidationId: null, knowingStateBeadId: null });
    expect(world.graph.get(adoption.verdictId)?.data).toMatchObject({ outcome: "unfavorable", failed: [checks[1]?.check ?? "verified"] });
    expect(world.graph.edgesOf(proposal.amendment.amendmentId).out.map(({ rel }) => rel)).toContain("subject_to");
    expect(world.beads.get(adoption.amendmentBeadId)?.content).toMatchObject({ status: "REJECTED", reviewed_by: "policy:verifier" });
    expect([policyOf(world)?.id, trustOf(world)?.id, world.beads.heads(ROLE, AGENT)]).toEqual(heads);
    expect(world.graph.edgesOf(world.specificationId).in.filter(({ rel }) => rel === "version_of")).toEqual([]);
    expect(world.graph.hypotheses({ status: "rejected" })).toHaveLength(1);
  });

  test("the verifier is run by the bridge, on what the graphs have: nobody can bring a result or a change of their own (defect 35)", async () => {
    const world = new World();
    const proposal = await world.proposed();
    const forged = { ...proposal.amendment, change: { claimId: "C-2", text: "Everybody waits." }, checks: [{ check: "matron", outcome: "passed" }] };
    const seen: AdoptionSubject[] = [];
    const domain = wardAdoption();
    await world.bridge().adoptAmendment(
      { ...adoptionOf({ amendment: forged }), ...forged },
      {
        ...domain,
        verify: async (subject) => {
          seen.push(subject);
          return domain.verify(subject);
        },
      },
    );
    expect(seen).toMatchObject([{ change: { claimId: "C-1" }, target: { id: world.specificationId }, claims: [{ type: "Claim" }, { type: "Claim" }] }]);
    expect(world.graph.activeSpecification(PROTOCOL)?.data["version"]).toBe(2);
  });

  test("a specification that was succeeded before makes the amendment stale, without asking the verifier", async () => {
    const world = new World();
    const late = await world.proposed();
    await world.adopted(await world.proposed({ text: "Chest pain is seen by two nurses." }));
    const adoption = await world.adopted(late, {
      ...wardAdoption(),
      verify: async () => {
        throw new Error("nobody asks");
      },
    });
    expect(adoption).toMatchObject({ outcome: "stale", checks: [{ check: "target-current", outcome: "failed" }], successor: null });
    expect(world.graph.get(adoption.verdictId)?.data).toMatchObject({ outcome: "unfavorable", failed: ["target-current"] });
    expect(world.beads.get(adoption.amendmentBeadId)?.content["status"]).toBe("REJECTED");
  });

  test("an amendment that the artifact graph has a verification of is not decided again, although its bead is still PROPOSED (defect 34)", async () => {
    const world = new World();
    const proposal = await world.proposed();
    const { amendmentId } = proposal.amendment;
    const process = artifactNode("VP", "VerificationProcess", ORG, { by: "another host" }, [amendmentId]);
    world.graph.append([process], [{ source: amendmentId, rel: "subject_to", target: process.id }]);
    const before = world.state();
    await expect(world.adopted(proposal)).rejects.toThrow(/is decided; only a proposed amendment is adopted/);
    expect(world.state()).toEqual(before);
  });

  test("an amendment that another host has decided is not decided again, and nothing is written", async () => {
    const world = new World();
    const proposal = await world.proposed();
    await world.adopted(proposal);
    world.forget();
    const before = world.state();
    await expect(world.adopted(proposal)).rejects.toThrow(/only a proposed amendment is adopted/);
    expect(world.state()).toEqual(before);
  });

  test("an amendment whose bead is decided is not decided again, whichever of its beads is brought (defect 34)", async () => {
    const world = new World();
    const proposal = await world.proposed();
    const { beadId } = proposal.amendment;
    const content = { ...world.beads.get(beadId)?.content, status: "REJECTED" };
    const rejected = knowingStateBead({ type: "amendment", content, parents: [beadId], supersedes: beadId, writtenAt: 0 }, ORG);
    world.beads.write(rejected, "matron", "KSS-0");
    const before = world.state();
    await expect(world.adopted(proposal)).rejects.toThrow(/REJECTED; only a proposed amendment is adopted/);
    await expect(world.bridge().adoptAmendment({ ...adoptionOf(proposal), amendmentBeadId: rejected.id }, wardAdoption())).rejects.toThrow(/is REJECTED/);
    expect(world.state()).toEqual(before);
  });

  test("a bead of another amendment is refused", async () => {
    const world = new World();
    const one = await world.proposed();
    const other = await world.proposed({ text: "Chest pain is seen by two nurses." });
    const mixed = { ...adoptionOf(one), amendmentBeadId: other.amendment.beadId };
    await expect(world.bridge().adoptAmendment(mixed, wardAdoption())).rejects.toThrow(/no bead of the amendment/);
  });
});

describe("BP5, while something moves", () => {
  test("another amendment of the specification is adopted between the decision and the write: stale, formed again, adopted (defect 34)", async () => {
    const world = new World();
    const early = await world.proposed({ text: "Chest pain is seen by two nurses." });
    const late = await world.proposed();
    world.before = (call) => {
      if (call === "append") world.before = () => undefined;
      if (call === "append") throw new Error("the line is dead");
    };
    await expect(world.adopted(late)).rejects.toMatchObject({ name: "RetryableError" });
    const first = await world.adopted(early);
    const policy = policyOf(world)?.id;
    const stale = await world.adopted(late);
    expect(stale).toMatchObject({ outcome: "stale", successor: null });
    expect(policyOf(world)?.id).toBe(policy);
    expect(world.graph.activeSpecification(PROTOCOL)?.id).toBe(first.successor?.specificationId);
    expect(await world.adopted(late)).toEqual(stale);
    world.specificationId = first.successor?.specificationId ?? "";
    const reformed = await world.adopted(await world.proposed({}, { occasion: `stale:${world.specificationId}` }));
    expect(reformed.outcome).toBe("adopted");
    expect(world.graph.activeSpecification(PROTOCOL)?.data["version"]).toBe(3);
  });

  test("the policy moves between the decision and the write: the sentence is added to the new head, whose autonomy stays", async () => {
    const world = new World();
    const proposal = await world.proposed();
    world.before = (call) => {
      if (call !== "write") return;
      world.before = () => undefined;
      move(world, policyOf(world), { autonomy: "PROPOSE", rules: { visits: "both wards" } });
    };
    const adoption = await world.adopted(proposal);
    expect(policyOf(world)).toMatchObject({
      id: adoption.knowingStateBeadId,
      content: { autonomy: "PROPOSE", rules: { visits: "both wards", guidance: [{ text: "Remember: Chest pain is seen within a minute." }] } },
    });
  });

  test.each([
    [0.6, 0.6],
    [0.9, 0.75],
  ])("the trust moves to %d between the decision and the write: the lesser of it and the proposal holds", async (moved, expected) => {
    const world = new World();
    const proposal = await world.proposed({ hypothesis: trustChange(0.75) });
    world.before = (call) => {
      if (call !== "write") return;
      world.before = () => undefined;
      move(world, trustOf(world), { trust_score: moved });
    };
    await world.adopted(proposal);
    expect(trustOf(world)?.content["trust_score"]).toBe(expected);
  });

  test("a trust that was suspended meanwhile stays suspended", async () => {
    const world = new World();
    const proposal = await world.proposed({ hypothesis: trustChange(0.75) });
    move(world, trustOf(world), { status: "SUSPENDED" });
    await world.adopted(proposal);
    expect(trustOf(world)?.content).toMatchObject({ status: "SUSPENDED", trust_score: 0.75 });
  });

  test("what was formed again is formed once, although the object stops after it", async () => {
    const world = new World();
    const proposal = await world.proposed();
    let writes = 0;
    world.before = (call) => {
      if (call !== "write") return;
      writes += 1;
      if (writes === 1) move(world, policyOf(world), { autonomy: "PROPOSE" });
      if (writes === 3) throw new Error("the line is dead");
    };
    await expect(world.adopted(proposal)).rejects.toMatchObject({ name: "RetryableError" });
    const adoption = await world.adopted(proposal);
    expect(policyOf(world)).toMatchObject({ id: adoption.knowingStateBeadId, content: { rules: { guidance: [{ text: expect.any(String) }] } } });
    expect(amendmentsOf(world)).toEqual(expect.arrayContaining(["PROPOSED", "ADOPTED"]));
  });

  test("a repeat is answered from the journal without asking a graph", async () => {
    const world = new World();
    const proposal = await world.proposed();
    const adoption = await world.adopted(proposal);
    const before = world.state();
    const { calls } = world;
    expect(await world.adopted(proposal, wardAdoption([]))).toEqual(adoption);
    expect([world.state(), world.calls]).toEqual([before, calls]);
  });
});

describe("BP6", () => {
  test("the adopted specification and its elucidation enter another graph, once", async () => {
    const world = new World();
    const { successor, elucidationId } = await world.adopted(await world.proposed());
    const request = { specificationId: successor?.specificationId ?? "", elucidationId: elucidationId ?? "" };
    const other = world.otherGraph();
    const target = { append: async (...call: Parameters<typeof other.append>) => ({ ok: true as const, written: other.append(...call) }) };
    await world.bridge().ingest(request, target);
    await world.bridge().ingest(request, target);
    expect(other.edgesOf(request.elucidationId).out).toMatchObject([{ rel: "records_selected_option", target: request.specificationId }]);
    expect(other.byType("Specification", 10)).toHaveLength(1);
  });

  test("a graph that does not answer is asked again later", async () => {
    const world = new World();
    const { successor, elucidationId } = await world.adopted(await world.proposed());
    const request = { specificationId: successor?.specificationId ?? "", elucidationId: elucidationId ?? "" };
    const dead = { append: async () => Promise.reject(new Error("the line is dead")) };
    const busy = { append: async () => ({ ok: false as const, code: "UNAVAILABLE" as const, message: "later" }) };
    for (const target of [dead, busy]) await expect(world.bridge().ingest(request, target)).rejects.toMatchObject({ name: "RetryableError" });
  });
});

describe("an adoption", () => {
  test("is of a line that has a head, otherwise it is rejected", async () => {
    const world = new World();
    const knowingState = { target: "policy" as const, scope: "role:porter", guidance: "Ask first." };
    const adoption = await world.adopted(await world.proposed({ hypothesis: { knowingState } }));
    expect(adoption).toMatchObject({
      outcome: "rejected",
      checks: [{ check: "target-current", outcome: "passed" }, { check: "knowing-state-head", outcome: "failed" }, { outcome: "passed" }],
    });
    await expect(
      world.bridge().proposeAmendment(world.proposal(await world.diverged()), wardProposal({ hypothesis: { amendmentScope: "none", knowingState } })),
    ).rejects.toMatchObject({ name: "TerminalError" });
  });
});
