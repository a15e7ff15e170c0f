/** Reads of the claims of an org's sessions: two statements, one call a graph and two a run, however many sessions ask. */
import type { StoredNode } from "@factory/schemas/rpc";
import DataLoader from "dataloader";
import { claimMaterial, type ClaimMaterial } from "./claim-material.ts";
import { claimsFrom, type SessionClaim } from "./claims.ts";
import type { LineageReads } from "./lineage-reads.ts";
import type { OrgReads } from "./org-reads.ts";
import type { RunReads } from "./run-reads.ts";

/** A session whose claims are asked for. */
export type ClaimsOf = { readonly sessionId: string; readonly assemblyId: string; readonly runId: string | null };

/** Reads of claims. */
export class ClaimReads {
  readonly #material: DataLoader<string, ClaimMaterial | null>;
  readonly #lineage: Pick<LineageReads, "content">;
  readonly #runs: Pick<RunReads, "graph" | "proof">;

  constructor(reads: OrgReads, lineage: Pick<LineageReads, "content">, runs: Pick<RunReads, "graph" | "proof">) {
    this.#material = new DataLoader((ids) => claimMaterial(reads, ids));
    this.#lineage = lineage;
    this.#runs = runs;
  }

  /** The claims of the session's current specification; none before its order was compiled. */
  async of({ sessionId, assemblyId, runId }: ClaimsOf): Promise<SessionClaim[]> {
    const material = await this.#material.load(sessionId);
    if (material === null) return [];
    const node = (id: string | null): Promise<StoredNode | null> => (id === null ? Promise.resolve(null) : this.#lineage.content(assemblyId, id));
    const [claims, specification, workGraph, runVerdict, graph, proof] = await Promise.all([
      Promise.all(material.claimIds.map(node)),
      node(material.specificationId),
      node(material.workGraphId),
      node(material.runVerdictId),
      runId === null ? null : this.#runs.graph(runId),
      runId === null ? null : this.#runs.proof(runId),
    ]);
    return claimsFrom({ material, claims: claims.filter((claim) => claim !== null), specification, workGraph, runVerdict, graph, proof });
  }
}
