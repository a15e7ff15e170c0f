/**
 * Knowing-state snapshots outside of the object that is their authority. A snapshot is kept under the digest of the heads
 * it was computed from, so a cache that lags or loses costs time and never shows what no longer holds.
 */
import { trustAutonomy } from "@factory/bead-graph";
import { AUTONOMY, FactoryError, kvKey } from "@factory/schemas";
import type { KnowingStateSnapshot } from "@factory/schemas/rpc";
import { z } from "zod";
import { exceeds } from "./session-rules.ts";

/** Whose snapshot, and computed from which heads. */
export type SnapshotKey = { readonly org: string; readonly role: string; readonly subjectId: string; readonly headsDigest: string };

/** Keeps snapshots. Never authority: the caller has asked the bead graph for the heads before it looks here. */
export interface SnapshotCache {
  /** The snapshot, or null. @throws when the cache fails or what it holds is not the snapshot of the key */
  get(key: SnapshotKey): Promise<KnowingStateSnapshot | null>;
  put(key: SnapshotKey, snapshot: KnowingStateSnapshot): Promise<void>;
}

/** The part of a KV namespace that is used; `KVNamespace` fits. */
export interface KvPort {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { readonly expirationTtl: number }): Promise<void>;
}

/** One day: longer than a role stays quiet while it is at work; what nobody reads any more goes by itself. */
export const SNAPSHOT_TTL_SECONDS = 24 * 60 * 60;

/** Snapshots in Workers KV. */
export function kvSnapshots(kv: KvPort): SnapshotCache {
  const nameOf = ({ org, role, subjectId, headsDigest }: SnapshotKey): string => kvKey.knowingState(org, role, subjectId, headsDigest);
  return {
    get: async (key) => {
      const text = await kv.get(nameOf(key));
      return text === null ? null : checkedSnapshot(JSON.parse(text), key);
    },
    put: async (key, snapshot) => {
      await kv.put(nameOf(key), JSON.stringify(snapshot), { expirationTtl: SNAPSHOT_TTL_SECONDS });
    },
  };
}

/** Snapshots that an object remembers: those of the few roles it works in, and of their last changes. */
const REMEMBERED = 16;

/**
 * A cache with a memory in front of it. What is remembered is under the digest of its heads too, so it is as safe as what is
 * kept elsewhere; an object that works in the same role again asks no other store.
 */
export function rememberedSnapshots(cache: SnapshotCache): SnapshotCache {
  // Not persisted: the snapshots used last, the newest at the end; each was checked when it was read or computed.
  const remembered = new Map<string, KnowingStateSnapshot>();
  const nameOf = ({ org, role, subjectId, headsDigest }: SnapshotKey): string => JSON.stringify([org, role, subjectId, headsDigest]);
  const remember = (name: string, snapshot: KnowingStateSnapshot): void => {
    remembered.delete(name);
    remembered.set(name, snapshot);
    const oldest = remembered.size > REMEMBERED ? remembered.keys().next().value : undefined;
    if (oldest !== undefined) remembered.delete(oldest);
  };
  return {
    get: async (key) => {
      const name = nameOf(key);
      const snapshot = remembered.get(name) ?? (await cache.get(key));
      if (snapshot !== null) remember(name, snapshot);
      return snapshot;
    },
    put: async (key, snapshot) => {
      remember(nameOf(key), snapshot);
      await cache.put(key, snapshot);
    },
  };
}

const text = z.string().min(1);
const governing = { beadId: text.nullable(), standing: z.enum(["active", "missing", "inactive", "unreadable"]), autonomy: z.enum(AUTONOMY) };
const snapshotSchema: z.ZodType<KnowingStateSnapshot> = z.object({
  role: text,
  subjectId: text,
  policy: z.object({ ...governing, scope: text.nullable(), rules: z.record(z.string(), z.unknown()) }),
  trust: z.object({ ...governing, score: z.number().min(0).max(1).nullable(), subjectType: text.nullable() }),
  consent: z.object({ ...governing, grants: z.array(text) }),
  headsDigest: text,
});

/**
 * A value that claims to be the snapshot of a key.
 *
 * @throws FactoryError INTEGRITY when it has another shape, is of another agent, role or heads, or when a part allows more
 *   than its own standing does.
 */
export function checkedSnapshot(value: unknown, key: Omit<SnapshotKey, "org" | "headsDigest"> & { readonly headsDigest?: string }): KnowingStateSnapshot {
  const parsed = snapshotSchema.safeParse(value);
  if (!parsed.success) throw notTheSnapshot(key, `${parsed.error.issues[0]?.path.join(".") ?? ""} ${parsed.error.issues[0]?.message ?? ""}`);
  const snapshot = parsed.data;
  if (snapshot.role !== key.role || snapshot.subjectId !== key.subjectId) throw notTheSnapshot(key, "it is of another agent or role");
  if (key.headsDigest !== undefined && snapshot.headsDigest !== key.headsDigest) throw notTheSnapshot(key, "it was computed from other heads");
  const { policy, trust, consent } = snapshot;
  const contradiction = [policy, trust, consent].some(({ standing, beadId, autonomy }) =>
    standing === "active" ? beadId === null : beadId !== null || autonomy !== "SUGGEST",
  );
  if (contradiction || (consent.standing !== "active" && consent.grants.length > 0)) throw notTheSnapshot(key, "what is not in force allows something");
  if (exceeds(trust.autonomy, trust.score === null ? "SUGGEST" : trustAutonomy(trust.score))) throw notTheSnapshot(key, "trust allows more than its score");
  return snapshot;
}

function notTheSnapshot({ role, subjectId }: Pick<SnapshotKey, "role" | "subjectId">, why: string): FactoryError {
  return new FactoryError("INTEGRITY", `This is not the snapshot of ${subjectId} in the role ${role}: ${why}.`);
}
