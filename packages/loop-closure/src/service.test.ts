import { describe, expect, test } from "vitest";
import { claimNodeId } from "@factory/schemas";
import type { DivergenceReport } from "@factory/schemas/rpc";
import type { AdoptionRequest, ProposalRequest } from "./index.ts";
import { aClaim, anExample, World } from "./testing/builders.ts";

const aProposal = (world: World, divergence: DivergenceReport, overrides: Partial<ProposalRequest> = {}): ProposalRequest => ({
  divergence,
  specificationId: world.specificationId,
  depth: 1,
  occasion: "",
  elucidationIds: [],
  ...overrides,
});

/** Both bridge points, each called until its object survives it. */
async function closeLoop(world: World, divergence: DivergenceReport, overrides: Partial<ProposalRequest> = {}) {
  const proposal = await surviving(() => world.service().proposeAmendment(aProposal(world, divergence, overrides)));
  const { amendment } = proposal;
  if (amendment === null) return { proposal, adoption: null };
  const request: AdoptionRequest = { divergence, specificationId: world.specificationId, proposal: { ...proposal, amendment }, decidedBy: "policy:verifier" };
  return { proposal, adoption: await surviving(() => world.service().adoptAmendment(request)), request };
}

class Crash extends Error {}

async function surviving<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (err) {
      if (!(err instanceof Crash)) throw err;
    }
  }
}

const visibleFailure = {
  outcome: "FAILURE" as const,
  exhausted: true,
  checks: [{ checkId: "CHK-1", kind: "examples", ok: false, holdout: false, reportDigest: "a", summary: "line 11 failed", claimId: "C-1" }],
};

describe("BP4", () => {
  test("a failed hidden example is revealed, the first by line, without asking a model", async () => {
    const world = new World();
    const { proposal } = await closeLoop(world, world.diverge());
    expect(proposal).toMatchObject({
      hypothesis: { faultAttribution: "SPECIFICATION_GAP" },
      amendment: { change: { mode: "reveal", claimId: "C-1", revealedLines: [15] } },
    });
    expect(world.asked).toEqual([]);
  });

  test("the last hidden example is not revealed: the amendment carries the criterion and no value of it", async () => {
    const world = new World([aClaim({ visible: [11, 12, 13].map(anExample), holdout: [anExample(15)] })]);
    const { proposal, adoption } = await closeLoop(world, world.diverge({ hidden: { "C-1": 1 } }));
    expect(proposal.amendment?.change).toMatchObject({ mode: "criterion", revealedLines: [] });
    expect(proposal.amendment?.change.note).toContain("`double` doubles its argument");
    expect(proposal.amendment?.change.note).not.toContain("30");
    expect(adoption?.successor?.claims[0]?.holdout.map(({ line }) => line)).toEqual([15]);
  });

  test("a blocked operative gives a hypothesis and no amendment", async () => {
    const world = new World();
    const divergence = world.diverge({ outcome: "BLOCKED", exhausted: true, checks: [], blockers: ["no candidate"] });
    const { proposal } = await closeLoop(world, divergence);
    expect(proposal).toMatchObject({ hypothesis: { amendmentScope: "none" }, amendment: null });
    expect(world.graph.get(proposal.hypothesisId)?.type).toBe("Hypothesis");
    expect(world.graph.edgesOf(proposal.hypothesisId).out).toMatchObject([{ rel: "explains", target: divergence.divergenceId }]);
  });

  test("a failure that needs judgement is put to the model with its evidence and without hidden examples", async () => {
    const world = new World();
    const hidden = { checkId: "CHK-8", kind: "examples", ok: true, holdout: true, reportDigest: "h", summary: "double(15) is 30", claimId: "C-1" };
    const { proposal } = await closeLoop(world, world.diverge({ ...visibleFailure, checks: [...visibleFailure.checks, hidden] }));
    expect(JSON.stringify(world.asked)).not.toContain("double(15)");
    expect(JSON.stringify(world.asked)).toContain("line 11 failed");
    expect(proposal.amendment?.change).toMatchObject({ mode: "note", note: "Round half up." });
    expect(world.asked).toMatchObject([
      { outcome: "FAILURE", trace: { beadId: expect.any(String) }, claim: { claimId: "C-1" }, specification: { version: 1 } },
    ]);
    expect(world.asked[0]?.claim).not.toHaveProperty("holdout");
  });

  test("the amendment proposes a modification of the specification, as nodes of the same graph (defect 30)", async () => {
    const world = new World();
    const proposal = await world.service().proposeAmendment(aProposal(world, world.diverge()));
    const { amendmentId, beadId } = proposal.amendment ?? { amendmentId: "", beadId: "" };
    expect(world.graph.edgesOf(amendmentId).out).toMatchObject([{ rel: "proposes_modification_of", target: world.specificationId }]);
    expect(world.beads.get(beadId)?.content).toMatchObject({ status: "PROPOSED", target_type: "specification", target_id: world.specificationId });
  });

  test("a person's answer takes the place of the rules: an empty note is the same again", async () => {
    const world = new World();
    const divergence = world.diverge({ outcome: "BLOCKED", exhausted: true, checks: [], blockers: ["no candidate"] });
    const again = await closeLoop(world, divergence, { occasion: "REV-1", person: { by: "ann", note: "" } });
    expect(again).toMatchObject({ proposal: { amendment: { change: { mode: "retry", note: "" } } }, adoption: { outcome: "adopted" } });
    const other = new World();
    const noted = await closeLoop(other, other.diverge(), { occasion: "REV-2", person: { by: "ann", note: "it is integer division" } });
    expect(noted.proposal.amendment?.change).toMatchObject({ mode: "note", revealedLines: [], note: "it is integer division" });
  });

  test("two proposals for one divergence on two occasions are two amendments", async () => {
    const world = new World();
    const divergence = world.diverge();
    const first = await world.service().proposeAmendment(aProposal(world, divergence));
    const second = await world.service().proposeAmendment(aProposal(world, divergence, { occasion: "REV-1" }));
    expect(second.amendment?.amendmentId).not.toBe(first.amendment?.amendmentId);
  });
});

describe("BP5", () => {
  test("an adoption makes a successor with its claims, the revealed example visible and another still hidden", async () => {
    const world = new World();
    const { adoption } = await closeLoop(world, world.diverge());
    const id = adoption?.successor?.specificationId ?? "";
    expect(adoption).toMatchObject({ outcome: "adopted", successor: { claims: [{ claimId: "C-1" }] } });
    expect(world.graph.get(id)?.data).toMatchObject({ version: 2, domain: "WO-1", notes: [{ claimId: "C-1" }] });
    const claim = world.graph.get(claimNodeId(id, "C-1"))?.data as { visible: { line: number }[]; holdout: { line: number }[] };
    expect(claim.visible.map(({ line }) => line)).toEqual([11, 12, 13, 14, 15]);
    expect(claim.holdout.map(({ line }) => line)).toEqual([16]);
    expect(world.graph.edgesOf(id).out).toMatchObject([
      { rel: "version_of", target: world.specificationId },
      { rel: "composed_of", target: claimNodeId(id, "C-1") },
    ]);
  });

  test("the elucidation of an adoption names the options that were rejected, each with its reason", async () => {
    const world = new World();
    const { adoption } = await closeLoop(world, world.diverge());
    const data = world.graph.get(adoption?.successor?.elucidationId ?? "")?.data as { rejectedOptions: { option: string; reason: string }[] };
    expect(data.rejectedOptions.map(({ option }) => option)).toContain("reveal every failed hidden example");
    expect(data.rejectedOptions.every(({ reason }) => reason.length > 8)).toBe(true);
  });

  test("the amendment bead ends ADOPTED and supersedes the proposal; a later look finds one head", async () => {
    const world = new World();
    const { proposal } = await closeLoop(world, world.diverge());
    const { beads } = world.state() as { beads: { type: string; supersedes: string | null; content: string }[] };
    const adopted = beads.filter(({ type, supersedes }) => type === "amendment" && supersedes !== null);
    expect(adopted).toMatchObject([{ supersedes: proposal.amendment?.beadId }]);
    expect(JSON.parse(adopted[0]?.content ?? "{}")).toMatchObject({ status: "ADOPTED", reviewed_by: "policy:verifier" });
  });

  test("an amendment of a specification that is not current is rejected, with a verdict that says so", async () => {
    const world = new World();
    const divergence = world.diverge();
    const late = await world.service().proposeAmendment(aProposal(world, divergence, { occasion: "late" }));
    await closeLoop(world, divergence);
    const { amendment } = late;
    if (amendment === null) throw new Error("unreachable: the divergence has an amendment");
    const adoption = await world
      .service()
      .adoptAmendment({ divergence, specificationId: world.specificationId, proposal: { ...late, amendment }, decidedBy: "policy:verifier" });
    expect(adoption).toMatchObject({ outcome: "rejected", successor: null });
    expect(adoption.checks.filter(({ passed }) => !passed).map(({ check }) => check)).toEqual(["target-current"]);
    expect(world.graph.get(adoption.verdictId)?.data).toMatchObject({ outcome: "unfavorable" });
  });

  test("an amendment that was decided elsewhere is not decided again", async () => {
    const world = new World();
    const { request } = await closeLoop(world, world.diverge());
    if (request === undefined) throw new Error("unreachable: the divergence has an amendment");
    world.own.sql.exec("DELETE FROM bridge_journal WHERE key LIKE 'bp5:%'");
    const before = world.state();
    await expect(world.service().adoptAmendment(request)).rejects.toThrow(/is decided/);
    expect(world.state()).toEqual(before);
  });

  test.each([
    ["a visible example", [12], "revealed-example-failed"],
    ["a hidden example that did not fail", [16], "revealed-example-failed"],
    ["every hidden example", [15, 16], "holdout-remains"],
  ])("revealing %s is rejected", async (_, revealedLines, check) => {
    const world = new World();
    const failedLines = revealedLines.length === 2 ? [15, 16] : [15];
    const divergence = world.diverge({
      checks: [{ checkId: "CHK-2", kind: "examples", ok: false, holdout: true, reportDigest: "b", summary: "hidden", claimId: "C-1", failedLines }],
    });
    const proposal = await world.service().proposeAmendment(aProposal(world, divergence));
    const { amendment } = proposal;
    if (amendment === null) throw new Error("unreachable: the divergence has an amendment");
    const forged = { ...amendment, change: { ...amendment.change, revealedLines } };
    const adoption = await world
      .service()
      .adoptAmendment({ divergence, specificationId: world.specificationId, proposal: { ...proposal, amendment: forged }, decidedBy: "policy:verifier" });
    expect(adoption.outcome).toBe("rejected");
    expect(adoption.checks.filter(({ passed }) => !passed).map((one) => one.check)).toContain(check);
    expect(world.graph.edgesOf(world.specificationId).in.filter(({ rel }) => rel === "version_of")).toEqual([]);
  });
});

describe("the journal", () => {
  async function undisturbed(overrides: Parameters<World["diverge"]>[0]) {
    const world = new World();
    const result = await closeLoop(world, world.diverge(overrides));
    return { state: world.state(), writes: world.writes.count, result };
  }

  test.each([
    ["a revealed example", {}],
    ["a model's hypothesis", visibleFailure],
  ])("a crash before or after any write leaves the same end state: %s", async (_, overrides) => {
    const expected = await undisturbed(overrides);
    expect(expected.writes).toBe(4);
    for (let at = 1; at <= expected.writes; at++) {
      for (const when of ["before", "after"] as const) {
        const world = new World();
        const divergence = world.diverge(overrides);
        let crashed = false;
        world.around = (now, write) => {
          if (crashed || now !== when || write !== at) return;
          crashed = true;
          throw new Crash();
        };
        const result = await closeLoop(world, divergence);
        expect(crashed).toBe(true);
        expect(world.state()).toEqual(expected.state);
        expect(result).toEqual(expected.result);
      }
    }
  });

  test("a model is asked once, although its second answer would differ", async () => {
    const world = new World();
    const divergence = world.diverge(visibleFailure);
    let crashed = false;
    world.around = (when) => {
      if (crashed || when !== "after") return;
      crashed = true;
      world.answer = { ...world.answer, hypothesis: { ...world.answer.hypothesis, instruction: "Something else." } };
      throw new Crash();
    };
    const { proposal } = await closeLoop(world, divergence);
    expect(world.asked).toHaveLength(1);
    expect(proposal.amendment?.change.note).toBe("Round half up.");
  });

  test("a graph that refuses for good ends the bridge point, one that does not answer is asked again", async () => {
    const world = new World();
    const divergence = world.diverge();
    const foreign = { ...divergence, divergenceId: divergence.divergenceId.replace(/.$/, (last) => (last === "0" ? "1" : "0")) };
    await expect(world.service().proposeAmendment(aProposal(world, foreign))).rejects.toMatchObject({ name: "TerminalError" });
    const unknown = { ...divergence, claimId: "C-9" };
    await expect(world.service().proposeAmendment(aProposal(world, unknown))).rejects.toMatchObject({ name: "RetryableError" });
  });
});
