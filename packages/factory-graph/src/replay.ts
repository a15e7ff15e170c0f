/**
 * The failed case on the amended specification: the tree that was judged is checked once more, in the sandbox, against the
 * claims as they would be. An amendment tells more and never asks for less, so what failed must still fail; where it shows
 * an example, what is shown must be enough to see the failure.
 */
import { RetryableError, messageOf } from "@factory/durable";
import { detectorName, functionFiles, successCheckSchema } from "@factory/schemas";
import type { CheckReport, Claim, SuccessCheck, Tree } from "@factory/schemas";
import type { ArtifactGraphRpc, DivergenceReport, StoredNode } from "@factory/schemas/rpc";
import { evaluatePlan, moduleIn, planChecks, planHoldouts } from "@factory/verification";
import type { CheckPlan, CheckResult, PlanInvariant, Sandbox } from "@factory/verification";
import { z } from "zod";
import { failed, passed, unscored } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** What a replay needs. */
export interface ReplayPorts {
  readonly graph: Pick<ArtifactGraphRpc, "getMany">;
  /** Text files of a tree by path. @throws when a file cannot be read now; that is taken as a sandbox that does not answer. */
  readonly readTree: (tree: Tree) => Promise<ReadonlyMap<string, string>>;
  readonly sandbox: Sandbox;
  /** Counts a try durably; true while another one is allowed. */
  readonly mayTryAgain: () => boolean;
}

/** What is replayed. */
export type ReplayCase = {
  readonly divergence: Pick<DivergenceReport, "divergenceType" | "status" | "role" | "claimId" | "failedTree">;
  /** The execution trace that the divergence rests on. */
  readonly trace: Pick<StoredNode, "data" | "parents">;
  /** The claims as the amendment makes them. */
  readonly claims: readonly Claim[];
  /** True when the amendment shows an example: the visible checks alone must then fail. */
  readonly reveals: boolean;
};

/**
 * Replays a case; null where no result was judged by an executed check, so that there is nothing an amendment could make
 * pass: the agent stopped, the surroundings failed, or a person decided.
 *
 * @throws RetryableError when the sandbox did not answer and another try is allowed.
 */
export async function replay(ports: ReplayPorts, subject: ReplayCase): Promise<Finding | null> {
  const { status, divergenceType } = subject.divergence;
  if (status !== "COMPLETE" || divergenceType === "approval-rejected") return null;
  const evidence = await evidenceOf(ports, subject);
  if (evidence === null) return unscored("The trace does not say what failed.");
  try {
    return await judge(ports, subject, evidence);
  } catch (err) {
    if (!(err instanceof Unanswered)) throw err;
    if (ports.mayTryAgain()) throw new RetryableError(`The failed case could not be replayed: ${err.message}`);
    return unscored(`The failed case could not be replayed: ${err.message}`);
  }
}

/** The sandbox or the store did not answer, which says nothing about the amendment. */
class Unanswered extends Error {}

async function judge(ports: ReplayPorts, subject: ReplayCase, evidence: Evidence): Promise<Finding> {
  const { claimId } = subject.divergence;
  const plans = plansOf(subject, evidence, await readFiles(ports, subject.divergence.failedTree));
  const visible = (await run(ports, plans.visible)).filter((result) => decides(result, claimId, evidence));
  if (visible.some(({ ok }) => !ok)) return passed("The failed result still fails under the visible checks.");
  if (subject.reveals) return failed("The failed result would pass the visible checks: what is revealed does not show the failure.");
  const hidden = await run(ports, plans.hidden);
  if (visible.length + hidden.length === 0) return unscored(`No executed check decides ${claimId}.`);
  return hidden.some(({ ok }) => !ok) ? passed("The failed result still fails under the hidden examples.") : failed("The failed result would pass.");
}

/** What is known of how the result failed. */
type Evidence = {
  /** Kinds of the visible checks that failed and belong to no other claim. */
  readonly failedKinds: ReadonlySet<string>;
  readonly invariants: readonly PlanInvariant[];
  /** The checks its directive asked for, and the files it wrote. */
  readonly check: SuccessCheck | null;
  readonly writes: readonly string[];
};

const traceEvidence = z.looseObject({
  checks: z.array(z.looseObject({ kind: z.string(), ok: z.boolean(), holdout: z.boolean(), claimId: z.string().optional() })),
  firings: z.array(z.looseObject({ invariantId: z.string(), claimId: z.string() })),
});
const invariantEvidence = z.looseObject({ claimId: z.string(), statement: z.string(), detector: detectorName });
const directiveEvidence = z.looseObject({ successCheck: successCheckSchema, fileScope: z.looseObject({ write: z.array(z.string()) }) });

async function evidenceOf({ graph }: ReplayPorts, { trace, divergence: { claimId } }: ReplayCase): Promise<Evidence | null> {
  const seen = traceEvidence.safeParse(trace.data);
  if (!seen.success) return null;
  const { checks, firings } = seen.data;
  const fired = [...new Set(firings.filter((firing) => firing.claimId === claimId).map(({ invariantId }) => invariantId))];
  const answer = await graph.getMany([...fired, ...trace.parents]);
  if (!answer.ok) throw new RetryableError(`The artifact graph did not answer: ${answer.message}`);
  const directive = answer.nodes.find(({ type }) => type === "AtomDirective");
  const told = directive === undefined ? null : directiveEvidence.parse(directive.data);
  return {
    failedKinds: new Set(checks.filter((check) => !check.ok && !check.holdout && (check.claimId ?? claimId) === claimId).map(({ kind }) => kind)),
    invariants: answer.nodes.filter(({ type }) => type === "Invariant").map(({ id, data }) => ({ invariantId: id, ...invariantEvidence.parse(data) })),
    check: told?.successCheck ?? null,
    writes: told?.fileScope.write ?? [],
  };
}

function plansOf(
  { divergence, claims }: ReplayCase,
  { failedKinds, invariants, check, writes }: Evidence,
  files: ReadonlyMap<string, string>,
): { readonly visible: CheckPlan; readonly hidden: CheckPlan } {
  const claim = claims.find(({ claimId }) => claimId === divergence.claimId);
  const sources = [...files.keys()].filter((path) => path.startsWith("src/"));
  const own = sources.filter((path) => writes.includes(path));
  const through = divergence.divergenceType === "atom-failure" && divergence.role === "coder" ? "own file" : "index";
  const moduleOf = moduleIn(files, through, functionFiles(claims));
  const checks: SuccessCheck[] = [
    ...(check === null ? [] : [check]),
    ...(claim !== undefined && hasExamples(claim, claims) ? [{ kind: "examples" as const, claim: claim.claimId }] : []),
    ...(claim !== undefined && claim.testFiles.length > 0 ? [{ kind: "tests" as const, files: [...claim.testFiles] }] : []),
  ];
  const context = { files, claims, moduleOf, sources: own.length > 0 ? own : sources, invariants, typesRequired: failedKinds.has("typecheck") };
  return {
    visible: planChecks({ kind: "all", checks }, context),
    hidden: planHoldouts(
      claims.filter(({ claimId }) => claimId === divergence.claimId),
      { files, moduleOf },
    ),
  };
}

/** A criterion that names a function shares the examples of the first claim that names it. */
function hasExamples(claim: Claim, claims: readonly Claim[]): boolean {
  return claims.some(
    ({ claimId, functionName, visible }) =>
      visible.length > 0 && (claimId === claim.claimId || (functionName !== undefined && functionName === claim.functionName)),
  );
}

/** A check of the claim itself, or one of the whole that had failed. */
function decides({ claimId, kind }: CheckResult, concerned: string, { failedKinds }: Evidence): boolean {
  return claimId === undefined ? failedKinds.has(kind) : claimId === concerned;
}

async function readFiles({ readTree }: ReplayPorts, tree: Tree): Promise<ReadonlyMap<string, string>> {
  try {
    return await readTree(tree);
  } catch (err) {
    throw new Unanswered(`the judged tree could not be read: ${messageOf(err)}`);
  }
}

/** A memo of its own: no report on hidden values outlives the replay. */
async function run({ sandbox }: ReplayPorts, plan: CheckPlan): Promise<readonly CheckResult[]> {
  const evaluation = await evaluatePlan(plan, sandbox, new Map<string, CheckReport>());
  if (!evaluation.ok) throw new Unanswered(evaluation.message);
  return evaluation.results;
}
