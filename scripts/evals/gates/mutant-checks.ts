/** Whether the checks of an order notice that its accepted code has been changed. */
import type { CoherenceInput } from "@factory/compiler";
import { functionFiles } from "@factory/schemas";
import type { CheckReport, SuccessCheck } from "@factory/schemas";
import { allPassed, evaluatePlan, importClosure, moduleIn, planChecks, planHoldouts } from "@factory/verification";
import type { CheckPlan, Evaluation, ReportMemo, Requirement, Sandbox } from "@factory/verification";
import type { Mutant } from "./mutants.ts";

/** What became of one mutant. `hidden`: only the hidden examples noticed. */
export type MutantVerdict = "visible" | "hidden" | "survived";

/** Accepted code with everything that decides whether it is still accepted. */
export type AcceptedCode = {
  readonly orderId: string;
  /** The delivered tree: base tree and solution. */
  readonly files: ReadonlyMap<string, string>;
  /** Paths of what was delivered. */
  readonly delivered: readonly string[];
  /** What the order has to show. */
  readonly graph: Pick<CoherenceInput, "claims" | "invariants">;
};

/** Times that a plan is handed to the sandbox. */
const MAX_ATTEMPTS = 3;

/** Checks code against its order, as the run verdict does. */
export class MutantChecks {
  readonly #code: AcceptedCode;
  readonly #sandbox: Sandbox;
  /** Not persisted: reports of what no mutant reaches are the same for all of them. */
  readonly #memo: ReportMemo = new Map<string, CheckReport>();

  constructor(code: AcceptedCode, sandbox: Sandbox) {
    this.#code = code;
    this.#sandbox = sandbox;
  }

  /**
   * Why the code as it is would not be accepted; empty when it is.
   *
   * @throws Error when the sandbox gives no verdict
   */
  async problems(): Promise<string[]> {
    const { files } = this.#code;
    const visible = this.#visible(files);
    if (visible.requirements.length === 0) return ["Nothing checks it."];
    return [...(await this.#failures(visible)), ...(await this.#failures(this.#hidden(files)))];
  }

  /** @throws Error when the sandbox gives no verdict */
  async judge(mutant: Mutant): Promise<MutantVerdict> {
    const files = new Map([...this.#code.files, [mutant.path, mutant.source]]);
    if ((await this.#failures(reached(this.#visible(files), mutant.path))).length > 0) return "visible";
    return (await this.#failures(reached(this.#hidden(files), mutant.path))).length > 0 ? "hidden" : "survived";
  }

  /** Every visible example, every test and every detector. The type check is left out: a mutant compiles, or is none. */
  #visible(files: ReadonlyMap<string, string>): CheckPlan {
    const { graph, delivered } = this.#code;
    const examples = graph.claims.filter(({ visible }) => visible.length > 0).map(({ claimId }): SuccessCheck => ({ kind: "examples", claim: claimId }));
    const tests = [...new Set(graph.claims.flatMap(({ testFiles }) => testFiles))].sort();
    const checks: SuccessCheck[] = [...examples, ...(tests.length === 0 ? [] : [{ kind: "tests" as const, files: tests }])];
    return planChecks(
      { kind: "all", checks },
      {
        files,
        claims: graph.claims,
        moduleOf: moduleIn(files, "own file", functionFiles(this.#code.graph.claims)),
        sources: delivered.filter((path) => path.startsWith("src/")),
        invariants: graph.invariants.filter(({ detector }) => detector !== "types"),
        typesRequired: false,
      },
    );
  }

  #hidden(files: ReadonlyMap<string, string>): CheckPlan {
    return planHoldouts(this.#code.graph.claims, { files, moduleOf: moduleIn(files, "own file", functionFiles(this.#code.graph.claims)) });
  }

  /** A sandbox that could not run a job says nothing about the code, so that it is asked again, as the coordinator does. */
  async #evaluate(plan: CheckPlan): Promise<Extract<Evaluation, { ok: true }>> {
    for (let attempt = 1; ; attempt++) {
      const evaluation = await evaluatePlan(plan, this.#sandbox, this.#memo);
      if (evaluation.ok) return evaluation;
      if (attempt === MAX_ATTEMPTS) throw new Error(`The sandbox gives no verdict on ${this.#code.orderId}: ${evaluation.message}`);
    }
  }

  async #failures(plan: CheckPlan): Promise<string[]> {
    if (plan.requirements.length === 0) return [];
    const evaluation = await this.#evaluate(plan);
    return allPassed(evaluation.results) ? [] : evaluation.results.filter(({ ok }) => !ok).map(({ label, problems }) => `${label}: ${problems.join(" ")}`);
  }
}

/** The part of a plan that a change of one file can alter: what runs no test that reaches it has the verdict it had. */
function reached(plan: CheckPlan, path: string): CheckPlan {
  const reaches = ({ run }: Requirement): boolean => run.how !== "tests" || importClosure(plan.files, run.files).has(path);
  return { ...plan, requirements: plan.requirements.filter(reaches) };
}
