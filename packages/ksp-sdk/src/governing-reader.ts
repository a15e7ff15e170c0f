/** Reads what governs an agent: the heads from their authority, and what they say from a cache when it has it. */
import { messageOf, runBestEffort, startRealTimeout, withDeadline } from "@factory/durable";
import type { Log, StartTimeout } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import type { BeadGraphRpc, KnowingStateSnapshot } from "@factory/schemas/rpc";
import { checkedSnapshot } from "./snapshot-cache.ts";
import type { SnapshotCache } from "./snapshot-cache.ts";

/** A bead graph answers in milliseconds; one that has not after 10 s does not answer. */
export const ASK_DEADLINE_MS = 10_000;
/** A cache that takes longer than the bead graph itself would is no help. */
export const CACHE_DEADLINE_MS = 1_000;

/** What reading needs. */
export interface GoverningReaderPorts {
  readonly org: string;
  readonly beads: Pick<BeadGraphRpc, "heads" | "snapshot">;
  /** Null where there is no cache: every retrieval then asks the bead graph alone. */
  readonly snapshots: SnapshotCache | null;
  readonly log: Log;
  /** Keeps the host awake for what a call does not wait for; without it the call waits. */
  readonly waitUntil?: (work: Promise<void>) => void;
  readonly startTimeout?: StartTimeout;
}

/** A snapshot, and whether it was found instead of computed. */
export type FoundSnapshot = { readonly snapshot: KnowingStateSnapshot; readonly cached: boolean };

/** Reads of one organisation. Every method rejects when it has no answer that can be believed. */
export class GoverningReader {
  readonly #ports: GoverningReaderPorts;

  constructor(ports: GoverningReaderPorts) {
    this.#ports = ports;
  }

  /** Digest of the heads now. */
  async heads(role: string, subjectId: string): Promise<string> {
    const digest: unknown = await askGraph(this.#ports, "heads", () => this.#ports.beads.heads(role, subjectId));
    if (typeof digest !== "string" || digest === "") throw new FactoryError("INTEGRITY", "The bead graph answered with no digest of heads.");
    return digest;
  }

  /** The snapshot of the heads as they are now, computed by the bead graph. */
  async computed(role: string, subjectId: string): Promise<KnowingStateSnapshot> {
    return checkedSnapshot(await askGraph(this.#ports, "snapshot", () => this.#ports.beads.snapshot(role, subjectId)), { role, subjectId });
  }

  /** The snapshot of the heads as they are now: from the cache under their digest, otherwise computed. */
  async snapshot(role: string, subjectId: string): Promise<FoundSnapshot> {
    const { snapshots } = this.#ports;
    if (snapshots !== null) {
      const cached = await this.#cached(snapshots, role, subjectId, await this.heads(role, subjectId));
      if (cached !== null) return { snapshot: cached, cached: true };
    }
    const snapshot = await this.computed(role, subjectId);
    if (snapshots !== null) await this.#keep(snapshots, snapshot);
    return { snapshot, cached: false };
  }

  /** A cache that fails, hangs or holds something else costs time and never safety: the bead graph is asked. */
  async #cached(snapshots: SnapshotCache, role: string, subjectId: string, headsDigest: string): Promise<KnowingStateSnapshot | null> {
    const key = { org: this.#ports.org, role, subjectId, headsDigest };
    let found: KnowingStateSnapshot | null = null;
    const look = async (): Promise<void> => {
      found = await this.#inTime(() => snapshots.get(key));
    };
    await runBestEffort("knowing-state.cache-get", look, this.#ports.log);
    return found;
  }

  /** What could not be read is no fact about the heads, so it is not kept under their digest. */
  async #keep(snapshots: SnapshotCache, snapshot: KnowingStateSnapshot): Promise<void> {
    const { policy, trust, consent, role, subjectId, headsDigest } = snapshot;
    if ([policy, trust, consent].some(({ standing }) => standing === "unreadable")) return;
    const { org, log, waitUntil } = this.#ports;
    const put = (): Promise<void> => this.#inTime(() => snapshots.put({ org, role, subjectId, headsDigest }, snapshot));
    const kept = runBestEffort("knowing-state.cache-put", put, log);
    if (waitUntil === undefined) await kept;
    else waitUntil(kept);
  }

  async #inTime<T>(work: () => Promise<T>): Promise<T> {
    return withDeadline("The snapshot cache", CACHE_DEADLINE_MS, work, this.#ports.startTimeout ?? startRealTimeout);
  }
}

/** Asks a bead graph within {@link ASK_DEADLINE_MS}. */
export async function askGraph<T>(ports: { readonly startTimeout?: StartTimeout }, label: string, ask: () => Promise<T>): Promise<T> {
  return withDeadline(`The bead graph's ${label}`, ASK_DEADLINE_MS, ask, ports.startTimeout ?? startRealTimeout);
}

/** Work whose failure is that it is not known. @throws FactoryError UNAVAILABLE */
export async function available<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (err) {
    throw new FactoryError("UNAVAILABLE", `${what} is not known: ${messageOf(err)}`);
  }
}
