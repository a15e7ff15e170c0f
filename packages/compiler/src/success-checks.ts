/** Success checks: how several become one, and what one consists of. */
import type { Claim, SuccessCheck } from "@factory/schemas";

/** Most checks in one `all`; the schema of success checks has the same bound. */
const MAX_CHECKS_IN_ALL = 16;

/** One check of several, nested where there are more than one `all` may hold. */
export function allOf(checks: readonly SuccessCheck[]): SuccessCheck {
  const [only] = checks;
  if (only === undefined) throw new TypeError("A success check needs at least one check.");
  if (checks.length === 1) return only;
  if (checks.length <= MAX_CHECKS_IN_ALL) return { kind: "all", checks: [...checks] };
  const groups: SuccessCheck[] = [];
  for (let at = 0; at < checks.length; at += MAX_CHECKS_IN_ALL) groups.push(allOf(checks.slice(at, at + MAX_CHECKS_IN_ALL)));
  return allOf(groups);
}

/** Checks without the `all` around them; an empty `all` stays, as the fault it is. */
export function leavesOf(check: SuccessCheck): SuccessCheck[] {
  return check.kind === "all" && check.checks.length > 0 ? check.checks.flatMap(leavesOf) : [check];
}

/** A check for each claim that has visible examples. */
export function examplesChecks(claims: readonly Claim[]): SuccessCheck[] {
  return claims.filter(({ visible }) => visible.length > 0).map(({ claimId }) => ({ kind: "examples", claim: claimId }));
}

/** One check of several test files; none of no file. */
export function testsCheck(files: readonly string[]): SuccessCheck[] {
  return files.length === 0 ? [] : [{ kind: "tests", files: [...files] }];
}

/** Test files that claims name, each once, in the order of the claims. */
export function testsOf(claims: readonly Claim[]): string[] {
  return [...new Set(claims.flatMap(({ testFiles }) => testFiles))];
}
