/** What the directives of a run have in common, when it is compiled and whenever it is amended. */
import { defaultPolicyBeadId } from "@factory/gears";
import { functionFiles } from "@factory/schemas";
import type { Claim, Id } from "@factory/schemas";
import type { CompileRequest } from "@factory/schemas/rpc";
import type { DirectiveContext } from "./directives.ts";
import type { AtomPlan } from "./work-graph.ts";

/** What a bead may spend when the order states no budget, in US dollars. */
export const DEFAULT_BEAD_BUDGET_USD = 1;

/** The claims a plan answers for, in their own order. */
export function claimsOf(plan: Pick<AtomPlan, "claimRefs">, claims: readonly Claim[]): Claim[] {
  const refs = new Set(plan.claimRefs);
  return claims.filter(({ claimId }) => refs.has(claimId));
}

/** How many atoms do work: the ones that share the budget and the slots. */
export function workersOf(atoms: readonly { readonly plan: Pick<AtomPlan, "role"> }[]): number {
  return atoms.filter(({ plan }) => plan.role !== "verifier:outcome").length;
}

/** What every directive of a run has in common. */
export function directiveContext(
  request: CompileRequest,
  run: { readonly runId: Id<"RUN">; readonly workGraphId: Id<"WG">; readonly claims: readonly Claim[]; readonly workers: number },
): DirectiveContext {
  const { org, assembly, order, config, elucidationArtifactId } = request;
  const { title, problem, goal, functions, outOfScope } = order;
  return {
    org,
    assembly,
    runId: run.runId,
    workGraphId: run.workGraphId,
    order: { title, problem, goal, functions },
    constraints: run.claims.filter(({ kind }) => kind === "constraint"),
    outOfScope: outOfScope.map(({ text }) => text),
    fileOf: functionFiles(run.claims),
    elucidationArtifactId,
    beadBudgetUsd: config.budgetUsd === undefined ? DEFAULT_BEAD_BUDGET_USD : config.budgetUsd / Math.max(1, run.workers),
    policyBeadIdOf: (role) => defaultPolicyBeadId(org, role),
  };
}
