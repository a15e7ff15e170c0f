/** The policies that decide in every deployment, by their own tests. */
import { describe, expect, it } from "vitest";
import { POLICY_SOURCE, POLICY_TEST_ROOT_ORG, PolicyDecisionPoint, runPolicyCases } from "./index.ts";
import { nodeCedar, POLICIES_DIRECTORY, readPolicyDirectory, readPolicyTests } from "./node.ts";

const point = new PolicyDecisionPoint(nodeCedar, readPolicyDirectory(POLICIES_DIRECTORY), POLICY_TEST_ROOT_ORG);
const report = runPolicyCases(point, readPolicyTests(POLICIES_DIRECTORY));

describe("the policies", () => {
  it.each(report.results.map((result) => [`${result.policyCase.file}: ${result.policyCase.it}`, result] as const))("%s", (_name, { problems }) => {
    expect(problems).toEqual([]);
  });

  it("are each seen to decide by a test", () => {
    expect(report.undecided).toEqual([]);
    expect(report.ok).toBe(true);
  });

  it("are what the module holds that Workers load", () => {
    expect(POLICY_SOURCE).toEqual(readPolicyDirectory(POLICIES_DIRECTORY));
  });

  it("say what a caller lacks whom none permits, and why one forbids", () => {
    const of = (file: string, text: string): string | undefined =>
      report.results.find(({ policyCase }) => policyCase.file === `tests/${file}` && policyCase.it === text)?.decision.reason;
    expect(of("sessions.yaml", "lets no viewer begin work, whatever their key says")).toBe(
      'No policy permits SubmitSession on Assembly "shop"; it needs the scope session:submit, and of a member the role operator or admin.',
    );
    expect(of("suspension.yaml", "takes no order while work is suspended, from nobody")).toBe(
      'Work is suspended by order of two people; it is taken again after force-resume. (policy "suspended-submission")',
    );
  });
});
