/** A lineage graph: append-only nodes and edges of registered types, and the questions `why` and `impact`. */
export * from "./artifact-graph.ts";
export * from "./core-registry.ts";
export * from "./registry.ts";
export { ARTIFACT_GRAPH_MIGRATIONS, NAMESPACE_COMPONENT, namespaceMigrations } from "./graph-schema.ts";
export { MAX_SURFACING_TEXT } from "./hypotheses.ts";
