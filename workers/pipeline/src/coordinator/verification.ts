/**
 * Checks a bead's result outside any transaction: merges the change set into the run tree, plans, and has the sandbox run
 * the plan. Nothing is decided here; the verdict is committed by whoever settles it, if the tree is still the same.
 */
import { fullJitterMs, messageOf } from "@factory/durable";
import type { BackoffPolicy, Random } from "@factory/durable";
import type { ChangeEntry, CheckReport, Claim, Tree } from "@factory/schemas";
import { evaluatePlan } from "@factory/verification";
import type { CheckPlan, CheckResult, Evaluation, ReportMemo, Requirement, Sandbox } from "@factory/verification";
import { applyChangeSet, describeConflict, textFiles } from "@factory/workspace";
import type { BlobStore } from "@factory/workspace";
import { planOfBead, planOfHoldouts, scopeViolation } from "./check-plans.ts";
import type { CheckSubject, ScopeViolation } from "./check-plans.ts";

/** What checking needs. */
export interface VerifierDeps {
  readonly blobs: BlobStore;
  readonly sandbox: Sandbox;
  readonly memo: ReportMemo;
  readonly random: Random;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  /** Resolves after that many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
}

/** A bead's result with the tree it is to be merged into. */
export type Candidate = CheckSubject & { readonly tree: Tree; readonly treeDigest: string; readonly changeSet: readonly ChangeEntry[] };

/** What checking found. */
export type Verification =
  /** Outside the file scope or over a bound: a breach of the directive. */
  | ({ readonly kind: "violation" } & ScopeViolation)
  /** A peer changed the same files: to be done again on the new tree. */
  | { readonly kind: "conflict"; readonly reasons: readonly string[] }
  | {
      readonly kind: "checked";
      /** The tree it was merged into; another one now means: check again. */
      readonly onTree: string;
      readonly tree: Tree;
      readonly written: readonly string[];
      readonly results: readonly CheckResult[];
      readonly unexercised: CheckPlan["unexercised"];
      /** What the checks took, in milliseconds. */
      readonly checkMs: number;
    }
  /** What governs the agent moved while it worked: nothing it brings back counts. */
  | { readonly kind: "stale"; readonly reason: string }
  /** The checks or the comparison with the knowing-state could not be made; nothing is known of the code. */
  | { readonly kind: "infrastructure"; readonly message: string };

/** Tries of one evaluation before the bead is given back: with the back-off below about half a minute on average. */
export const MAX_CHECK_TRIES = 6;
/** A sandbox that a supervisor restarts is back within seconds. */
const CHECK_BACKOFF: BackoffPolicy = { baseMs: 500, capMs: 15_000 };

/** Merges and checks one candidate. `beforeTry` is called before each try, so that the caller extends the lease. */
export async function verifyCandidate(deps: VerifierDeps, candidate: Candidate, beforeTry: () => void): Promise<Verification> {
  const violation = scopeViolation(candidate.directive, candidate.changeSet);
  if (violation !== null) return { kind: "violation", ...violation };
  const merged = applyChangeSet(candidate.tree, candidate.changeSet);
  if (!merged.ok) return { kind: "conflict", reasons: merged.conflicts.map(describeConflict) };
  const changed = [...new Set([...candidate.changed, ...merged.written])];
  let plan: CheckPlan | undefined;
  const evaluation = await untilAnswered(deps, beforeTry, async () => {
    plan = planOfBead({ ...candidate, changed }, await textFiles(deps.blobs, merged.tree));
    return evaluatePlan(plan, deps.sandbox, deps.memo);
  });
  if (!evaluation.ok) return { kind: "infrastructure", message: `The checks could not be run: ${evaluation.message}` };
  return {
    kind: "checked",
    onTree: candidate.treeDigest,
    tree: merged.tree,
    written: merged.written,
    results: evaluation.results,
    unexercised: plan?.unexercised ?? [],
    checkMs: evaluation.checkMs,
  };
}

/** What the run verdict rests on: the visible checks of the merged tree and, when these hold, the hidden examples. */
export type RunCheck =
  | {
      readonly kind: "checked";
      readonly results: readonly CheckResult[];
      readonly holdouts: readonly CheckResult[];
      readonly unexercised: CheckPlan["unexercised"];
      readonly checkMs: number;
    }
  | { readonly kind: "infrastructure"; readonly message: string };

/** Checks the merged tree. Hidden examples are run apart from everything an operative could ever see. */
export async function verifyRun(
  deps: VerifierDeps,
  subject: CheckSubject & { readonly tree: Tree; readonly claims: readonly Claim[]; readonly further: readonly Requirement[] },
  beforeTry: () => void,
): Promise<RunCheck> {
  let unexercised: CheckPlan["unexercised"] = [];
  const visible = await untilAnswered(deps, beforeTry, async () => {
    const plan = planOfBead(subject, await textFiles(deps.blobs, subject.tree));
    unexercised = plan.unexercised;
    return evaluatePlan({ ...plan, requirements: [...plan.requirements, ...subject.further] }, deps.sandbox, deps.memo);
  });
  if (!visible.ok) return { kind: "infrastructure", message: visible.message };
  if (visible.results.some(({ ok }) => !ok)) return { kind: "checked", results: visible.results, holdouts: [], unexercised, checkMs: visible.checkMs };
  // A memo of its own, dropped afterwards: no report on hidden values outlives the verdict.
  const hidden = await untilAnswered(deps, beforeTry, async () =>
    evaluatePlan(planOfHoldouts(subject.claims, await textFiles(deps.blobs, subject.tree)), deps.sandbox, new Map<string, CheckReport>()),
  );
  if (!hidden.ok) return { kind: "infrastructure", message: hidden.message };
  return { kind: "checked", results: visible.results, holdouts: hidden.results, unexercised, checkMs: visible.checkMs + hidden.checkMs };
}

type TimedEvaluation = (Extract<Evaluation, { ok: true }> & { readonly checkMs: number }) | Extract<Evaluation, { ok: false }>;

/** Evaluates until the sandbox has an answer, at most {@link MAX_CHECK_TRIES} times. A store that fails counts as the sandbox. */
async function untilAnswered({ random, sleep, now }: VerifierDeps, beforeTry: () => void, evaluate: () => Promise<Evaluation>): Promise<TimedEvaluation> {
  const startedAt = now();
  let message = "";
  for (let tries = 1; tries <= MAX_CHECK_TRIES; tries++) {
    beforeTry();
    try {
      const evaluation = await evaluate();
      if (evaluation.ok) return { ...evaluation, checkMs: now() - startedAt };
      message = evaluation.message;
    } catch (err) {
      message = messageOf(err);
    }
    if (tries < MAX_CHECK_TRIES) await sleep(fullJitterMs(tries, CHECK_BACKOFF, random));
  }
  return { ok: false, message };
}
