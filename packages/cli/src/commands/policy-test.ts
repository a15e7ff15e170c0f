/** `factory policy test`: the tests of a folder of policies, run here, before anything is deployed. Asks no platform. */
import { resolve } from "node:path";
import {
  POLICY_TEST_ROOT_ORG,
  PolicyDecisionPoint,
  runPolicyCases,
  type PolicyCase,
  type PolicyCaseResult,
  type PolicySource,
  type PolicyTestReport,
} from "@factory/governance/pdp";
import { nodeCedar, POLICIES_DIRECTORY, readPolicyDirectory, readPolicyTests } from "@factory/governance/pdp/node";
import { FactoryError } from "@factory/schemas";
import { EXIT, UsageError } from "../errors.ts";
import { oneLine } from "../terminal-text.ts";
import type { CommandContext } from "./command.ts";

/** Runs the tests of a folder; of the factory's own policies where none is named. @returns the exit code */
export function policyTest(context: CommandContext, directory: string | undefined): number {
  const folder = directory === undefined ? POLICIES_DIRECTORY : resolve(context.directory, directory);
  const { source, cases } = readFolder(folder);
  const point = decisionPoint(source);
  if (typeof point === "string") return invalid(context, point);
  const report = runPolicyCases(point, cases);
  if (context.values["json"] === true) printJson(context, point, report);
  else printText(context, point, report);
  return report.ok ? EXIT.completed : EXIT.failed;
}

function readFolder(folder: string): { readonly source: PolicySource; readonly cases: readonly PolicyCase[] } {
  try {
    return { source: readPolicyDirectory(folder), cases: readPolicyTests(folder) };
  } catch (err) {
    throw new UsageError(`The tests cannot be read: ${err instanceof Error ? err.message : String(err)}`);
  }
}

/** The policies ready to decide, or what is wrong with them. */
function decisionPoint(source: PolicySource): PolicyDecisionPoint | string {
  try {
    return new PolicyDecisionPoint(nodeCedar, source, POLICY_TEST_ROOT_ORG);
  } catch (err) {
    if (err instanceof FactoryError && err.code === "FAILED_PRECONDITION") return err.message;
    throw err;
  }
}

function invalid({ print, values }: CommandContext, problem: string): number {
  print(values["json"] === true ? JSON.stringify({ outcome: "FAILED", reason: problem }) : oneLine(problem));
  return EXIT.failed;
}

const failedOf = ({ results }: PolicyTestReport): PolicyCaseResult[] => results.filter(({ problems }) => problems.length > 0);

function printText({ print }: CommandContext, { policySet }: PolicyDecisionPoint, report: PolicyTestReport): void {
  const failed = failedOf(report);
  for (const { policyCase, problems } of failed) {
    print(`${policyCase.file}: ${oneLine(policyCase.it)}`);
    for (const problem of problems) print(`  ${oneLine(problem)}`);
  }
  for (const id of report.undecided) print(`${policySet.policies.get(id)?.file ?? ""}: no test that holds has seen "${id}" decide`);
  print(`${report.results.length} tests of ${policySet.policies.size} policies, ${failed.length} failed, ${report.undecided.length} policies without a test`);
}

function printJson({ print }: CommandContext, { policySet }: PolicyDecisionPoint, report: PolicyTestReport): void {
  const failed = failedOf(report);
  for (const { policyCase, decision, problems } of failed) {
    print(JSON.stringify({ file: policyCase.file, it: policyCase.it, decision: decision.allowed ? "allow" : "deny", policies: decision.policies, problems }));
  }
  const { size } = policySet.policies;
  print(
    JSON.stringify({
      outcome: report.ok ? "COMPLETED" : "FAILED",
      ...(report.ok ? {} : { reason: `${failed.length} tests failed and ${report.undecided.length} policies have none.` }),
      tests: report.results.length,
      failed: failed.length,
      policies: size,
      untested: report.undecided,
      policySet: policySet.digest,
    }),
  );
}
