/** A policy that a person writes: read as a file is, tried on the platform, and applied as exactly what was shown. */
import { ConnectError } from "@connectrpc/connect";
import { readPolicies, type PolicyFault, type ReadPolicy } from "@factory/governance/policies";
import { ErrorDetailSchema, type ApplyPolicyResponse } from "@factory/schemas/proto";
import type { FactoryClient } from "../../data/factory-client.ts";

type Admin = Pick<FactoryClient["admin"], "applyPolicy">;

/** What the platform would make of the text; or everything that is wrong with it, by its lines. */
export type PolicyPreview = { readonly read: ReadPolicy; readonly answer: ApplyPolicyResponse } | { readonly faults: readonly PolicyFault[] };

/** Writes nothing. @throws ConnectError when the platform does not answer, or not for what the text says */
export async function previewPolicy(admin: Admin, text: string): Promise<PolicyPreview> {
  const { policies, faults } = readPolicies(text);
  const [read, second] = policies;
  if (read === undefined) return { faults };
  if (second !== undefined) return { faults: [{ line: second.lineOf("scope"), problem: "One policy is applied at a time here." }] };
  try {
    return { read, answer: await admin.applyPolicy({ policy: requested(read), dryRun: true }) };
  } catch (err) {
    const problems = err instanceof ConnectError ? err.findDetails(ErrorDetailSchema).flatMap((detail) => detail.problems) : [];
    if (problems.length === 0) throw err;
    return { faults: problems.map(({ field, problem }) => ({ line: read.lineOf(field), problem: `${field} ${problem}` })) };
  }
}

/** Applies what a preview showed, on the head it was shown against. @throws ConnectError STALE_TARGET when that has moved */
export function applyPreviewed(admin: Admin, { read, answer }: Extract<PolicyPreview, { read: ReadPolicy }>): Promise<ApplyPolicyResponse> {
  const policy = { ...requested(read), effectiveAt: answer.policy?.effectiveAt ?? "" };
  return admin.applyPolicy({ policy, expectedHead: answer.previousBeadId });
}

function requested({ policy: { scope, autonomy, rules, effective_at: effectiveAt = "", expires_at: expiresAt = "" } }: ReadPolicy) {
  return { scope, autonomy, rules, effectiveAt, expiresAt };
}
