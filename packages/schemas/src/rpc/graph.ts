/** RPC of the graph Worker: lineage and knowing-state. */
import type { ArtifactEdge, ArtifactNode } from "../artifacts.ts";
import type { Result } from "../errors.ts";
import type { Autonomy } from "../states.ts";

export type StoredNode = ArtifactNode & { readonly namespace: string; readonly createdAt: number };
export type StoredEdge = Required<ArtifactEdge> & { readonly createdAt: number };

/** Nodes, each once, the asked one first, with the edges walked between them; `truncated` when a bound was reached. */
export type Subgraph = { readonly nodes: StoredNode[]; readonly edges: StoredEdge[]; readonly truncated: boolean };

/** Bounds of a walk: at most so many nodes, at most so many edges away from the start. */
export type WalkBounds = { readonly limit?: number; readonly depth?: number };

/** Which way a walk goes over a relation: `forward` from source to target, `backward` from target to source. */
export type Direction = "forward" | "backward";

/** One step of a bounded path. */
export type PathStep = { readonly rel: string; readonly direction?: Direction; readonly targetType?: string };

/** A path from the asked node, both ends included, with the edge of each step. */
export type LineagePath = { readonly nodes: StoredNode[]; readonly edges: StoredEdge[] };

/**
 * What became of a hypothesis: `open` until an amendment that it motivates is decided; then the last decision;
 * `superseded` when another node corrects it.
 */
export const HYPOTHESIS_STATUSES = ["open", "adopted", "rejected", "superseded"] as const;
export type HypothesisStatus = (typeof HYPOTHESIS_STATUSES)[number];

/** Filters of a hypothesis query; all that are given have to hold. */
export type HypothesisQuery = {
  readonly status?: HypothesisStatus;
  readonly severity?: string;
  /** Whether it has been surfaced to a person at least once. */
  readonly surfaced?: boolean;
  /** Surfaced in at least so many cycles and still open. */
  readonly carriedOver?: number;
  readonly limit?: number;
  /** Hypotheses strictly before this one in the order of the answer, which is newest first. */
  readonly beforeId?: string;
};

/** A hypothesis with what followed from it. */
export type HypothesisRow = { readonly node: StoredNode; readonly status: HypothesisStatus; readonly cycles: number };

/** One org's and assembly's lineage. The object is bound to the assembly's namespace: nothing of another is read or written. */
export interface ArtifactGraphRpc {
  /**
   * Appends nodes and edges in one transaction. A node or edge that is there with the same content is skipped; the
   * same id with other content, a wrong content id or a missing end is INTEGRITY; an unknown type INVALID_ARGUMENT; a
   * second successor of one predecessor (`version_of`) STALE_TARGET.
   */
  append(nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): Promise<Result<{ written: number }>>;
  get(id: string): Promise<StoredNode | null>;
  /** The nodes of the ids in their order; those that do not exist are left out. At most 1000 ids. */
  getMany(ids: readonly string[]): Promise<Result<{ nodes: StoredNode[] }>>;
  /** Edges that leave and that reach a node, oldest first. @throws FactoryError TOO_LARGE for more than 10 000 on a side. */
  edgesOf(id: string): Promise<{ out: StoredEdge[]; in: StoredEdge[] }>;
  /** Every node that caused this one, nearest first. */
  why(id: string, bounds?: WalkBounds): Promise<Result<Subgraph>>;
  /** Every node that depends on this one, nearest first. */
  impact(id: string, bounds?: WalkBounds): Promise<Result<Subgraph>>;
  /** Walks one relation one way, nearest first. */
  walkLineage(id: string, rel: string, direction: Direction, bounds?: WalkBounds): Promise<Result<Subgraph>>;
  /** Predecessors and successors of a node over one relation, itself first. */
  collectLineage(id: string, rel: string, bounds?: WalkBounds): Promise<Result<Subgraph>>;
  /** Paths that follow exactly these steps, newest end first. */
  boundedPath(id: string, steps: readonly PathStep[], limit?: number): Promise<Result<{ paths: LineagePath[]; truncated: boolean }>>;
  /**
   * Nodes by type, oldest first, strictly after `afterId`; fewer than `limit` (1000 at most) when they are large.
   *
   * @throws FactoryError TOO_LARGE, INVALID_ARGUMENT for the limit, NOT_FOUND for `afterId`.
   */
  byType(type: string, limit: number, afterId?: string): Promise<StoredNode[]>;
  /** Hypotheses, newest first. */
  hypotheses(query: HypothesisQuery): Promise<Result<{ hypotheses: HypothesisRow[] }>>;
  /** Notes that a hypothesis was shown to a person in a cycle; the same again changes nothing. */
  surface(hypothesisId: string, cycle: string, surfacedTo: string): Promise<Result<{ cycles: number }>>;
  /** The specification of a domain that was adopted last and not superseded, or null. */
  getActiveSpecification(domain: string): Promise<StoredNode | null>;
  /** The active specification of every domain, the one adopted last first. */
  activeSpecifications(limit?: number): Promise<StoredNode[]>;
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

/** Why a part of the knowing-state gives the autonomy it gives. */
export type GoverningPart = {
  /** The bead in force; null when none is. */
  readonly beadId: string | null;
  /** `active`, or why nothing is: never written, not in force (suspended, revoked, expired, not yet effective), or not readable. */
  readonly standing: "active" | "missing" | "inactive" | "unreadable";
  readonly autonomy: Autonomy;
};

/** What governs an agent in a role, as far as it does not depend on who asks in which session. */
export type KnowingStateSnapshot = {
  readonly role: string;
  readonly subjectId: string;
  readonly policy: GoverningPart & { readonly scope: string | null; readonly rules: { readonly [key: string]: unknown } };
  readonly trust: GoverningPart & { readonly score: number | null; readonly subjectType: string | null };
  readonly consent: GoverningPart & { readonly grants: readonly string[] };
  /** Digest of the heads it was computed from; a later write, an expiry or an effective time moves it. */
  readonly headsDigest: string;
};

/** What governs an agent in a role at one moment. Missing or unreadable parts make the autonomy SUGGEST. */
export type KnowingState = KnowingStateSnapshot & {
  readonly knowingStateId: string;
  readonly sessionAutonomy: Autonomy;
  /** Tool names and actions consented to. */
  readonly grants: readonly string[];
  /** The least of policy, trust, consent and session. */
  readonly autonomy: Autonomy;
  readonly retrievedAt: number;
};

/** The retrieval a write rests on: the write is refused with STALE_TARGET when the heads have moved since. */
export type RetrievalFence = { readonly role: string; readonly subjectId: string; readonly headsDigest: string };

/** A line of beads of one type and subject. */
export type BeadLine = { readonly type: KnowingStateBead["type"]; readonly subject: string };

export interface BeadGraphRpc {
  /**
   * Writes a bead and its audit bead in one transaction; a known id is a no-op. A bead has what it supersedes among its
   * parents. STALE_TARGET when what it supersedes is not the head of its policy scope, trust subject or consent role, or
   * when the heads of the fence have moved.
   */
  write(bead: KnowingStateBead, actorId: string, sessionId: string, fence?: RetrievalFence): Promise<Result<{ beadId: string; auditBeadId: string }>>;
  /** Writes several beads in order, all or none. */
  writeAll(beads: readonly KnowingStateBead[], actorId: string, sessionId: string): Promise<Result<{ beadIds: string[] }>>;
  get(id: string): Promise<KnowingStateBead | null>;
  /** Digest of the heads that govern an agent now: what {@link KnowingStateSnapshot.headsDigest} would be. */
  heads(role: string, subjectId: string): Promise<string>;
  snapshot(role: string, subjectId: string): Promise<KnowingStateSnapshot>;
  retrieve(role: string, subjectId: string, sessionAutonomy: Autonomy): Promise<KnowingState>;
  /** The last bead of a line, in force or not; null when there is none. */
  tip(line: BeadLine): Promise<KnowingStateBead | null>;
  /** The beads of a line, newest first, strictly before `beforeId`. */
  history(line: BeadLine, limit?: number, beforeId?: string): Promise<KnowingStateBead[]>;
  /** Amendments that are PROPOSED and not decided, newest first; of one target when it is given. */
  openAmendments(targetId?: string, limit?: number): Promise<KnowingStateBead[]>;
  /** Escalations that no later bead resolves, newest first. */
  openEscalations(limit?: number): Promise<KnowingStateBead[]>;
  /** Writes those policy, trust and consent beads whose scope, subject or role has none yet. Idempotent. */
  bootstrap(beads: readonly KnowingStateBead[]): Promise<Result<{ written: number }>>;
}
