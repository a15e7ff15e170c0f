/**
 * Tests of policies as data: a request, and what has to come of it. They run in the project's own tests and by
 * `factory policy test`, for a folder that nobody has loaded yet.
 */
import { FactoryError, MEMBER_ROLES } from "@factory/schemas";
import { POLICY_ACTIONS, type PolicyContext, type PolicyDecision, type PolicyRequest } from "@factory/schemas/rpc";
import { parse } from "yaml";
import { z } from "zod";
import type { PolicyDecisionPoint } from "./decision-point.ts";

/** What tests take for the platform's own organisation. */
export const POLICY_TEST_ROOT_ORG = "local";

const word = z.string().min(1).max(128);

const principal = z.strictObject({
  id: word.default("someone"),
  kind: z.enum(["api-key", "oidc", "linear", "system"]).default("api-key"),
  org: word.default("acme"),
  person: word.optional(),
  roles: z.array(z.enum(MEMBER_ROLES)).default([]),
  scopes: z.array(z.string()).default([]),
});

const resource = z.strictObject({
  type: z.enum(["Org", "Assembly", "Session"]).default("Assembly"),
  org: word.default("acme"),
  id: word.default("shop"),
  assembly: word.optional(),
});

/** Open at the values: a test may ask what comes of a value that the schema does not have. */
const context = z.strictObject({
  operation: z.unknown(),
  signal: z.unknown(),
  reviewMode: z.unknown(),
  matter: z.unknown(),
  budgetCents: z.unknown(),
  suspended: z.unknown(),
  askedFor: z.unknown(),
  approvedBy: z.unknown(),
});

const policyCase = z.strictObject({
  it: z.string().min(1),
  principal: principal.prefault({}),
  action: z.enum(POLICY_ACTIONS),
  resource: resource.prefault({}),
  context: context.partial().default({}),
  expect: z.strictObject({
    decision: z.enum(["allow", "deny"]),
    /** Exactly these decide, in any order. */
    policies: z.array(z.string()),
    /** Distinct people; without it 1. */
    approvals: z.int().positive().default(1),
  }),
});

const caseFile = z.array(policyCase).min(1);

/** One test. */
export type PolicyCase = {
  readonly it: string;
  readonly file: string;
  readonly request: PolicyRequest;
  readonly expected: z.infer<typeof policyCase>["expect"];
};

/** What came of one test; `problems` is empty when it holds. */
export type PolicyCaseResult = { readonly policyCase: PolicyCase; readonly decision: PolicyDecision; readonly problems: readonly string[] };

/** What came of all tests of a set. */
export type PolicyTestReport = {
  readonly results: readonly PolicyCaseResult[];
  /** Policies that no test which holds has seen decide. */
  readonly undecided: readonly string[];
  readonly ok: boolean;
};

/**
 * Reads a file of tests.
 *
 * @throws FactoryError INVALID_ARGUMENT that names the file and what is wrong
 */
export function readPolicyCases(file: string, text: string): PolicyCase[] {
  const parsed = caseFile.safeParse(yaml(file, text));
  if (!parsed.success) throw new FactoryError("INVALID_ARGUMENT", `${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data.map((read) => ({ it: read.it, file, request: requestOf(read), expected: read.expect }));
}

/** Asks the decision point each test. No tests at all is a failure: an empty set proves nothing. */
export function runPolicyCases(point: PolicyDecisionPoint, cases: readonly PolicyCase[]): PolicyTestReport {
  const results = cases.map((policyCase): PolicyCaseResult => {
    const decision = point.decide(policyCase.request);
    return { policyCase, decision, problems: problemsOf(policyCase.expected, decision) };
  });
  const decided = new Set(results.flatMap(({ decision, problems }) => (problems.length === 0 ? decision.policies : [])));
  const undecided = [...point.policySet.policies.keys()].filter((id) => !decided.has(id)).toSorted();
  return { results, undecided, ok: results.length > 0 && undecided.length === 0 && results.every(({ problems }) => problems.length === 0) };
}

function yaml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (err) {
    throw new FactoryError("INVALID_ARGUMENT", `${file}: ${err instanceof Error ? err.message : String(err)}`);
  }
}

function requestOf(read: z.infer<typeof policyCase>): PolicyRequest {
  const { assembly, ...target } = read.resource;
  return {
    principal: { ...read.principal, person: read.principal.person ?? read.principal.id },
    action: read.action,
    resource: assembly === undefined ? target : { ...target, assembly },
    // A test may ask what comes of a value that the types rule out.
    context: read.context as PolicyContext,
  };
}

function problemsOf(expected: PolicyCase["expected"], decision: PolicyDecision): string[] {
  const problems: string[] = [];
  const said = decision.allowed ? "allow" : "deny";
  if (said !== expected.decision) problems.push(`decided ${said}, not ${expected.decision}`);
  const wanted = expected.policies.toSorted();
  if (wanted.join() !== decision.policies.join()) problems.push(`decided by ${named(decision.policies)}, not ${named(wanted)}`);
  if (expected.approvals !== decision.approvals) problems.push(`asks for ${decision.approvals} approvals, not ${expected.approvals}`);
  if (problems.length > 0 && decision.reason !== "") problems.push(decision.reason);
  return problems;
}

function named(policies: readonly string[]): string {
  return policies.length === 0 ? "no policy" : policies.join(", ");
}
