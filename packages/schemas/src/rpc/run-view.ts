/**
 * What readers ask a run's CoordinatorDO. Nothing of it changes anything, and no hidden example leaves with it. The object's
 * name holds the org already; each question carries it once more, and a run of another org answers null, as one that is not
 * seeded does.
 */

/** A bead's place in the run's graph as it is now. */
export type RunGraphBead = {
  readonly beadId: string;
  readonly atomId: string;
  readonly moleculeId: string;
  /** True for a molecule's last bead. */
  readonly outcome: boolean;
  /** True when it came after the seed: an amendment of the run's graph, or a conflict, brought it. */
  readonly added: boolean;
};

/** A run's graph as it is now. */
export type RunGraphView = {
  readonly runId: string;
  /** In seed order; what was added comes after. */
  readonly beads: readonly RunGraphBead[];
  /** That `toBeadId` waits for `fromBeadId`. */
  readonly dependencies: readonly { readonly fromBeadId: string; readonly toBeadId: string; readonly required: boolean }[];
  /** That `toBeadId` took the place of `fromBeadId`, which was cancelled. */
  readonly successions: readonly { readonly fromBeadId: string; readonly toBeadId: string }[];
};

/** A path of the starting tree or of the run's tree. Digests are SHA-256 in hexadecimal. */
export type RunFile = {
  readonly path: string;
  /** What it holds now; null when it was deleted. */
  readonly digest: string | null;
  /** What it held at the start; null when it was not there. */
  readonly baseDigest: string | null;
  /** The bead that wrote or deleted it last; null for one that is as it was at the start. */
  readonly beadId: string | null;
};

/** A run's tree against what it started from, by path. */
export type RunTreeView = { readonly runId: string; readonly treeDigest: string; readonly files: readonly RunFile[] };

/** What executed checks say of one claim, of each bead's last execution. */
export type ClaimChecks = {
  readonly claimId: string;
  /** Checks without those of hidden examples. */
  readonly passed: number;
  readonly failed: number;
  /** True when one failed, hidden examples included, of a bead that has ended: nothing is at work to mend it. */
  readonly refuted: boolean;
  /** True when the run was accepted and a check of its verdict decided the claim: at least one did, and all passed. */
  readonly proven: boolean;
};

/** What the run shows of its claims. */
export type RunProofView = { readonly runId: string; readonly specificationId: string; readonly claims: readonly ClaimChecks[] };

export interface RunViewRpc {
  graphView(org: string): Promise<RunGraphView | null>;
  treeView(org: string): Promise<RunTreeView | null>;
  /** One path of {@link RunTreeView}; null when the run has never had it. */
  fileView(org: string, path: string): Promise<RunFile | null>;
  proofView(org: string): Promise<RunProofView | null>;
}
