/** What the claim and the release of a bead rest on: the order of READY beads, counts, scopes and the dispatch breaker. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { PRIORITIES, sha256Hex } from "@factory/schemas";
import type { Priority, Tree } from "@factory/schemas";
import type { SeedRequest } from "@factory/schemas/rpc";
import { matchesAny } from "@factory/workspace";
import { aSeed, failure } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { rankOf } from "../rank.ts";
import { BeadStore } from "./store/bead-store.ts";
import { HeldWrites } from "./store/held-writes.ts";
import { BREAKER_COOLDOWN, BREAKER_FAILURES } from "./dispatch.ts";
import { COORDINATOR_MIGRATIONS } from "./store/schema.ts";
import { TreeStore, pathsOfChanges } from "./store/tree-store.ts";

const HOUR_MS = 60 * 60_000;

function tables(migrations = COORDINATOR_MIGRATIONS): NodeSqliteStorage {
  const storage = new NodeSqliteStorage();
  migrate(storage, migrations);
  return storage;
}

/** A seed whose beads have these priorities in order. */
function prioritised(name: string, priorities: readonly Priority[]): SeedRequest {
  const seed = aSeed({ name, slots: 1, beads: priorities.map((_, index) => ({ key: `f${index}` })) });
  return { ...seed, beads: seed.beads.map((bead, index) => ({ ...bead, priority: priorities[index] ?? "normal" })) };
}

describe("the order of READY beads", () => {
  test("is by priority among those that became READY together, and by seed order among equals", async () => {
    const world = new CoordinatorWorld();
    await world.seed(prioritised("priorities", ["low", "normal", "urgent", "high", "normal"]));
    const { beads } = await world.exchange(0, [], 5);
    expect(beads.map(({ directive }) => directive.title)).toEqual(["f2", "f3", "f1", "f4", "f0"]);
  });

  test("hazard: queue serves newest first - lets a bead be passed only by beads that became READY less than three minutes after it", () => {
    const bead = fc.record({ readyAt: fc.integer({ min: 0, max: HOUR_MS }), priority: fc.constantFrom(...PRIORITIES) });
    fc.assert(
      fc.property(bead, bead, (first, second) => {
        const passes = rankOf(second.readyAt, second.priority) < rankOf(first.readyAt, first.priority);
        if (passes) expect(second.readyAt - first.readyAt).toBeLessThan(3 * 60_000);
      }),
    );
    // The bound is reached, so it is no looser than it has to be.
    expect(rankOf(3 * 60_000 - 1, "urgent")).toBeLessThan(rankOf(0, "low"));
  });

  test("takes a bead that waits for its next attempt back in when its time has come, and not before", async () => {
    const world = new CoordinatorWorld();
    await world.seed(aSeed({ name: "delayed", slots: 1, beads: [{ key: "total", maxAttempts: 3, backoffMs: 10_000 }] }));
    const bead = await world.claim();
    await world.exchange(0, [failure(bead, "quality", "GATE_REFUSED")], 0);
    const [{ not_before: notBefore } = { not_before: 0 }] = world.rows<{ not_before: number }>("SELECT not_before FROM beads WHERE delayed = 1");
    await world.pass(notBefore - 1 - world.clock.now());
    expect((await world.exchange(0)).beads).toEqual([]);
    await world.pass(1);
    expect((await world.exchange(0)).beads.map(({ beadId }) => beadId)).toEqual([bead.beadId]);
  });

  test("changes with the priority of a bead that is READY", async () => {
    const storage = tables();
    const beads = new BeadStore(new HeldWrites(storage.sql));
    beads.insert(prioritised("reordered", ["normal", "normal"]).beads.slice(0, 2), 0, "normal", 0);
    const [first, second] = beads.ready(2);
    beads.reorder(second?.beadId ?? "", "urgent");
    expect(beads.ready(2).map(({ beadId }) => beadId)).toEqual([second?.beadId, first?.beadId]);
  });
});

describe("a run from before beads had an order", () => {
  test("is taken over with its counts, and a bead that waits for its time goes on waiting for it", () => {
    const storage = tables(COORDINATOR_MIGRATIONS.slice(0, 2));
    const insert =
      "INSERT INTO beads (bead_id, position, atom_id, molecule_id, role, title, outcome, directive, state, pending, not_before) VALUES (?, ?, ?, 'M', 'coder', 't', 0, '{}', ?, 0, ?)";
    const rows = [
      ["due", "READY", 0],
      ["late", "READY", 5_000],
      ["done", "DONE", 0],
    ] as const;
    for (const [position, [beadId, state, notBefore]] of rows.entries()) storage.sql.exec(insert, beadId, position, beadId, state, notBefore);
    migrate(storage, COORDINATOR_MIGRATIONS);
    const beads = new BeadStore(new HeldWrites(storage.sql));
    expect(beads.stateCounts()).toEqual({ READY: 2, DONE: 1 });
    beads.releaseDue(4_999);
    expect(beads.ready(5).map(({ beadId }) => beadId)).toEqual(["due"]);
    expect(beads.nextMoment()).toBe(5_000);
    beads.releaseDue(5_000);
    expect(beads.ready(5).map(({ beadId }) => beadId)).toEqual(["due", "late"]);
  });
});

describe("the files a bead sees", () => {
  const segment = fc.constantFrom("src", "a", "b", "lib", "x.ts", "y.ts");
  const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const pattern = fc.oneof(path, fc.constantFrom("**", "src/**", "src/*", "*/x.ts", "src/**/x.ts", "s*", "lib/?.ts", "a/b/**"));

  /** What of the tree memory holds: all that was written, nothing since a transaction was undone, or what a new incarnation has read. */
  const memory = fc.constantFrom("all", "nothing", "what was read");

  test("are those of the tree that its patterns match, and a write to one of them or its removal is what has moved", () => {
    fc.assert(
      fc.property(fc.uniqueArray(path), fc.array(pattern, { maxLength: 4 }), path, fc.boolean(), memory, (paths, patterns, written, removed, held) => {
        const storage = tables();
        const [bead] = aSeed({ name: "files", beads: [{ key: "a" }] }).beads;
        if (bead === undefined) throw new Error("The seed has no bead.");
        const sql = new HeldWrites(storage.sql);
        new BeadStore(sql).insert([bead], 0, "normal", 0);
        const made = new TreeStore(sql);
        const base: Tree = Object.fromEntries(paths.map((name) => [name, sha256Hex(name)]));
        made.insertBase(base);
        if (held === "nothing") made.forgetRows();
        const store = held === "what was read" ? new TreeStore(sql) : made;
        const { tree, changed } = store.inScope(patterns);
        const version = store.version();
        expect(tree).toEqual(Object.fromEntries(Object.entries(base).filter(([name]) => matchesAny(patterns, name))));
        expect(changed).toEqual([]);
        expect(store.movedSince({ version, paths: patterns })).toBe(false);
        store.write(removed ? {} : { [written]: sha256Hex("new") }, [written], bead.beadId);
        expect(store.movedSince({ version, paths: patterns })).toBe(matchesAny(patterns, written));
        expect(store.inScope(patterns).changed).toEqual(!removed && matchesAny(patterns, written) ? [written] : []);
      }),
    );
  });

  test("for merging are the paths of a change set, the files in place of its folders, and what lies below them", () => {
    expect(pathsOfChanges([{ path: "src/a/b.ts" }])).toEqual(["src", "src/a", "src/a/b.ts", "src/a/b.ts/**"]);
  });

  test("are the only ones whose change by a peer has its checks made again", async () => {
    const world = new CoordinatorWorld();
    const seed = aSeed({ name: "apart", beads: [{ key: "a" }, { key: "b" }] });
    const narrow = (bead: SeedRequest["beads"][number]) =>
      bead.role === "coder" ? { ...bead, directive: { ...bead.directive, fileScope: { ...bead.directive.fileScope, read: [] } } } : bead;
    await world.seed({ ...seed, beads: seed.beads.map(narrow) });
    const [a, b] = [await world.claim(0), await world.claim(1)];
    expect(a.tree).toEqual({});
    const outcomes = [await world.written(a, "a"), await world.written(b, "b")] as const;
    await Promise.all([world.exchange(0, [outcomes[0]], 0), world.exchange(1, [outcomes[1]], 0)]);
    expect(world.jobs).toHaveLength(2);
    expect(world.rows("SELECT count(*) AS n FROM tree_files")).toEqual([{ n: 2 }]);
  });

  test("include a file that stands where the change set needs a folder, so that both are never in one tree", async () => {
    const world = new CoordinatorWorld();
    const seed = aSeed({ name: "in-the-way", beads: [{ key: "a" }] });
    const beads = seed.beads.map((bead) => ({ ...bead, directive: { ...bead.directive, fileScope: { ...bead.directive.fileScope, read: [] } } }));
    await world.seed({ ...seed, beads, baseTree: { src: await world.blobs.put(new TextEncoder().encode("a file")) } });
    const bead = await world.claim();
    expect(bead.tree).toEqual({});
    const { verdicts } = await world.exchange(0, [await world.written(bead, "x")], 0);
    expect(verdicts[0]?.state).toBe("READY");
    expect(world.rows("SELECT path FROM tree_files")).toEqual([{ path: "src" }]);
  });
});

describe("a call that throws in the commit of others", () => {
  test("leaves no trace in rows, memory or the log, and theirs are told of once", async () => {
    const world = new CoordinatorWorld();
    await world.seed(aSeed({ name: "thrown", slots: 2, beads: [{ key: "a" }, { key: "b" }] }));
    const [a, b] = [await world.claim(0), await world.claim(1)];
    const outcomes = [await world.written(a, "a"), await world.written(b, "b")] as const;
    // What no row can hold.
    const unstorable = { ...outcomes[1], durationMs: 1n as unknown as number };
    const [taken, thrown] = await Promise.allSettled([world.exchange(0, [outcomes[0]], 0), world.exchange(1, [unstorable], 0)]);
    expect(taken).toMatchObject({ status: "fulfilled", value: { verdicts: [{ state: "DONE" }] } });
    expect(thrown.status).toBe("rejected");
    await world.settle();
    expect(world.moves(a.beadId)).toEqual([">READY", "READY>LEASED", "LEASED>DONE"]);
    expect(world.moves(b.beadId)).toEqual([">READY", "READY>LEASED"]);
    expect(await world.stateOf("b")).toBe("LEASED");
    const { verdicts } = await world.exchange(1, [outcomes[1]], 0);
    expect(verdicts).toMatchObject([{ state: "DONE" }]);
    expect((await world.coordinator.poke()).beads).toEqual({ DONE: 2, READY: 1, BLOCKED: 1 });
  });
});

describe("the dispatch breaker", () => {
  async function silent(): Promise<CoordinatorWorld> {
    const world = new CoordinatorWorld();
    world.queueWorks = false;
    await world.seed(aSeed({ name: "silent", slots: 1, beads: [{ key: "total" }] }));
    return world;
  }
  const opened = (world: CoordinatorWorld) => world.log.of("dispatch.breaker").filter(({ fields }) => fields?.["state"] === "open");

  test("hazard: failed dispatch recreated every tick - after five wake-ups that came to nothing nobody is woken until a cool-down has passed, and then one", async () => {
    const world = await silent();
    for (let minutes = 0; opened(world).length === 0 && minutes < 60; minutes++) await world.pass(60_000);
    const [event] = opened(world);
    expect(event?.fields).toMatchObject({ failures: BREAKER_FAILURES, openings: 1 });
    const coolDownMs = Number(event?.fields?.["coolDownMs"]);
    expect(coolDownMs).toBeGreaterThanOrEqual(BREAKER_COOLDOWN.baseMs / 2);
    world.queueWorks = true;
    world.wakes.length = 0;
    const [{ open_until: openUntil } = { open_until: 0 }] = world.rows<{ open_until: number }>("SELECT open_until FROM dispatch_breaker");
    await world.pass(openUntil - 1 - world.clock.now());
    expect(world.wakes).toEqual([]);
    await world.pass(1);
    expect(world.wakes).toHaveLength(1);
  });

  test("opens for longer each time that the one wake-up is lost too, up to its cap, and a slot that is heard of closes it", async () => {
    const world = await silent();
    for (let hours = 0; opened(world).length < 8 && hours < 20 * 60; hours++) await world.pass(60_000);
    const coolDowns = opened(world).map(({ fields }) => Number(fields?.["coolDownMs"]));
    expect(coolDowns.toSorted((a, b) => a - b)).toEqual(coolDowns);
    expect(Math.max(...coolDowns)).toBeLessThanOrEqual(BREAKER_COOLDOWN.capMs);
    expect(coolDowns.at(-1)).toBeGreaterThan(coolDowns[0] ?? 0);
    await world.claim();
    expect(world.log.of("dispatch.breaker").at(-1)?.fields).toMatchObject({ state: "closed" });
    expect(world.rows("SELECT failures, openings, open_until FROM dispatch_breaker")).toEqual([{ failures: 0, openings: 0, open_until: null }]);
  });

  test("stays closed while any slot is heard of, however many others do not answer", async () => {
    const world = new CoordinatorWorld();
    world.queueWorks = false;
    await world.seed(aSeed({ name: "one-of-six", slots: 6, beads: Array.from({ length: 8 }, (_, index) => ({ key: `f${index}` })) }));
    for (let minutes = 0; minutes < 30; minutes++) {
      await world.exchange(0);
      await world.pass(60_000);
    }
    expect(opened(world)).toEqual([]);
  });

  test("stays open across an eviction", async () => {
    const world = await silent();
    for (let minutes = 0; opened(world).length === 0 && minutes < 60; minutes++) await world.pass(60_000);
    await world.restart();
    world.queueWorks = true;
    world.wakes.length = 0;
    await world.pass(1);
    expect(world.wakes).toEqual([]);
  });
});
