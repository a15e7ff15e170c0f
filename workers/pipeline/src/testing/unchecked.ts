/**
 * In place of `evidence.ts` and `verification.ts` in a benchmark's bundle: nothing is merged by lines, planned or checked, and
 * no check, trace, report or outcome bead is recorded. What is left of a bead is its way through the coordinator and the log.
 */
import { applyChangeSet } from "@factory/workspace";
import type { Candidate, Verification, VerifierDeps } from "../coordinator/verification.ts";

export * from "../coordinator/evidence.ts";
export * from "../coordinator/verification.ts";

/** What every candidate comes to. */
const PASSED = {
  key: "unchecked",
  kind: "file-exists",
  label: "unchecked",
  holdout: false,
  ok: true,
  passed: 1,
  failed: 0,
  failedLines: [],
  problems: [],
  reportDigest: "",
} as const;

/** The candidate's change set on its tree, without a check. */
export async function verifyCandidate(_deps: VerifierDeps, { tree, seen, changeSet }: Candidate): Promise<Verification> {
  const merged = applyChangeSet(tree, changeSet);
  if (!merged.ok) throw new Error("A change set of the benchmark does not fit its tree.");
  return { kind: "checked", seen, tree: merged.tree, written: merged.written, results: [PASSED], unexercised: [], checkMs: 0 };
}

export function recordChecks(): [] {
  return [];
}

export function recordEnding(): { readonly traceId: string; readonly diverged: boolean } {
  return { traceId: "", diverged: false };
}

export function reportFidelity(): void {}
