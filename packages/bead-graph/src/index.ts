/** The knowing-state of agents: append-only beads of eight types, their heads, and what they allow at a moment. */
export * from "./bead-content.ts";
export * from "./bead-graph.ts";
export { knowingStateBeadId } from "./bead-id.ts";
export { BEAD_GRAPH_MIGRATIONS } from "./bead-schema.ts";
export { knowingStateOf, orgScope, roleScope, termOf, trustAutonomy } from "./knowing-state.ts";
export { MAX_SCHEDULED } from "./succession.ts";
