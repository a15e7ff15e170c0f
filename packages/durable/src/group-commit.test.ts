import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GroupCommit } from "./group-commit.ts";
import { MemoryLog } from "./testing/memory-log.ts";
import { NodeSqliteStorage } from "./testing/node-sqlite.ts";

interface Item {
  readonly name: string;
  readonly fails?: boolean;
}

function aGroupCommit(
  options: {
    readonly maxItems?: number;
    readonly beforeCommit?: () => void;
    readonly write?: () => void;
    readonly onUndone?: () => void;
    readonly onCommitted?: (outs: readonly string[]) => void;
  } = {},
) {
  const inner = new NodeSqliteStorage();
  inner.sql.exec("CREATE TABLE items (seq INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  const depths: number[] = [];
  let depth = 0;
  const storage = {
    transactionSync: <T>(closure: () => T): T => {
      depths.push(depth);
      depth += 1;
      try {
        return inner.transactionSync(closure);
      } finally {
        depth -= 1;
      }
    },
  };
  const runs: (() => void)[] = [];
  const log = new MemoryLog();
  const commit = new GroupCommit<Item, string>({
    storage,
    apply: ({ name, fails }) => {
      inner.sql.exec("INSERT INTO items (name) VALUES (?)", name);
      if (fails === true) throw new Error(`bad ${name}`);
      return name.toUpperCase();
    },
    log,
    defer: (run) => runs.push(run),
    ...options,
  });
  return {
    commit,
    log,
    transactions: () => depths.filter((level) => level === 0).length,
    savepoints: () => depths.filter((level) => level > 0).length,
    runAll: () => {
      for (let run = runs.shift(); run !== undefined; run = runs.shift()) run();
    },
    names: () =>
      inner.sql
        .exec<{ name: string }>("SELECT name FROM items ORDER BY seq")
        .toArray()
        .map(({ name }) => name),
    drop: () => inner.sql.exec("DROP TABLE items"),
    inner,
  };
}

describe("GroupCommit", () => {
  test("calls that arrive together share one transaction and get their own answers in order", async () => {
    const group = aGroupCommit();
    const answers = ["a", "b", "c"].map((name) => group.commit.submit({ name }));
    group.runAll();
    expect(await Promise.all(answers)).toEqual(["A", "B", "C"]);
    expect(group.transactions()).toBe(1);
    expect(group.names()).toEqual(["a", "b", "c"]);
  });

  test("what follows from all items together is written once, in their commit, and undoes all of them when it throws", async () => {
    let fails = false;
    const group = aGroupCommit({
      beforeCommit: () => {
        group.inner.sql.exec("INSERT INTO items (name) VALUES (?)", `after ${group.names().length}`);
        if (fails) throw new Error("no commit");
      },
    });
    const answers = ["a", "b"].map((name) => group.commit.submit({ name }));
    group.runAll();
    expect(await Promise.all(answers)).toEqual(["A", "B"]);
    expect([group.names(), group.transactions()]).toEqual([["a", "b", "after 2"], 1]);
    fails = true;
    const refused = group.commit.submit({ name: "c" });
    group.runAll();
    await expect(refused).rejects.toThrow("no commit");
    expect(group.names()).toEqual(["a", "b", "after 2"]);
  });

  test("an item that throws after writing is undone alone", async () => {
    const group = aGroupCommit();
    const answers = [{ name: "a" }, { name: "b", fails: true }, { name: "c" }].map((item) => group.commit.submit(item));
    group.runAll();
    expect((await Promise.allSettled(answers)).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await expect(answers[1]).rejects.toThrow("bad b");
    expect(group.names()).toEqual(["a", "c"]);
  });

  test("without a way to defer, a commit takes in the calls that arrive until a turn of the event loop brings none", async () => {
    const storage = new NodeSqliteStorage();
    const groups: number[] = [];
    const commit = new GroupCommit<string, string>({
      storage,
      apply: (item) => item,
      beforeCommit: (outs) => groups.push(outs.length),
      log: new MemoryLog(),
    });
    const first = [commit.submit("a"), commit.submit("b")];
    const second = new Promise<string>((resolve) => void setTimeout(() => resolve(commit.submit("c")), 0));
    expect(await Promise.all([...first, second])).toEqual(["a", "b", "c"]);
    expect(await commit.submit("d")).toBe("d");
    expect(groups).toEqual([3, 1]);
  });

  test("what items leave in memory is written once with all of them, and with each where they are applied apart", async () => {
    let writes = 0;
    const group = aGroupCommit({ onUndone: () => undefined, write: () => (writes += 1) });
    const good = ["a", "b"].map((name) => group.commit.submit({ name }));
    group.runAll();
    await Promise.all(good);
    expect(writes).toBe(1);
    const mixed = [{ name: "c" }, { name: "d", fails: true }, { name: "e" }].map((item) => group.commit.submit(item));
    group.runAll();
    await Promise.allSettled(mixed);
    // The two that were applied have each their own, and their commit one more for what follows from them.
    expect(writes).toBe(4);
  });

  test("items of one that can forget its memory have no savepoints, until one throws: then all are undone and applied apart", async () => {
    let undone = 0;
    const group = aGroupCommit({ onUndone: () => (undone += 1) });
    const good = ["a", "b"].map((name) => group.commit.submit({ name }));
    group.runAll();
    expect(await Promise.all(good)).toEqual(["A", "B"]);
    expect([group.transactions(), group.savepoints(), undone]).toEqual([1, 0, 0]);
    const mixed = [{ name: "c" }, { name: "d", fails: true }, { name: "e" }].map((item) => group.commit.submit(item));
    group.runAll();
    expect((await Promise.allSettled(mixed)).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(group.names()).toEqual(["a", "b", "c", "e"]);
    expect([group.transactions(), group.savepoints(), undone]).toEqual([3, 3, 2]);
  });

  test("what fails a whole commit is told to every caller after memory was made to forget", async () => {
    let undone = 0;
    const group = aGroupCommit({
      onUndone: () => (undone += 1),
      beforeCommit: () => {
        throw new Error("no commit");
      },
    });
    const answers = ["a", "b"].map((name) => group.commit.submit({ name }));
    group.runAll();
    expect((await Promise.allSettled(answers)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect([group.names(), undone]).toEqual([[], 2]);
  });

  test("a later call joins the next commit", async () => {
    const group = aGroupCommit();
    const first = group.commit.submit({ name: "a" });
    group.runAll();
    await first;
    const second = group.commit.submit({ name: "b" });
    group.runAll();
    expect(await second).toBe("B");
    expect(group.transactions()).toBe(2);
  });

  test("a commit is bounded and the rest follows", async () => {
    const group = aGroupCommit({ maxItems: 2 });
    const answers = ["a", "b", "c", "d", "e"].map((name) => group.commit.submit({ name }));
    group.runAll();
    expect(await Promise.all(answers)).toEqual(["A", "B", "C", "D", "E"]);
    expect(group.transactions()).toBe(3);
  });

  test("when the whole commit fails every caller hears of it and nothing is kept", async () => {
    const storage = new NodeSqliteStorage();
    storage.sql.exec("CREATE TABLE items (name TEXT)");
    let nested = 0;
    const runs: (() => void)[] = [];
    const commit = new GroupCommit<string, void>({
      storage: {
        transactionSync: (closure) => {
          if (nested > 0) return storage.transactionSync(closure);
          nested += 1;
          return storage.transactionSync(() => {
            closure();
            throw new Error("disk full");
          });
        },
      },
      apply: (name) => void storage.sql.exec("INSERT INTO items VALUES (?)", name),
      log: new MemoryLog(),
      defer: (run) => runs.push(run),
    });
    const answers = [commit.submit("a"), commit.submit("b")];
    for (const run of runs) run();
    const settled = await Promise.allSettled(answers);
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(storage.sql.exec("SELECT * FROM items").toArray()).toEqual([]);
  });

  test("an asynchronous item is refused and undone", async () => {
    const storage = new NodeSqliteStorage();
    storage.sql.exec("CREATE TABLE items (name TEXT)");
    const commit = new GroupCommit<string, Promise<void>>({
      storage,
      apply: async (name) => void storage.sql.exec("INSERT INTO items VALUES (?)", name),
      log: new MemoryLog(),
    });
    await expect(commit.submit("a")).rejects.toThrow(/promise/);
    expect(storage.sql.exec("SELECT * FROM items").toArray()).toEqual([]);
  });

  test("the announcement is made once a commit with the answers that stand, and its failure is logged", async () => {
    const announced: (readonly string[])[] = [];
    const group = aGroupCommit({
      onCommitted: (outs) => {
        announced.push(outs);
        throw new Error("no listener");
      },
    });
    const answers = [{ name: "a" }, { name: "b", fails: true }, { name: "c" }].map((item) => group.commit.submit(item));
    group.runAll();
    await Promise.allSettled(answers);
    expect(announced).toEqual([["A", "C"]]);
    expect(group.log.of("group-commit.announce")).toHaveLength(1);
    expect(group.names()).toEqual(["a", "c"]);
  });

  test("whatever fails, exactly the items that were answered are stored, in order of arrival", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ name: fc.integer({ min: 0, max: 12 }).map(String), fails: fc.boolean() }), { maxLength: 25 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        async (items, maxItems, forgets) => {
          const group = aGroupCommit({ maxItems, ...(forgets ? { onUndone: () => undefined } : {}) });
          const answers = items.map((item) => group.commit.submit(item));
          group.runAll();
          const settled = await Promise.allSettled(answers);
          const stored = items.filter((_, index) => settled[index]?.status === "fulfilled").map(({ name }) => name);
          expect(group.names()).toEqual(stored);
          // A name is refused only when it fails by itself or is there already.
          const seen = new Set<string>();
          for (const [index, { name, fails }] of items.entries()) {
            expect(settled[index]?.status).toBe(fails || seen.has(name) ? "rejected" : "fulfilled");
            if (!fails) seen.add(name);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
