import { guidanceOf, knowingStateBead } from "@factory/loop-closure";
import { artifactNode, blobKey, claimNodeId, sha256Hex } from "@factory/schemas";
import type { Claim, ReviewDecision } from "@factory/schemas";
import type { OpenedSession } from "@factory/loop-closure";
import { describe, expect, test } from "vitest";
import { AgentHost, HIDDEN_FAILED } from "./testing/agents.ts";
import { aClaim, anAcceptedRun, ANN, aRequest, BEAD_ID, CODE, ORG } from "./testing/builders.ts";
import { commissioned, Surroundings } from "./testing/surroundings.ts";

const AFFECTED = [BEAD_ID, "BEAD-00000000000000000000000002"];

/** A session that executes, and the host of its agents. */
async function atWork(claims: readonly Claim[] = [aClaim()]): Promise<{ world: Surroundings; host: AgentHost; specificationId: string }> {
  const world = await commissioned(new Surroundings(claims), aRequest());
  const specificationId = await world.compiled();
  return { world, host: new AgentHost(world), specificationId };
}

async function answer(world: Surroundings, decision: ReviewDecision, note = ""): Promise<void> {
  const review = (await world.session.status())?.openReview;
  await world.session.acknowledge({ reviewId: review?.reviewId ?? "", decision, note, actionDigest: review?.actionDigest ?? "", principal: ANN });
  await world.settle();
}

/** A person sets the trust of the coder. @returns the bead */
function setTrust({ beads }: Surroundings, score: number): string {
  const head = beads.tip({ type: "trust", subject: "agent:coder" });
  if (head === null) throw new Error("The coder has no trust.");
  const content = { ...head.content, trust_score: score };
  const bead = knowingStateBead({ type: "trust", content, parents: [head.id], supersedes: head.id, writtenAt: 0 }, ORG);
  return beads.write(bead, "key:ann", "test").beadId;
}

const guidance = (session: OpenedSession) => guidanceOf(session.knowingState?.policy.rules ?? {}).map(({ text }) => text);

/** Every edge from the divergence to the specification that came of it, as relations. */
function lineOf(world: Surroundings, divergenceId: string): string[] {
  const line: string[] = [];
  let at: string | undefined = divergenceId;
  for (const rel of ["evidence_for", "motivates", "if_adopted_produces", "version_of"]) {
    const edge: { rel: string; target: string } | undefined = world.graph.edgesOf(at ?? "").out.find((one) => one.rel === rel);
    line.push(edge === undefined ? `no ${rel}` : rel);
    at = edge?.target;
  }
  return line;
}

describe("a specification gap", () => {
  test("ends in a successor specification on which the affected beads run again, and in guidance that a later agent of the role has", async () => {
    const { world, host, specificationId } = await atWork();
    const before = await host.open();
    const divergence = await host.fail("d1", { outcome: "SUCCESS", exhausted: false, checks: HIDDEN_FAILED });

    expect(world.graph.edgesOf(divergence.divergenceId).out).toContainEqual(
      expect.objectContaining({ rel: "concerns", target: claimNodeId(specificationId, "C-1") }),
    );
    expect(lineOf(world, divergence.divergenceId)).toEqual(["evidence_for", "motivates", "if_adopted_produces", "version_of"]);
    const successorId = world.amends[0]?.request.specificationId ?? "";
    expect(world.graph.get(claimNodeId(successorId, "C-1"))?.data).toMatchObject({ holdout: [{ line: 16 }] });
    expect(world.amends).toMatchObject([{ request: { revealedLines: [15], beadIds: AFFECTED } }]);
    expect(world.of("AMENDMENT_PROPOSED")).toMatchObject([{ faultAttribution: "SPECIFICATION_GAP" }]);
    expect(world.of("VERIFICATION_PRODUCED").filter(({ verificationType }) => verificationType === "FIDELITY")).toMatchObject([
      { outcome: "PASS", subjectId: world.of("AMENDMENT_ADOPTED")[0]?.amendmentId, failedCriteria: [], checksFailed: 0 },
    ]);

    const later = await host.open();
    expect(later.specificationId).toBe(successorId);
    expect(guidance(before)).toEqual([]);
    expect(guidance(later)).toEqual([expect.stringContaining("`double` doubles its argument")]);
    expect(later.knowingState?.policy.beadId).not.toBe(before.knowingState?.policy.beadId);
    expect(later.autonomy).toBe(before.autonomy);
    // What the first agent retrieved has moved: it begins nothing with it any more.
    expect(await host.execute(before)).toMatchObject({ ok: false, code: "STALE_TARGET" });
    expect(await host.execute(later)).toMatchObject({ ok: true });
  });

  test("reports every node that it left in the graph, each once", async () => {
    const { world, host } = await atWork();
    await host.fail("d1", { outcome: "SUCCESS", exhausted: false, checks: HIDDEN_FAILED });
    const written = world.of("ARTIFACT_WRITTEN");
    for (const type of ["Hypothesis", "Amendment", "VerificationProcess", "Verdict", "Specification", "Claim", "DispositionEvent"]) {
      expect(written.filter(({ artifactType }) => artifactType === type)).toHaveLength(1);
    }
    // The others are of the planning: what could have been proposed, why one of it was, and why it was approved.
    expect(written.filter(({ artifactType }) => artifactType === "CandidateSet")).toHaveLength(2);
    expect(written.filter(({ artifactType }) => artifactType === "ElucidationArtifact")).toHaveLength(3);
    expect(new Set(written.map(({ artifactId }) => artifactId)).size).toBe(written.length);
    for (const { artifactId } of written) expect(world.graph.get(artifactId)).not.toBeNull();
  });
});

describe("an invariant mismatch", () => {
  const constraint = aClaim({ claimId: "C-2", kind: "constraint", text: "No imports.", line: 20, visible: [], holdout: [] });
  const { functionName: _none, ...unbound } = constraint;
  const IMPORTING = `import "node:fs";\n${CODE}`;

  test("adds the constraint to what the next attempt is told, and later agents of the role know it from the start", async () => {
    const { world, host, specificationId } = await atWork([aClaim(), unbound]);
    const invariant = artifactNode("INV", "Invariant", ORG, { claimId: "C-2", statement: "No imports.", detector: "no-imports" }, [specificationId]);
    world.graph.append([invariant], []);
    world.blobs.set(blobKey.content(sha256Hex(IMPORTING)), new TextEncoder().encode(IMPORTING));
    await host.fail("d1", {
      claimRefs: ["C-1", "C-2"],
      checks: [
        { checkId: "CHK-1", kind: "examples", ok: true, holdout: false, reportDigest: "a", summary: "4 passed", claimId: "C-1" },
        { checkId: "CHK-2", kind: "detector", ok: false, holdout: false, reportDigest: "b", summary: "src/double.ts:1 imports", claimId: "C-2" },
      ],
      firings: [{ invariantId: invariant.id, claimId: "C-2", message: "src/double.ts:1 imports node:fs" }],
      failedTree: { "src/double.ts": sha256Hex(IMPORTING) },
    });
    expect(world.of("AMENDMENT_ADOPTED")).toMatchObject([{ faultAttribution: "INVARIANT_MISMATCH", scope: "modify-invariant" }]);
    expect(world.amends).toMatchObject([{ request: { claimId: "C-2", note: expect.stringContaining("No imports."), revealedLines: [], beadIds: AFFECTED } }]);
    expect(guidance(await host.open())).toEqual([expect.stringContaining("No imports.")]);
  });
});

describe("a tooling failure", () => {
  test("that breaks what governs the agent lowers its trust, and a later agent of the role may do less", async () => {
    const { world, host, specificationId } = await atWork();
    // At the edge: one step down leaves the level at which an agent acts alone.
    const head = setTrust(world, 0.7);
    const before = await host.open();
    expect(before.autonomy).toBe("EXECUTE_BOUNDED");
    await host.fail("d1", { outcome: "GOVERNANCE", blockers: ["run_code was denied"], consentDenials: [{ toolName: "run_code", reason: "no grant" }] });

    const [adopted] = world.of("AMENDMENT_ADOPTED");
    expect(adopted).toMatchObject({ faultAttribution: "TOOLING_FAILURE", scope: "none", patch: { knowingState: { target: "trust", score: 0.65 } } });
    expect(adopted?.specificationId).toBeUndefined();
    expect(world.session.store.session()?.specificationId).toBe(specificationId);
    const later = await host.open();
    expect(later.knowingState?.trust).toMatchObject({ score: 0.65 });
    expect(later.knowingState?.trust.beadId).not.toBe(head);
    expect(later.autonomy).toBe("PROPOSE");
    expect(await host.execute(later, "EXECUTE_BOUNDED")).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });

    // The specification is not at fault, so nothing is re-opened by it: a person decides.
    expect(world.amends).toEqual([]);
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    await answer(world, "approved");
    expect(world.amends).toMatchObject([{ request: { note: "", beadIds: AFFECTED } }]);
    await world.reopened();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
  });
});

describe("a failure of the surroundings", () => {
  test("amends nothing by itself: a person lets it run again, on what is known already", async () => {
    const { world, host } = await atWork();
    const before = await host.open();
    const divergence = await host.fail("d1", { outcome: "TIMEOUT", summary: "900 seconds went by" });
    expect(world.kinds).not.toContain("AMENDMENT_PROPOSED");
    const hypothesisId = world.graph.edgesOf(divergence.divergenceId).out.find(({ rel }) => rel === "evidence_for")?.target ?? "";
    expect(world.graph.get(hypothesisId)?.data).toMatchObject({ faultAttribution: "ENVIRONMENTAL", amendmentScope: "none", severity: divergence.severity });
    expect(world.graph.hypotheses({ surfaced: true })).toMatchObject([{ node: { id: hypothesisId }, cycles: 1 }]);

    await answer(world, "approved");
    expect(world.of("AMENDMENT_ADOPTED")).toHaveLength(1);
    expect(world.amends).toMatchObject([{ request: { note: "", revealedLines: [], beadIds: AFFECTED } }]);
    const later = await host.open();
    expect(later.specificationId).toBe(world.amends[0]?.request.specificationId);
    expect(later.knowingState?.headsDigest).toBe(before.knowingState?.headsDigest);
  });
});

describe("a person who refused what a bead did", () => {
  test("has said why: the next attempt is told it as an instruction, without being asked twice", async () => {
    const { world, host } = await atWork();
    await host.fail("d1", { outcome: "SUCCESS", exhausted: false, rejection: "Use a shift." });
    expect(world.amends).toMatchObject([{ request: { note: "Use a shift.", revealedLines: [], beadIds: AFFECTED } }]);
    expect(world.of("AMENDMENT_ADOPTED")).toMatchObject([{ faultAttribution: "SPECIFICATION_GAP" }]);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING" });
  });
});
