/** What an agent's author uses: a session that may act only on knowing-state it has retrieved, within what that allows. */
export * from "./knowing-state-sdk.ts";
export * from "./session-store.ts";
export * from "./snapshot-cache.ts";
export { ASK_DEADLINE_MS, CACHE_DEADLINE_MS } from "./governing-reader.ts";
export { KSP_SESSIONS_COMPONENT, KSP_SESSIONS_MIGRATIONS } from "./session-schema.ts";
export { exceeds } from "./session-rules.ts";
export type { ExecutionRequest, OutcomeRequest, Proposal } from "./session-beads.ts";
