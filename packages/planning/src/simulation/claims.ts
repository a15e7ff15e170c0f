/** The claims of an order with what is going to decide each of them. */
import { checkOf, claimsOfOrder, detectorsFor, testabilityOf } from "@factory/compiler";
import type { Claim, SuccessCheck, WorkOrder } from "@factory/schemas";
import type { DecidedBy, PlannedClaim } from "./plan.ts";

/** Every claim of an order in its sequence; hidden examples are counted and never shown. */
export function plannedClaims(order: WorkOrder): PlannedClaim[] {
  const claims = claimsOfOrder(order);
  return claims.map((claim) => {
    const { claimId, kind, line, text, functionName = null, visible, holdout, testFiles } = claim;
    const source = examplesOf(claim, claims);
    return {
      claimId,
      kind,
      line,
      text,
      functionName,
      visibleExamples: visible.length,
      hiddenExamples: holdout.length,
      sharesExamplesOf: source === undefined || source === claimId ? null : source,
      tests: testFiles,
      ...decisionOf(claim, claims, order),
    };
  });
}

type Decision = Pick<PlannedClaim, "decidedBy" | "detectors" | "detail" | "proposal">;

const decided = (decidedBy: DecidedBy, detectors: readonly string[] = []): Decision => ({ decidedBy, detectors, detail: null, proposal: null });

function decisionOf(claim: Claim, claims: readonly Claim[], order: WorkOrder): Decision {
  if (claim.kind === "constraint") return constraintDecision(claim);
  const kinds = checkKinds(checkOf(claim, claims));
  if (kinds.has("examples")) return decided(kinds.has("tests") ? "examples and tests" : "examples");
  if (kinds.has("tests")) return decided("tests");
  if (claim.kind === "metric") return { ...decided("nobody"), detail: "it names no function with examples and no test, so nothing executes it" };
  return criterionDecision(claim, order);
}

function constraintDecision({ text }: Claim): Decision {
  const detectors = detectorsFor(text).map(({ detector }) => detector);
  const named = detectors.filter((detector) => detector !== "person");
  if (named.length === 0) return decided("person");
  return decided(named.length === detectors.length ? "detectors" : "detectors and a person", named);
}

/** A criterion that nothing executes: a person decides it, or its wording leaves open what there is to decide. */
function criterionDecision({ text, line, functionName, testFiles }: Claim, order: WorkOrder): Decision {
  const criterion = { text, line, tests: testFiles, ...(functionName === undefined ? {} : { functionName }) };
  const testability = testabilityOf(criterion, order);
  if (testability.how !== "untestable") return decided("person");
  return { ...decided("untestable"), detail: testability.detail, proposal: testability.proposal };
}

function checkKinds(check: SuccessCheck | undefined): ReadonlySet<SuccessCheck["kind"]> {
  if (check === undefined) return new Set();
  return new Set(check.kind === "all" ? check.checks.map(({ kind }) => kind) : [check.kind]);
}

/** The claim whose examples are run for a claim. */
function examplesOf(claim: Claim, claims: readonly Claim[]): string | undefined {
  const check = checkOf(claim, claims);
  const leaves = check?.kind === "all" ? check.checks : check === undefined ? [] : [check];
  return leaves.flatMap((leaf) => (leaf.kind === "examples" ? [leaf.claim] : []))[0];
}
