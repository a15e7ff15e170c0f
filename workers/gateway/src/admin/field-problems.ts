/** What is wrong with the fields of a request, all of it at once. */
import { FactoryError } from "@factory/schemas";
import { z } from "zod";

/** A field by its path in the request, and what is wrong with it. */
export type FieldProblem = { readonly field: string; readonly problem: string };

/** The refusal that lists every problem. */
export function problemsError(problems: readonly FieldProblem[]): FactoryError {
  const listed = problems.map(({ field, problem }) => `${field} ${problem}`).join(" ");
  return new FactoryError("INVALID_ARGUMENT", listed, { problems });
}

/** @throws FactoryError INVALID_ARGUMENT that lists every problem, when there is one. */
export function refuseProblems(problems: readonly FieldProblem[]): void {
  if (problems.length > 0) throw problemsError(problems);
}

const moment = z.iso.datetime({ offset: true });

/** Epoch milliseconds of an RFC 3339 time; null when it is none, or a day that does not exist. */
export function momentOf(text: string): number | null {
  const parsed = moment.safeParse(text);
  const at = parsed.success ? Date.parse(parsed.data) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

/** What is wrong with an expiry; empty is none. */
export function expiryProblems(expiresAt: string, nowMs: number): FieldProblem[] {
  if (expiresAt === "") return [];
  const at = momentOf(expiresAt);
  if (at === null) return [{ field: "expires_at", problem: "must be an RFC 3339 time, such as 2027-01-01T00:00:00Z." }];
  return at > nowMs ? [] : [{ field: "expires_at", problem: "has passed already." }];
}
