/** What policy allows: Cedar behind a port, the policy set, decisions with what decided them, and tests of policies as data. */
export * from "./cedar-engine.ts";
export * from "./decision-point.ts";
export * from "./gen/policy-set.ts";
export * from "./policy-cases.ts";
export * from "./policy-set.ts";
