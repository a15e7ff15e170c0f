/** `run_checks`: the directive's own checks on the workspace as it is, with the visible examples only. */
import { allPassed, evaluatePlan } from "@factory/verification";
import type { CheckResult, ReportMemo, Sandbox } from "@factory/verification";
import type { CheckReport } from "@factory/schemas";
import type { ClaimedBead } from "@factory/schemas/rpc";
import type { Workspace } from "@factory/workspace";
import { planOfBead } from "../coordinator/check-plans.ts";

/** What a model reads of a run of its checks. */
export type CheckSummary = {
  readonly ok: boolean;
  readonly checks: readonly {
    readonly check: string;
    readonly ok: boolean;
    readonly passed: number;
    readonly failed: number;
    readonly problems: readonly string[];
  }[];
};

/** Problems told of all checks together: what a model acts on, and a fraction of what its context holds. */
const MAX_PROBLEMS = 40;

/** Waits before a job is run again after the sandbox gave no verdict, in milliseconds; a restart of it takes seconds. */
export const SANDBOX_WAITS_MS = [1_000, 4_000] as const;

/** The sandbox gave no verdict. That says nothing about the code, so the attempt ends as a failure of the infrastructure. */
export class SandboxSilent extends Error {
  override readonly name = "SandboxSilent";
}

/** What a check runner needs. */
export interface CheckRunnerDeps {
  readonly sandbox: Sandbox;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  /** Waits for some milliseconds, or throws when the attempt is stopped. */
  readonly pause: (ms: number) => Promise<void>;
}

/** Runs the checks of one bead. */
export class CheckRunner {
  readonly #deps: CheckRunnerDeps;
  readonly #bead: ClaimedBead;
  readonly #workspace: Workspace;
  /** Not persisted: reports of this attempt, so that code which did not change is not run again. */
  readonly #memo: ReportMemo = new Map<string, CheckReport>();
  #spentMs = 0;

  constructor(deps: CheckRunnerDeps, bead: ClaimedBead, workspace: Workspace) {
    this.#deps = deps;
    this.#bead = bead;
    this.#workspace = workspace;
  }

  /** Milliseconds that checks have taken so far. */
  get spentMs(): number {
    return this.#spentMs;
  }

  /**
   * Plans and executes what the coordinator will run on this result, if no peer changes the same files meanwhile.
   *
   * @throws SandboxSilent when the sandbox gives no verdict.
   */
  async run(): Promise<CheckSummary> {
    const startedAt = this.#deps.now();
    try {
      return await this.#evaluate();
    } finally {
      this.#spentMs += this.#deps.now() - startedAt;
    }
  }

  async #evaluate(): Promise<CheckSummary> {
    const { directive, claims, invariants, typesRequired } = this.#bead;
    const subject = { directive, wholeTree: false, claims, invariants, typesRequired, changed: this.#workspace.changedPaths() };
    const plan = planOfBead(subject, await this.#workspace.files());
    for (let tries = 0; ; tries++) {
      const evaluation = await evaluatePlan(plan, this.#deps.sandbox, this.#memo);
      if (evaluation.ok) return { ok: allPassed(evaluation.results), checks: summarise(evaluation.results) };
      const waitMs = SANDBOX_WAITS_MS[tries];
      if (waitMs === undefined) throw new SandboxSilent(`the checks could not be run: ${evaluation.message}`);
      await this.#deps.pause(waitMs);
    }
  }
}

function summarise(results: readonly CheckResult[]): CheckSummary["checks"] {
  let left = MAX_PROBLEMS;
  return results.map(({ label, ok, passed, failed, problems }) => {
    const shown = problems.slice(0, left);
    left -= shown.length;
    const dropped = problems.length - shown.length;
    return { check: label, ok, passed, failed, problems: dropped === 0 ? shown : [...shown, `and ${dropped} more`] };
  });
}
