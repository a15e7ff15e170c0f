/** The deterministic compiler: a work order becomes claims, atoms, invariants and directives. No model decides here. */
export * from "./amend.ts";
export * from "./claims.ts";
export * from "./coherence-input.ts";
export * from "./coherence.ts";
export * from "./compile.ts";
export * from "./config.ts";
export { detectorsFor } from "./detectors.ts";
export { makeDirective } from "./directives.ts";
export type { DetectorChoice } from "./detectors.ts";
export { ORDER_RULES } from "./faults.ts";
export type { OrderRule } from "./faults.ts";
export * from "./intake.ts";
export * from "./parse-work-order.ts";
export * from "./prompt-task.ts";
export { isModulePath, repositoryMapOf } from "./repository-map.ts";
export * from "./split.ts";
export { checkOf, personClaimsOfOrder } from "./validations.ts";
