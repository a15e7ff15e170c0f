/** The factory's own part of the artifact graph: its types, relations and id rules. */
export * from "./factory-registry.ts";
export * from "./node-ids.ts";
