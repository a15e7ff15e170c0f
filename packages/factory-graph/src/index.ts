/** The factory's own part of the artifact graph: its types, relations and id rules. */
export { artifactTitle } from "./artifact-title.ts";
export * from "./changes.ts";
export * from "./detectors.ts";
export * from "./factory-registry.ts";
export * from "./hypothesis-rules.ts";
export * from "./node-ids.ts";
export * from "./outcome.ts";
export { MAX_RUN_VERDICT_RETRIES } from "./run-verdicts.ts";
