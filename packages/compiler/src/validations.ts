/** Validations: for each claim and invariant, what shows that it holds. */
import type { Claim, Invariant, SuccessCheck, WorkOrder } from "@factory/schemas";
import { claimsOfOrder } from "./claims.ts";
import { grouped } from "./grouped.ts";
import { invariantsOf } from "./invariants.ts";

/** What shows a claim. Without `check` and `detector` nothing executes it: a person decides, or it is recorded as not judged. */
export type Validation = {
  readonly kind: "unit" | "compile" | "property" | "scenario" | "performance";
  readonly statement: string;
  readonly priority: "required" | "optional";
  readonly claimRefs: readonly string[];
  /** Indexes of the invariants it covers, in the order of `invariantsOf`. */
  readonly invariants: readonly number[];
  readonly check?: SuccessCheck;
  readonly decidedBy: "platform" | "person" | "nobody";
};

/**
 * One validation for each claim, in the order of the claims. A criterion that names a function shares the check of the
 * first claim of that function.
 */
export function validationsOf(claims: readonly Claim[], invariants: readonly Invariant[]): Validation[] {
  const places = grouped([...invariants.keys()], (index) => invariants[index]?.claimId);
  const sources = shownClaims(claims);
  return claims.map((claim) =>
    claim.kind === "constraint" ? constraintValidation(claim, places.get(claim.claimId) ?? [], invariants) : executedValidation(claim, sources),
  );
}

/** The claim that shows the examples of each function. */
function shownClaims(claims: readonly Claim[]): ReadonlyMap<string, Claim> {
  const shown = grouped(claims, ({ functionName, visible }) => (visible.length > 0 ? functionName : undefined));
  return new Map([...shown].flatMap(([name, [first]]) => (first === undefined ? [] : [[name, first]])));
}

function constraintValidation(claim: Claim, covered: readonly number[], invariants: readonly Invariant[]): Validation {
  const detectors = covered.map((index) => invariants[index]?.detector);
  const byPerson = detectors.includes("person");
  return {
    kind: detectors.every((detector) => detector === "types") ? "compile" : byPerson ? "scenario" : "property",
    statement: byPerson ? `A person decides whether this holds: ${claim.text}` : `${detectors.join(", ")} find no breach of: ${claim.text}`,
    priority: "required",
    claimRefs: [claim.claimId],
    invariants: covered,
    decidedBy: byPerson ? "person" : "platform",
  };
}

function executedValidation(claim: Claim, sources: ReadonlyMap<string, Claim>): Validation {
  const check = checkFrom(claim, sources);
  const isMetric = claim.kind === "metric";
  const base = { claimRefs: [claim.claimId], invariants: [], priority: isMetric ? ("optional" as const) : ("required" as const) };
  if (check !== undefined) return { ...base, kind: "unit", statement: `${describeCheck(check)} shows: ${claim.text}`, check, decidedBy: "platform" };
  if (isMetric) return { ...base, kind: "performance", statement: `Not judged, since nothing executes it: ${claim.text}`, decidedBy: "nobody" };
  return { ...base, kind: "scenario", statement: `A person decides whether this holds: ${claim.text}`, decidedBy: "person" };
}

/** What executes a criterion or metric; undefined when nothing does. */
export function checkOf(claim: Claim, claims: readonly Claim[]): SuccessCheck | undefined {
  return checkFrom(claim, shownClaims(claims));
}

function checkFrom(claim: Claim, sources: ReadonlyMap<string, Claim>): SuccessCheck | undefined {
  const checks: SuccessCheck[] = [];
  const source = claim.functionName === undefined ? undefined : sources.get(claim.functionName);
  if (source !== undefined) checks.push({ kind: "examples", claim: source.claimId });
  if (claim.testFiles.length > 0) checks.push({ kind: "tests", files: [...claim.testFiles] });
  const [first] = checks;
  return checks.length > 1 ? { kind: "all", checks } : first;
}

function describeCheck(check: SuccessCheck): string {
  switch (check.kind) {
    case "examples":
      return `Running the examples of ${check.claim}`;
    case "tests":
      return `Running ${check.files.join(", ")}`;
    case "all":
      return check.checks.map(describeCheck).join(" and ");
    case "typecheck":
    case "output-contains":
    case "output-matches":
    case "file-exists":
      return `The check ${check.kind}`;
    default: {
      const unknown: never = check;
      return unknown;
    }
  }
}

/** Criteria and constraints that a person has to decide, in document order. */
export function personClaimsOf(claims: readonly Claim[], invariants: readonly Invariant[]): { readonly claimId: string; readonly text: string }[] {
  const byNumber = grouped(claims, ({ claimId }) => claimId);
  return validationsOf(claims, invariants)
    .filter(({ decidedBy }) => decidedBy === "person")
    .flatMap(({ claimRefs }) => claimRefs.flatMap((claimId) => byNumber.get(claimId) ?? []))
    .map(({ claimId, text }) => ({ claimId, text }));
}

/**
 * What a person has to decide of an order before it can be delivered: criteria that nothing executes and constraints that
 * no detector covers. Empty when the platform decides everything.
 */
export function personClaimsOfOrder(order: WorkOrder): { readonly claimId: string; readonly text: string }[] {
  const claims = claimsOfOrder(order);
  return personClaimsOf(claims, invariantsOf(claims));
}
