/** Executable verification: what is checked, how code is made safe to run, and what a verdict rests on. */
export { detectorForm } from "./detectors/catalogue.ts";
export type { DetectorForm } from "./detectors/catalogue.ts";
export { declaredLimit } from "./detectors/declared-limits.ts";
export type { DeclaredLimit } from "./detectors/declared-limits.ts";
export { noAmbientAccess } from "./detectors/no-ambient-access.ts";
export { noImports } from "./detectors/no-imports.ts";
export type { SourceDetector, Violation } from "./detectors/violation.ts";
export { allPassed, evaluatePlan } from "./evaluate.ts";
export type { CheckResult, Evaluation, ReportMemo } from "./evaluate.ts";
export { exampleTestName, lineOfTestName, mutationTestName, renderExampleTests } from "./examples.ts";
export type { ExampleTests } from "./examples.ts";
export { moduleIn } from "./module-of.ts";
export { CHECK_KINDS, RENDERED_FOLDER, importClosure, planChecks, planHoldouts } from "./plan.ts";
export type { CheckKind, CheckPlan, PlanClaim, PlanContext, PlanInvariant, Requirement, RequirementRun } from "./plan.ts";
export { SANDBOX_GRACE_MS, sandboxClient } from "./sandbox-client.ts";
export type { Sandbox, SandboxFetcher } from "./sandbox-client.ts";
