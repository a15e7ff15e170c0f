import { describe, expect, test } from "vitest";
import type { Evidence } from "./index.ts";
import { AGENT, wardProposal } from "./testing/ward.ts";
import { World } from "./testing/world.ts";

describe("BP4", () => {
  test("the domain judges on the evidence that the graph has: divergence, trace, specification, claim, earlier elucidations", async () => {
    const world = new World();
    const { elucidationId, successor } = await world.adopted(await world.proposed());
    world.specificationId = successor?.specificationId ?? "";
    const seen: Evidence[] = [];
    const domain = wardProposal({ text: "Chest pain is seen by two nurses." });
    const proposal = await world.bridge().proposeAmendment(world.proposal(await world.diverged(), { elucidationIds: [elucidationId ?? ""] }), {
      ...domain,
      hypothesise: async (evidence) => {
        seen.push(evidence);
        return domain.hypothesise(evidence);
      },
    });
    expect(seen).toMatchObject([
      {
        divergence: { data: { observed: "a patient waited" } },
        trace: { data: { minutes: 9 } },
        specification: { data: { version: 2 } },
        claim: { data: { text: "Chest pain is seen within a minute." } },
        elucidations: [{ data: { rejectedOptions: [{ option: "leave the protocol as it is" }] } }],
      },
    ]);
    expect(
      world.graph
        .edgesOf(proposal.hypothesisId)
        .in.map(({ rel }) => rel)
        .sort(),
    ).toEqual(["evidence_for", "informs"]);
  });

  test("the amendment proposes a modification of the specification, as nodes of one graph (defect 30)", async () => {
    const world = new World();
    const { amendment, hypothesisId } = await world.proposed();
    expect(world.graph.edgesOf(amendment.amendmentId)).toMatchObject({
      in: [{ source: hypothesisId, rel: "motivates" }],
      out: [{ rel: "proposes_modification_of", target: world.specificationId }],
    });
    expect(world.beads.get(amendment.beadId)?.content).toMatchObject({ status: "PROPOSED", target_type: "specification", target_id: world.specificationId });
  });

  test("a hypothesis is found by its severity and its status (defect 31)", async () => {
    const world = new World();
    const proposal = await world.proposed();
    const found = () => world.graph.hypotheses({ severity: "high" }).map(({ node, status }) => [node.id, status]);
    expect(found()).toEqual([[proposal.hypothesisId, "open"]]);
    expect(world.graph.hypotheses({ severity: "low" })).toEqual([]);
    await world.adopted(proposal);
    expect(found()).toEqual([[proposal.hypothesisId, "adopted"]]);
  });

  test("a scope of none without a change of the knowing-state is a hypothesis and no amendment", async () => {
    const world = new World();
    const hypothesis = { faultAttribution: "ENVIRONMENTAL" as const, amendmentScope: "none" };
    const { knowingState: _, ...formed } = (await wardProposal({ hypothesis }).hypothesise(await anEvidence(world))).hypothesis;
    const proposal = await world.bridge().proposeAmendment(world.proposal(await world.diverged()), {
      ...wardProposal(),
      hypothesise: async () => ({ hypothesis: formed, author: { kind: "rule", id: "ward" } }),
    });
    expect(proposal.amendment).toBeNull();
    expect(world.graph.get(proposal.hypothesisId)?.type).toBe("Hypothesis");
    expect(world.state()["beads"]?.filter(({ type }) => type === "amendment")).toEqual([]);
  });

  test("a scope of none with a change of the knowing-state is an amendment of that line's head, and of no specification", async () => {
    const world = new World();
    const { amendment } = await world.proposed({ hypothesis: { amendmentScope: "none", knowingState: { target: "trust", subjectId: AGENT, score: 0.75 } } });
    expect(amendment.change).toBeNull();
    expect(world.beads.get(amendment.beadId)?.content).toMatchObject({
      target_type: "trust",
      target_id: world.beads.tip({ type: "trust", subject: AGENT })?.id,
    });
  });

  test.each([
    ["an environmental fault with a scope", { hypothesis: { faultAttribution: "ENVIRONMENTAL" } }],
    ["a trust score that is none", { hypothesis: { knowingState: { target: "trust", subjectId: AGENT, score: Number.NaN } } }],
    ["a model that proposes a change of what governs", { author: { kind: "model", id: "judge-1" } }],
  ] as const)("%s is no hypothesis, and nothing is written", async (_, domain) => {
    const world = new World();
    const outcome = await world.diverged();
    const before = world.state();
    await expect(world.bridge().proposeAmendment(world.proposal(outcome), wardProposal(domain))).rejects.toMatchObject({ name: "TerminalError" });
    expect(world.state()).toEqual(before);
  });

  test("the domain is asked once, although its second answer would differ", async () => {
    const world = new World();
    const request = world.proposal(await world.diverged());
    world.before = (call) => {
      if (call === "append") throw new Error("the line is dead");
    };
    await expect(world.bridge().proposeAmendment(request, wardProposal({ text: "first" }))).rejects.toMatchObject({ name: "RetryableError" });
    world.before = () => undefined;
    const proposal = await world.bridge().proposeAmendment(request, wardProposal({ text: "second" }));
    expect(proposal.amendment?.change).toMatchObject({ text: "first" });
    const { calls } = world;
    expect(await world.bridge().proposeAmendment(request, wardProposal({ text: "third" }))).toEqual(proposal);
    expect(world.calls).toBe(calls);
  });

  test("two proposals for one divergence on two occasions are two amendments", async () => {
    const world = new World();
    const outcome = await world.diverged();
    const first = await world.bridge().proposeAmendment(world.proposal(outcome), wardProposal());
    const second = await world.bridge().proposeAmendment(world.proposal(outcome, { occasion: "REV-1" }), wardProposal());
    expect(second.amendment?.amendmentId).not.toBe(first.amendment?.amendmentId);
  });

  test("evidence that is not in the graph yet is waited for", async () => {
    const world = new World();
    const request = world.proposal(await world.diverged(), { claimId: "C-9" });
    await expect(world.bridge().proposeAmendment(request, wardProposal())).rejects.toMatchObject({ name: "RetryableError" });
  });
});

async function anEvidence(world: World): Promise<Evidence> {
  const node = world.graph.get(world.specificationId);
  if (node === null) throw new Error("The protocol is gone.");
  return { divergence: node, trace: node, specification: node, claim: node, elucidations: [], concurrent: [] };
}
