/** RPC of the commissioning Worker's entry class: what no single session can answer. */
import type { Org } from "../identity.ts";
import type { HealthRpc } from "./health.ts";

/** Assemblies of an org; `more` says that there are others. */
export type Assemblies = { readonly assemblies: readonly string[]; readonly more: boolean };

/** A session that is not terminal. */
export type OpenSession = { readonly org: Org; readonly sessionId: string };

export interface SessionRegistryRpc extends HealthRpc {
  /**
   * Assemblies an org has sessions in, the one of the newest session first, at most `limit` (1000 at most). The registry
   * follows the sessions, so an assembly is in it a moment after its first session begins.
   */
  assemblies(org: Org, limit: number): Promise<Assemblies>;
  /** Whether the org has had a session in the assembly: an object must not be made by asking for it. */
  hasAssembly(org: Org, assembly: string): Promise<boolean>;
  /** Sessions that are not terminal, by id, strictly after `after`; at most `limit` (1000 at most). What the sweep pokes. */
  openSessions(limit: number, after?: OpenSession): Promise<{ readonly sessions: readonly OpenSession[]; readonly more: boolean }>;
  /** The assembly of an org's session; null for a session that the registry does not know, or one of another org. */
  assemblyOf(org: Org, sessionId: string): Promise<string | null>;
  /** Sessions of an org, or of one of its assemblies, that are not terminal, by id, strictly after `after`; at most `limit` (1000 at most). */
  openSessionsOf(org: Org, assembly: string | null, limit: number, after?: string): Promise<{ readonly sessionIds: readonly string[]; readonly more: boolean }>;
}
