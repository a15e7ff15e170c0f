import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { migrate, MigrationError } from "./migrations.ts";
import type { Migration, MigrationFault } from "./migrations.ts";
import { NodeSqliteStorage } from "./testing/node-sqlite.ts";

const aMigration = (id: string, ...statements: string[]): Migration => ({
  id,
  statements: statements.length > 0 ? statements : [`CREATE TABLE "${id}" (v TEXT)`],
});

function tables(storage: NodeSqliteStorage): string[] {
  return storage.sql
    .exec<{ name: string }>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .toArray()
    .map(({ name }) => name);
}

function faultOf(run: () => unknown): MigrationFault | undefined {
  try {
    run();
    return undefined;
  } catch (err) {
    if (err instanceof MigrationError) return err.fault;
    throw err;
  }
}

describe("migrate", () => {
  test("applies what is pending once and in order", () => {
    const storage = new NodeSqliteStorage();
    const list = [aMigration("1", "CREATE TABLE a (v)"), aMigration("2", "INSERT INTO a VALUES (1)", "INSERT INTO a VALUES (2)")];
    expect(migrate(storage, list.slice(0, 1))).toEqual(["1"]);
    expect(migrate(storage, list)).toEqual(["2"]);
    expect(migrate(storage, list)).toEqual([]);
    expect(storage.sql.exec("SELECT v FROM a").toArray()).toEqual([{ v: 1 }, { v: 2 }]);
  });

  test("applies all pending entries or none", () => {
    const storage = new NodeSqliteStorage();
    expect(() => migrate(storage, [aMigration("1"), aMigration("2", "CREATE TABLE b (v)", "NONSENSE")])).toThrow(/syntax/);
    expect(tables(storage)).toEqual([]);
    expect(migrate(storage, [aMigration("1")])).toEqual(["1"]);
  });

  test.each<[string, Migration[], MigrationFault]>([
    ["a changed entry", [aMigration("1", "CREATE TABLE other (v)"), aMigration("2")], "CHANGED"],
    ["a statement that was split in two", [aMigration("1", "CREATE TABLE x (v)", "SELECT 1"), aMigration("2")], "CHANGED"],
    ["a reorder", [aMigration("2"), aMigration("1")], "REORDERED"],
    ["an entry put in between", [aMigration("1"), aMigration("1b"), aMigration("2")], "REORDERED"],
    ["a newer database", [aMigration("1")], "NEWER_DATABASE"],
    ["two entries with one id", [aMigration("1"), aMigration("1")], "INVALID_LIST"],
    ["an entry without statements", [{ id: "1", statements: [] }], "INVALID_LIST"],
  ])("refuses %s and leaves the database alone", (_, list, fault) => {
    const storage = new NodeSqliteStorage();
    migrate(storage, [aMigration("1"), aMigration("2")]);
    const before = tables(storage);
    expect(faultOf(() => migrate(storage, list))).toBe(fault);
    expect(tables(storage)).toEqual(before);
    expect(migrate(storage, [aMigration("1"), aMigration("2")])).toEqual([]);
  });

  test("keeps a separate order for each component", () => {
    const storage = new NodeSqliteStorage();
    migrate(storage, [aMigration("1", "CREATE TABLE mine (v)")]);
    expect(migrate(storage, [aMigration("1", "CREATE TABLE theirs (v)")], "other")).toEqual(["1"]);
    expect(migrate(storage, [aMigration("1", "CREATE TABLE mine (v)"), aMigration("2")])).toEqual(["2"]);
  });

  test("reaches the same schema by any sequence of releases, however often each starts", () => {
    const list = Array.from({ length: 6 }, (_, index) => aMigration(`m${index}`));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: list.length }), { maxLength: 8 }), (releases) => {
        const storage = new NodeSqliteStorage();
        let reached = 0;
        const applied: string[] = [];
        for (const length of [...releases, list.length]) {
          const run = () => applied.push(...migrate(storage, list.slice(0, length)));
          expect(faultOf(run)).toBe(length < reached ? "NEWER_DATABASE" : undefined);
          reached = Math.max(reached, length);
        }
        expect(applied).toEqual(list.map(({ id }) => id));
        expect(tables(storage)).toEqual(["durable_migrations", ...list.map(({ id }) => id)]);
      }),
      { numRuns: 50 },
    );
  });
});
