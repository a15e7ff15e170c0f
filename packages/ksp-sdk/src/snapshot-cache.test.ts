import type { KnowingStateSnapshot } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { rememberedSnapshots } from "./snapshot-cache.ts";
import type { SnapshotCache, SnapshotKey } from "./snapshot-cache.ts";

function aKey(headsDigest: string): SnapshotKey {
  return { org: "st-mary", role: "triage", subjectId: "agent:triage", headsDigest };
}

function aSnapshot({ role, subjectId, headsDigest }: SnapshotKey): KnowingStateSnapshot {
  const part = { beadId: null, standing: "missing", autonomy: "SUGGEST" } as const;
  return {
    role,
    subjectId,
    headsDigest,
    policy: { ...part, scope: null, rules: {} },
    trust: { ...part, score: null, subjectType: null },
    consent: { ...part, grants: [] },
  };
}

/** A cache with a snapshot under every key, and the keys it was asked for. */
function aCache() {
  const asked: string[] = [];
  const kept: string[] = [];
  const cache: SnapshotCache = {
    get: async (key) => {
      asked.push(key.headsDigest);
      return key.headsDigest === "unknown" ? null : aSnapshot(key);
    },
    put: async ({ headsDigest }) => void kept.push(headsDigest),
  };
  return { asked, kept, remembered: rememberedSnapshots(cache) };
}

describe("a remembered snapshot", () => {
  test("is asked for once, and other heads are other snapshots", async () => {
    const { asked, remembered } = aCache();
    for (const heads of ["before", "before", "after", "before", "after"]) expect((await remembered.get(aKey(heads)))?.headsDigest).toBe(heads);
    expect(asked).toEqual(["before", "after"]);
  });

  test("is of one agent in one role of one org", async () => {
    const { asked, remembered } = aCache();
    await remembered.get(aKey("now"));
    for (const other of [{ org: "st-anne" }, { role: "coder" }, { subjectId: "agent:other" }]) await remembered.get({ ...aKey("now"), ...other });
    expect(asked).toHaveLength(4);
  });

  test("that was put is remembered and kept, and one that nobody has is asked for each time", async () => {
    const { asked, kept, remembered } = aCache();
    await remembered.put(aKey("new"), aSnapshot(aKey("new")));
    expect((await remembered.get(aKey("new")))?.headsDigest).toBe("new");
    expect(kept).toEqual(["new"]);
    expect([await remembered.get(aKey("unknown")), await remembered.get(aKey("unknown"))]).toEqual([null, null]);
    expect(asked).toEqual(["unknown", "unknown"]);
  });

  test("makes room for newer ones, the one used longest ago first", async () => {
    const { asked, remembered } = aCache();
    for (let heads = 0; heads < 16; heads++) await remembered.get(aKey(`${heads}`));
    await remembered.get(aKey("0"));
    await remembered.get(aKey("16"));
    asked.length = 0;
    for (const heads of ["0", "16", "15", "1"]) await remembered.get(aKey(heads));
    expect(asked).toEqual(["1"]);
  });
});
