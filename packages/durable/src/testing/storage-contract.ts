/** What this package relies on in an object's SQLite, as cases for the real one and for the adapter of the pure tests. */
import { expect } from "vitest";
import type { StoragePort } from "../sql.ts";

/** One fact about storage; each case gets an empty database. */
export interface StorageCase {
  readonly name: string;
  readonly run: (storage: StoragePort) => void;
}

function withItems(storage: StoragePort): void {
  storage.sql.exec("CREATE TABLE items (name TEXT PRIMARY KEY) STRICT");
}

function add(storage: StoragePort, name: string): void {
  storage.sql.exec("INSERT INTO items (name) VALUES (?)", name);
}

function names(storage: StoragePort): string[] {
  return storage.sql
    .exec<{ name: string }>("SELECT name FROM items ORDER BY name")
    .toArray()
    .map(({ name }) => name);
}

/** The cases. */
export const STORAGE_CONTRACT: readonly StorageCase[] = [
  {
    name: "an inner transaction that throws undoes its own writes and nothing else",
    run: (storage) => {
      withItems(storage);
      storage.transactionSync(() => {
        add(storage, "before");
        expect(() =>
          storage.transactionSync(() => {
            add(storage, "inner");
            throw new Error("inner");
          }),
        ).toThrow("inner");
        storage.transactionSync(() => add(storage, "neighbour"));
      });
      expect(names(storage)).toEqual(["before", "neighbour"]);
    },
  },
  {
    name: "an inner transaction whose statement fails leaves its neighbours",
    run: (storage) => {
      withItems(storage);
      storage.transactionSync(() => {
        storage.transactionSync(() => add(storage, "a"));
        expect(() => storage.transactionSync(() => [add(storage, "b"), add(storage, "a")])).toThrow(/UNIQUE/);
      });
      expect(names(storage)).toEqual(["a"]);
    },
  },
  {
    name: "an outer transaction that throws undoes the inner ones that succeeded",
    run: (storage) => {
      withItems(storage);
      expect(() =>
        storage.transactionSync(() => {
          storage.transactionSync(() => add(storage, "inner"));
          throw new Error("outer");
        }),
      ).toThrow("outer");
      expect(names(storage)).toEqual([]);
    },
  },
  {
    name: "foreign keys are on",
    run: (storage) => {
      storage.sql.exec("CREATE TABLE parent (id TEXT PRIMARY KEY)");
      storage.sql.exec("CREATE TABLE child (parent TEXT NOT NULL REFERENCES parent (id))");
      expect(() => storage.sql.exec("INSERT INTO child (parent) VALUES ('nobody')")).toThrow(/FOREIGN KEY/);
    },
  },
  {
    name: "transaction statements and PRAGMA user_version are refused",
    run: (storage) => {
      expect(() => storage.sql.exec("BEGIN")).toThrow(/transaction|not authorized/);
      expect(() => storage.sql.exec("SAVEPOINT here")).toThrow(/transaction|not authorized/);
      expect(() => storage.sql.exec("PRAGMA user_version = 3")).toThrow(/not authorized/);
    },
  },
  {
    name: "a hundred parameters are bound and one more is refused",
    run: (storage) => {
      const select = (count: number) =>
        storage.sql.exec<{ last: number }>(`SELECT ${"?, ".repeat(count - 1)} ? AS last`, ...Array.from({ length: count }, (_, i) => i));
      expect(select(100).toArray()[0]?.last).toBe(99);
      expect(() => select(101)).toThrow(/too many SQL variables/);
    },
  },
  {
    name: "a trigger with semicolons is one statement",
    run: (storage) => {
      withItems(storage);
      storage.sql.exec("CREATE TABLE log (line TEXT)");
      storage.sql.exec("CREATE TRIGGER noted AFTER INSERT ON items BEGIN INSERT INTO log VALUES (new.name); INSERT INTO log VALUES ('and'); END;");
      add(storage, "x");
      expect(storage.sql.exec("SELECT line FROM log ORDER BY rowid").toArray()).toEqual([{ line: "x" }, { line: "and" }]);
    },
  },
  {
    name: "several statements run in order and the bindings are the last one's",
    run: (storage) => {
      const rows = storage.sql.exec("CREATE TABLE t (v TEXT); INSERT INTO t VALUES ('é;'); INSERT INTO t VALUES (?) RETURNING v;", "ü").toArray();
      expect(rows).toEqual([{ v: "ü" }]);
      expect(storage.sql.exec("SELECT count(*) AS n FROM t").toArray()).toEqual([{ n: 2 }]);
    },
  },
  {
    name: "a comment after the last semicolon is refused, one before it is not",
    run: (storage) => {
      expect(() => storage.sql.exec("SELECT ? AS v; -- end", 1)).toThrow(/statement/);
      expect(() => storage.sql.exec("SELECT 1 AS v; -- end")).toThrow(/statement/);
      expect(storage.sql.exec("SELECT ? AS v -- end", 1).toArray()).toEqual([{ v: 1 }]);
    },
  },
  {
    name: "text, numbers, null and bytes come back as they went in",
    run: (storage) => {
      const bytes = new Uint8Array([0, 255, 7]).buffer;
      const [row] = storage.sql
        .exec<{ a: string; b: number; c: number; d: null; e: ArrayBuffer }>("SELECT ? AS a, ? AS b, ? AS c, ? AS d, ? AS e", "ж", 2 ** 52, 0.5, null, bytes)
        .toArray();
      expect(row).toMatchObject({ a: "ж", b: 2 ** 52, c: 0.5, d: null });
      expect(row?.e).toBeInstanceOf(ArrayBuffer);
      expect([...new Uint8Array(row?.e ?? new ArrayBuffer(0))]).toEqual([0, 255, 7]);
    },
  },
];
