/** RPC interfaces of every object and the one getter of each. */
export * from "./coordinator.ts";
export * from "./directory.ts";
export * from "./graph.ts";
export * from "./health.ts";
export * from "./linear.ts";
export * from "./log.ts";
export * from "./mediation.ts";
export * from "./object-health.ts";
export * from "./policy.ts";
export * from "./read-model.ts";
export * from "./registry.ts";
export * from "./run-view.ts";
export * from "./session.ts";
export * from "./signals.ts";
export * from "./stubs.ts";
export * from "./subscriptions.ts";
export * from "./capacity.ts";
