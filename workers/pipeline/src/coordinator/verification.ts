/**
 * Checks a bead's result outside any transaction: merges the change set into the run tree, plans, and has the sandbox run
 * the plan. Nothing is decided here; the verdict is committed by whoever settles it, if the tree is still the same.
 */
import { fullJitterMs, messageOf } from "@factory/durable";
import type { BackoffPolicy, Random } from "@factory/durable";
import type { ChangeEntry, CheckReport, Claim, Tree } from "@factory/schemas";
import { evaluatePlan } from "@factory/verification";
import type { CheckPlan, CheckResult, ReportMemo, Requirement, Sandbox } from "@factory/verification";
import { applyChangeSet, describeConflict, mergeChangeSet, textFiles, treeDigest } from "@factory/workspace";
import type { BlobStore } from "@factory/workspace";
import { planOfBead, planOfHoldouts, planOfMolecule, scopeViolation } from "./check-plans.ts";
import type { CheckSubject, MoleculeSubject, ScopeViolation } from "./check-plans.ts";
import { describeMergeConflict, readMaterial } from "./merge-material.ts";
import type { MergeFile } from "./merge-material.ts";
import type { Seen } from "./store/tree-store.ts";

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

/** A bead's result with the files it is to be merged into: those of its scope, and what stands in the way of its paths. */
export type Candidate = CheckSubject & { readonly tree: Tree; readonly seen: Seen; readonly changeSet: readonly ChangeEntry[] };

/** What checking found. */
export type Verification =
  /** Outside the file scope or over a bound: a breach of the directive. */
  | ({ readonly kind: "violation" } & ScopeViolation)
  /** A change set that fits no tree of this form, or whose conflict nobody could be shown: to be done again on the new tree. */
  | { readonly kind: "misfit"; readonly reasons: readonly string[] }
  /** Peers changed the same files in ways that make no one tree. */
  | {
      readonly kind: "conflict";
      /** What it was compared with; where that has moved since, it is compared again. */
      readonly seen: Seen;
      readonly files: readonly MergeFile[];
    }
  | {
      readonly kind: "checked";
      /** What it was merged into; where that has moved since, it is checked again. */
      readonly seen: Seen;
      /** The files the checks saw: those of the scope, with the change set. */
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
  const rebased = await rebasedOf(deps, beforeTry, candidate);
  if (!rebased.ok) return rebased.verification;
  const merged = applyChangeSet(candidate.tree, rebased.changes);
  if (!merged.ok) return { kind: "misfit", reasons: merged.conflicts.map(describeConflict) };
  const changed = [...new Set([...candidate.changed, ...merged.written])];
  let plan: CheckPlan | undefined;
  const evaluation = await untilAnswered(deps, beforeTry, async () => {
    plan = planOfBead({ ...candidate, changed }, await textFiles(deps.blobs, merged.tree));
    return evaluatePlan(plan, deps.sandbox, deps.memo);
  });
  if (!evaluation.ok) return { kind: "infrastructure", message: `The checks could not be run: ${evaluation.message}` };
  return {
    kind: "checked",
    seen: candidate.seen,
    tree: merged.tree,
    written: merged.written,
    results: evaluation.results,
    unexercised: plan?.unexercised ?? [],
    checkMs: evaluation.checkMs,
  };
}

type Rebased = { readonly ok: true; readonly changes: readonly ChangeEntry[] } | { readonly ok: false; readonly verification: Verification };

/** The change set as it applies to the tree now, merged where the tree has moved; or what the conflict is resolved from. */
async function rebasedOf(deps: VerifierDeps, beforeTry: () => void, { tree, changeSet, seen }: Candidate): Promise<Rebased> {
  const { blobs } = deps;
  const answer = await untilAnswered(deps, beforeTry, async () => {
    const merge = await mergeChangeSet(blobs, tree, changeSet);
    return { ok: true, merge, files: merge.ok ? null : await readMaterial(blobs, changeSet, merge.conflicts) } as const;
  });
  if (!answer.ok) return { ok: false, verification: { kind: "infrastructure", message: `The change set could not be merged: ${answer.message}` } };
  const { merge, files } = answer;
  if (merge.ok) return { ok: true, changes: merge.changes };
  if (files === null) return { ok: false, verification: { kind: "misfit", reasons: merge.conflicts.map(describeMergeConflict) } };
  return { ok: false, verification: { kind: "conflict", seen, files } };
}

/** What the verdict on a molecule or a run rests on: visible checks and, of a run and when these hold, the hidden examples. */
export type RunCheck =
  | {
      readonly kind: "checked";
      /** Digest of the files that were checked: of a run the whole tree. */
      readonly treeDigest: string;
      readonly results: readonly CheckResult[];
      readonly holdouts: readonly CheckResult[];
      readonly unexercised: CheckPlan["unexercised"];
      readonly checkMs: number;
    }
  | { readonly kind: "infrastructure"; readonly message: string };

/** Checks a molecule on the tree as it is. Hidden examples judge the whole run alone. */
export async function verifyMolecule(
  deps: VerifierDeps,
  subject: MoleculeSubject & { readonly tree: Tree; readonly further: readonly Requirement[] },
  beforeTry: () => void,
): Promise<RunCheck> {
  let unexercised: CheckPlan["unexercised"] = [];
  const visible = await untilAnswered(deps, beforeTry, async () => {
    const plan = planOfMolecule(subject, await textFiles(deps.blobs, subject.tree));
    unexercised = plan.unexercised;
    return evaluatePlan({ ...plan, requirements: [...plan.requirements, ...subject.further] }, deps.sandbox, deps.memo);
  });
  if (!visible.ok) return { kind: "infrastructure", message: visible.message };
  return { kind: "checked", treeDigest: treeDigest(subject.tree), results: visible.results, holdouts: [], unexercised, checkMs: visible.checkMs };
}

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
  const judged = { kind: "checked", treeDigest: treeDigest(subject.tree), results: visible.results, unexercised } as const;
  if (visible.results.some(({ ok }) => !ok)) return { ...judged, holdouts: [], checkMs: visible.checkMs };
  // A memo of its own, dropped afterwards: no report on hidden values outlives the verdict.
  const hidden = await untilAnswered(deps, beforeTry, async () =>
    evaluatePlan(planOfHoldouts(subject.claims, await textFiles(deps.blobs, subject.tree)), deps.sandbox, new Map<string, CheckReport>()),
  );
  if (!hidden.ok) return { kind: "infrastructure", message: hidden.message };
  return { ...judged, holdouts: hidden.results, checkMs: visible.checkMs + hidden.checkMs };
}

type Unanswered = { readonly ok: false; readonly message: string };

/**
 * Asks until there is an answer, at most {@link MAX_CHECK_TRIES} times, and says how long that took. A store that fails
 * counts as the sandbox.
 */
async function untilAnswered<T extends { readonly ok: true }>(
  { random, sleep, now }: VerifierDeps,
  beforeTry: () => void,
  ask: () => Promise<T | Unanswered>,
): Promise<(T & { readonly checkMs: number }) | Unanswered> {
  const startedAt = now();
  let message = "";
  for (let tries = 1; tries <= MAX_CHECK_TRIES; tries++) {
    beforeTry();
    try {
      const answer = await ask();
      if (answer.ok) return { ...answer, checkMs: now() - startedAt };
      message = answer.message;
    } catch (err) {
      message = messageOf(err);
    }
    if (tries < MAX_CHECK_TRIES) await sleep(fullJitterMs(tries, CHECK_BACKOFF, random));
  }
  return { ok: false, message };
}
