/** RPC of the graph Worker: lineage and knowing-state. */
import type { ArtifactEdge, ArtifactNode } from "../artifacts.ts";
import type { Result } from "../errors.ts";
import type { Autonomy } from "../states.ts";

export type StoredNode = ArtifactNode & { readonly namespace: string; readonly createdAt: number };
export type StoredEdge = Required<ArtifactEdge> & { readonly createdAt: number };

/** Nodes, each once, the asked one first, with the edges walked between them; `truncated` when a bound was reached. */
export type Subgraph = { readonly nodes: StoredNode[]; readonly edges: StoredEdge[]; readonly truncated: boolean };

export interface ArtifactGraphRpc {
  /**
   * Appends nodes and edges in one transaction. A node or edge that is there with the same content is skipped; the
   * same id with other content, a wrong content id or a missing end is INTEGRITY; an unknown type INVALID_ARGUMENT.
   */
  append(namespace: string, nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): Promise<Result<{ written: number }>>;
  get(id: string): Promise<StoredNode | null>;
  /** Edges that leave and that reach a node, oldest first. @throws FactoryError TOO_LARGE for more than 10 000 on a side. */
  edgesOf(id: string): Promise<{ out: StoredEdge[]; in: StoredEdge[] }>;
  /** Every node that caused this one, nearest first. */
  why(id: string, limit?: number): Promise<Result<Subgraph>>;
  /** Every node that depends on this one, nearest first. */
  impact(id: string, limit?: number): Promise<Result<Subgraph>>;
  /**
   * Nodes of a namespace by type, oldest first, strictly after `afterId`; fewer than `limit` (1000 at most) when they are large.
   *
   * @throws FactoryError TOO_LARGE, INVALID_ARGUMENT for the limit, NOT_FOUND for `afterId`.
   */
  byType(namespace: string, type: string, limit: number, afterId?: string): Promise<StoredNode[]>;
  /** The specification of an assembly and domain that was adopted last and not superseded, or null. */
  getActiveSpecification(assembly: string, domain: string): Promise<StoredNode | null>;
}

/** A knowing-state bead as it is written; the id is the content id of `{ type, org, content, parents }`. */
export type KnowingStateBead = {
  readonly id: string;
  readonly type: "policy" | "trust" | "execution" | "outcome" | "amendment" | "consent" | "escalation" | "audit";
  readonly content: { readonly [key: string]: unknown };
  readonly parents: readonly string[];
  readonly supersedes?: string;
  readonly writtenBy: string;
  readonly writtenAt: number;
};

/** What governs an agent in a role at one moment. Missing or unreadable parts make the autonomy SUGGEST. */
export type KnowingState = {
  readonly knowingStateId: string;
  readonly policyBeadId: string | null;
  readonly trustBeadId: string | null;
  readonly consentBeadId: string | null;
  /** Tool names and actions consented to. */
  readonly grants: readonly string[];
  readonly autonomy: Autonomy;
  /** Digest of the heads it was computed from; a later write moves it. */
  readonly headsDigest: string;
  readonly retrievedAt: number;
};

export interface BeadGraphRpc {
  /**
   * Writes a bead and its audit bead in one transaction; a known id is a no-op. A bead has what it supersedes among its
   * parents. STALE_TARGET when what it supersedes is not the head of its policy scope, trust subject or consent role.
   */
  write(bead: KnowingStateBead, actorId: string, sessionId: string): Promise<Result<{ beadId: string; auditBeadId: string }>>;
  get(id: string): Promise<KnowingStateBead | null>;
  retrieve(role: string, subjectId: string, sessionAutonomy: Autonomy): Promise<KnowingState>;
  /** Writes those policy, trust and consent beads whose scope, subject or role has none yet. Idempotent. */
  bootstrap(beads: readonly KnowingStateBead[]): Promise<Result<{ written: number }>>;
}
