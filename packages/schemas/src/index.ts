/** The words every room shares: ids, names, digests, errors, events, artifacts and messages. */
export * from "./artifacts.ts";
export * from "./canonical.ts";
export * from "./checks.ts";
export * from "./directive.ts";
export * from "./envelope.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./function-file.ts";
export * from "./identity.ts";
export * from "./ids.ts";
export * from "./open-question.ts";
export * from "./repository.ts";
export * from "./review-effects.ts";
export * from "./states.ts";
export * from "./work-order.ts";
export * from "./written-events.ts";
