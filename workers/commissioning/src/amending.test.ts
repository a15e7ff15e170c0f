import { claimsOfOrder } from "@factory/compiler";
import { messageOf } from "@factory/durable";
import type { AdoptionDomain, ProposalDomain } from "@factory/loop-closure";
import { artifactNode, blobKey, claimNodeId, sessionIdOf, sha256Hex } from "@factory/schemas";
import type { Claim, ReviewDecision } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { MAX_VERIFIER_TRIES } from "./amending.ts";
import { AgentHost, HIDDEN_FAILED } from "./testing/agents.ts";
import { aClaim, anAcceptedRun, anExample, ANN, anOrder, aRequest, CODE, ORG } from "./testing/builders.ts";
import { aCall, commissioned, goodAnswer, Surroundings } from "./testing/surroundings.ts";

const HIDDEN = { outcome: "SUCCESS", exhausted: false, checks: HIDDEN_FAILED } as const;

async function atWork(claims: readonly Claim[] = [aClaim()]): Promise<{ world: Surroundings; host: AgentHost }> {
  const world = await commissioned(new Surroundings(claims), aRequest());
  await world.compiled();
  return { world, host: new AgentHost(world) };
}

async function answer(world: Surroundings, decision: ReviewDecision, note = ""): Promise<void> {
  const review = (await world.session.status())?.openReview;
  await world.session.acknowledge({ reviewId: review?.reviewId ?? "", decision, note, actionDigest: review?.actionDigest ?? "", principal: ANN });
  await world.settle();
}

const question = (world: Surroundings) => world.of("REVIEW_REQUIRED").at(-1)?.promptText ?? "";
const verifications = (world: Surroundings) => world.of("VERIFICATION_PRODUCED").filter(({ verificationType }) => verificationType === "FIDELITY");

/** A file that is right but for two lines. */
function wrongAt(lines: readonly number[]): string {
  return `export const double = (n: number): number => ([${lines.join(", ")}].includes(n) ? 0 : 2 * n);\n`;
}

function store(world: Surroundings, code: string): { readonly "src/double.ts": string } {
  world.blobs.set(blobKey.content(sha256Hex(code)), new TextEncoder().encode(code));
  return { "src/double.ts": sha256Hex(code) };
}

/** Somebody else's whole loop on the same specification, up to its adoption. */
async function rival(world: Surroundings, specificationId: string, divergenceId: string, traceId: string): Promise<string> {
  const { loop } = new AgentHost(world);
  const change = { mode: "reveal", claimId: "C-1", revealedLines: [15], note: "seen elsewhere" } as const;
  const hypothesis = {
    faultAttribution: "SPECIFICATION_GAP",
    explanation: "the same was found elsewhere",
    confidence: 1,
    severity: "high",
    amendmentScope: "modify-atom",
    instruction: "",
  } as const;
  const proposal: ProposalDomain = { hypothesise: async () => ({ hypothesis, author: { kind: "rule", id: "rival" } }), change: () => change };
  const request = { sessionId: "rival", divergenceId, traceId, specificationId, claimId: "C-1", occasion: "rival", elucidationIds: [] };
  const { amendment } = await loop.proposeAmendment(request, proposal);
  const claim = aClaim({ visible: [11, 12, 13, 14, 15].map(anExample), holdout: [anExample(16)] });
  const adoption: AdoptionDomain = {
    verify: async () => [{ check: "looked", outcome: "passed", detail: "" }],
    successor: ({ target }) => ({ data: { ...target.data, version: 2 }, claims: [{ claimId: "C-1", data: { ...claim } }] }),
    elucidate: () => ({ selected: "reveal", rejected: [], assumptions: [], risksAccepted: [] }),
  };
  const adopted = await loop.adoptAmendment(
    {
      sessionId: "rival",
      amendmentId: amendment?.amendmentId ?? "",
      amendmentBeadId: amendment?.beadId ?? "",
      reviewer: { id: "policy:verifier", authority: "verifier" },
    },
    adoption,
  );
  return adopted.successor?.specificationId ?? "";
}

describe("two amendments of one specification", () => {
  test.each([
    ["before it is verified", 2, 0],
    ["between its verification and its append", 2, 1],
  ] as const)("of which the other one was adopted %s: it is refused as stale and formed again on what is current", async (_, afterWrites, verified) => {
    const { world, host } = await atWork();
    let writes = 0;
    let second = "";
    world.around = async (when) => {
      if (when === "before") writes += 1;
      // The two writes of BP4 have been made; then comes the first write of BP5.
      const now = verified === 1 ? when === "before" && writes === afterWrites + 1 : when === "after" && writes === afterWrites;
      if (!now || second !== "") return;
      const { specificationId, report } = {
        specificationId: world.session.store.session()?.specificationId ?? "",
        report: world.session.store.runReports()[0]?.report,
      };
      if (report?.outcome === "diverged") second = await rival(world, specificationId, report.divergence.divergenceId, report.divergence.traceId);
    };
    await host.fail("d1", HIDDEN);
    expect(second).toMatch(/^SPEC-/);
    expect(world.of("AMENDMENT_REJECTED")).toHaveLength(1);
    expect(verifications(world)).toMatchObject([{ outcome: "FAIL", failedCriteria: ["target-current"] }, { outcome: "PASS" }]);
    const [adopted] = world.of("AMENDMENT_ADOPTED");
    expect(world.graph.edgesOf(adopted?.specificationId ?? "").out).toContainEqual(expect.objectContaining({ rel: "version_of", target: second }));
    expect(world.graph.get(adopted?.hypothesisId ?? "")?.data).toMatchObject({ occasion: `stale:${second}` });
    // On the other's specification one example is left hidden; mediation is told of the one that became visible there.
    expect(adopted?.patch).toMatchObject({ mode: "criterion" });
    expect(world.amends).toMatchObject([{ request: { specificationId: adopted?.specificationId, revealedLines: [15] } }]);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", openReview: null });
  });
});

test("an amendment that comes too late again and again is put to a person", async () => {
  const { world, host } = await atWork();
  let writes = 0;
  world.around = async (when) => {
    if (when === "after") writes += 1;
    const report = world.session.store.runReports()[0]?.report;
    // Each round writes twice for the proposal and twice for its rejection; the other one is adopted in between.
    if (when !== "after" || writes % 4 !== 2 || report?.outcome !== "diverged") return;
    await rival(world, world.session.store.session()?.specificationId ?? "", report.divergence.divergenceId, report.divergence.traceId);
  };
  await host.fail("d1", HIDDEN);
  expect(world.of("AMENDMENT_REJECTED")).toHaveLength(4);
  expect(world.amends).toEqual([]);
  expect(question(world)).toContain("was formed 4 times");
});

describe("a session that loses its object at a write of a bridge point", () => {
  /** The graphs and the log without what a crash may repeat. */
  function endState(world: Surroundings) {
    const types = ["Hypothesis", "Amendment", "VerificationProcess", "Verdict", "Specification", "CandidateSet", "DispositionEvent"];
    return {
      nodes: types.flatMap((type) => world.graph.byType(type, 100).map(({ id }) => id)).sort(),
      policy: world.beads.tip({ type: "policy", subject: "role:coder" })?.id,
      amendments: world.beads.openAmendments(),
      sources: world.sources.byType("Specification", 10).map(({ id }) => id),
      kinds: world.kinds,
      amends: new Set(world.amends.map(({ request }) => JSON.stringify(request))),
    };
  }

  async function loop(world: Surroundings): Promise<void> {
    await commissioned(world, aRequest());
    await world.compiled();
    await new AgentHost(world).fail("d1", HIDDEN).catch((err: unknown) => {
      // The turn that was under way ends with its object; the next alarm finds the new one.
      if (messageOf(err) !== "This object has crashed.") throw err;
    });
    for (let minute = 0; minute < 5; minute++) await world.later(60_000);
  }

  test("comes to the same end, whichever write it is, and nothing is there twice", async () => {
    const undisturbed = new Surroundings();
    let crossings = 0;
    undisturbed.around = () => void (crossings += 1);
    await loop(undisturbed);
    const expected = endState(undisturbed);
    expect(crossings).toBeGreaterThanOrEqual(10);
    for (let fatal = 1; fatal <= crossings; fatal++) {
      const world = new Surroundings();
      let crossed = 0;
      world.around = () => {
        crossed += 1;
        if (crossed !== fatal) return;
        world.restart();
        throw new Error("the object is gone");
      };
      await loop(world);
      expect(crossed).toBeGreaterThan(fatal);
      expect(endState(world)).toEqual(expected);
    }
  });
});

describe("an amendment that nobody could verify", () => {
  test("because the sandbox does not answer is tried a bounded number of times, then rejected, and a person decides", async () => {
    const { world, host } = await atWork();
    world.sandbox.outages = Number.POSITIVE_INFINITY;
    await host.fail("d1", HIDDEN);
    for (let round = 0; round < MAX_VERIFIER_TRIES; round++) await world.later(600_000);
    expect(world.sandbox.jobs).toHaveLength(MAX_VERIFIER_TRIES);
    expect(verifications(world)).toMatchObject([{ outcome: "INCONCLUSIVE", failedCriteria: ["replay"], details: { unscored: 1 } }]);
    expect(world.of("AMENDMENT_REJECTED")).toHaveLength(1);
    expect(world.amends).toEqual([]);
    expect(question(world)).toContain("replay unscored: The failed case could not be replayed: nobody is there");
    world.sandbox.outages = 0;
    await answer(world, "approved");
    expect(world.amends).toHaveLength(1);
  });

  test("is adopted when the sandbox comes back in time", async () => {
    const { world, host } = await atWork();
    world.sandbox.outages = 2;
    await host.fail("d1", HIDDEN);
    await world.later(600_000);
    await world.later(600_000);
    expect(world.of("AMENDMENT_ADOPTED")).toHaveLength(1);
    expect(world.kinds).not.toContain("AMENDMENT_REJECTED");
  });
});

test("an amendment under which the failed result would pass is rejected, and a person is told so", async () => {
  const { world, host } = await atWork();
  await host.fail("d1", { ...HIDDEN, failedTree: { "src/double.ts": sha256Hex(CODE) } });
  expect(verifications(world)).toMatchObject([{ outcome: "FAIL", failedCriteria: ["replay"] }]);
  expect(world.of("AMENDMENT_REJECTED")).toHaveLength(1);
  expect(question(world)).toContain("The failed result would pass");
  expect(world.graph.hypotheses({ status: "rejected", surfaced: true })).toHaveLength(1);
  const bead = world.beads.history({ type: "amendment", subject: `specification:${world.session.store.session()?.specificationId ?? ""}` })[0];
  expect(bead?.content).toMatchObject({ status: "REJECTED", reviewed_by: "policy:verifier" });
  expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
});

describe("a sentence of the model on a function that another specification of the assembly has", () => {
  const judged = {
    faultAttribution: "SPECIFICATION_GAP",
    explanation: "rounding is not stated",
    confidence: 0.5,
    amendmentScope: "modify-atom",
    instruction: "Round half up.",
  };
  const FAILED = {
    checks: [{ checkId: "CHK-1", kind: "examples", ok: false, holdout: false, reportDigest: "a", summary: "line 11 failed", claimId: "C-1" }],
  };

  async function withNeighbour(): Promise<{ world: Surroundings; host: AgentHost }> {
    const made = await atWork();
    const { world } = made;
    world.plan = async (asked) =>
      asked.purpose === "form-hypothesis" ? { ok: true, value: asked.schema.parse(judged), modelId: "m", repaired: false, calls: [] } : goodAnswer(asked);
    const other = artifactNode("SPEC", "Specification", ORG, { domain: "WO-2", functions: anOrder().functions, orderDigest: "other" }, []);
    const claim = { id: claimNodeId(other.id, "C-1"), type: "Claim", data: { ...aClaim() }, parents: [other.id] };
    world.graph.append([other, claim], [{ source: other.id, rel: "composed_of", target: claim.id }]);
    return made;
  }

  test("is put to the critic, whose answer decides and whose call is an event", async () => {
    const { world, host } = await withNeighbour();
    world.judge = async (asked) => ({
      ok: true,
      value: asked.schema.parse({ verdict: "compatible", reason: "both may round" }),
      modelId: "critic",
      repaired: false,
      calls: [{ ...aCall("judge-conflict"), alias: "factory/critic" }],
    });
    await host.fail("d1", FAILED);
    expect(world.of("MODEL_CALLED").filter(({ purpose }) => purpose === "judge-conflict")).toMatchObject([{ alias: "factory/critic" }]);
    const prompt = world.questions.at(-1)?.prompt ?? "";
    expect(prompt).toContain('"task": "judge-conflict"');
    for (const line of [15, 16]) expect(prompt).not.toContain(anExample(line).text);
    expect(world.amends).toMatchObject([{ request: { note: "Round half up." } }]);
  });

  test("is not adopted where nobody judges; a person's own words are", async () => {
    const { world, host } = await withNeighbour();
    await host.fail("d1", FAILED);
    expect(verifications(world)).toMatchObject([{ outcome: "INCONCLUSIVE", failedCriteria: ["conflicts"] }]);
    expect(question(world)).toContain("conflicts unscored");
    await answer(world, "amended", "Round half up.");
    expect(world.amends).toMatchObject([{ request: { note: "Round half up." } }]);
  });
});

describe("what was adopted", () => {
  test("enters the organisation's source graph with its elucidation, later and without anyone waiting when that graph is away", async () => {
    const { world, host } = await atWork();
    world.moods.sources = "down";
    await host.fail("d1", HIDDEN);
    expect(world.amends).toHaveLength(1);
    await world.reopened();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    for (let hour = 0; hour < 3; hour++) await world.later(3_600_000);
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED", reason: expect.not.stringContaining("ingest") });
    expect(world.sources.byType("Specification", 10)).toEqual([]);
    world.moods.sources = "up";
    for (let hour = 0; hour < 3; hour++) await world.later(3_600_000);
    const [specification] = world.sources.byType("Specification", 10);
    expect(specification?.id).toBe(world.amends[0]?.request.specificationId);
    expect(world.sources.edgesOf(specification?.id ?? "").in).toMatchObject([{ rel: "records_selected_option" }]);
  });

  test("is evidence for a later hypothesis on the same function, in another assembly too", async () => {
    const { world, host } = await atWork();
    await host.fail("d1", HIDDEN);
    const elsewhere = await commissioned(new Surroundings([aClaim()], world), aRequest({ workOrderId: "WO-2" }));
    await elsewhere.compiled();
    await elsewhere.diverged("d2", { failedHoldoutLines: [], divergenceType: "atom-failure" }, "FAILURE");
    const asked = elsewhere.questions.find(({ purpose }) => purpose === "form-hypothesis")?.prompt ?? "";
    expect(asked).toContain('"disposition": "amendment-adoption"');
    expect(asked).toContain("run the bead again unchanged");
  });

  test("is where a new session on the same order starts: what was revealed is visible, and only for that very order", async () => {
    const order = anOrder();
    const [claim] = claimsOfOrder(order);
    if (claim === undefined) throw new Error("The order has no claim.");
    const lines = claim.holdout.map(({ line }) => line);
    const { world, host } = await atWork([claim]);
    const checks = HIDDEN_FAILED.map((check) => (check.holdout ? { ...check, failedLines: lines } : check));
    await host.fail("d1", { ...HIDDEN, checks, failedTree: store(world, wrongAt(lines)) });
    const specificationId = world.amends[0]?.request.specificationId;

    const again = await commissioned(
      new Surroundings([claim], world),
      aRequest({ envelopeId: "env_00000002", sessionId: sessionIdOf(ORG, "WO-1", "env_00000002") }),
    );
    expect(again.compiles[0]?.request.inherited).toMatchObject({
      specificationId,
      revealed: [{ claimId: "C-1", lines: [Math.min(...lines)] }],
      notes: [{ claimId: "C-1", note: expect.stringContaining("is visible now") }],
    });

    const other = aRequest({ envelopeId: "env_00000003", sessionId: sessionIdOf(ORG, "WO-1", "env_00000003"), order: anOrder({ goal: "Another goal." }) });
    const changed = await commissioned(new Surroundings([claim], world), other);
    expect(changed.compiles[0]?.request.inherited).toBeUndefined();
  });
});
