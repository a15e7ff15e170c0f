import * as fc from "fast-check";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { expect, test } from "vitest";
import { BatchInsert } from "./batch-insert.ts";

test("any number of rows is added in order, and no statement has more parameters than the platform takes", () => {
  fc.assert(
    fc.property(fc.nat(120), fc.integer({ min: 1, max: 5 }), (count, width) => {
      const storage = new NodeSqliteStorage();
      const columns = ["seq", "b", "c", "d", "e"].slice(0, width);
      storage.sql.exec("CREATE TABLE things (seq INTEGER PRIMARY KEY, b, c, d, e)");
      const rows = Array.from({ length: count }, (_, index) => columns.map((column) => (column === "seq" ? index : `${column}${index}`)));
      const most: number[] = [0];
      const sql: typeof storage.sql = { exec: (query, ...bindings) => (most.push(bindings.length), storage.sql.exec(query, ...bindings)) };
      new BatchInsert("things", columns).run(sql, rows.flat());
      const stored = storage.sql.exec(`SELECT ${columns.join(", ")} FROM things ORDER BY seq`).toArray();
      expect(stored.map((row) => columns.map((column) => row[column]))).toEqual(rows);
      expect(Math.max(...most)).toBeLessThanOrEqual(100);
    }),
  );
});

test("a row that cannot be added is an error, and the transaction around it undoes what was added before", () => {
  const storage = new NodeSqliteStorage();
  storage.sql.exec("CREATE TABLE things (seq INTEGER PRIMARY KEY)");
  const insert = new BatchInsert("things", ["seq"]);
  expect(() => storage.transactionSync(() => insert.run(storage.sql, [1, 2, 3, 2]))).toThrow(/UNIQUE/);
  expect(storage.sql.exec("SELECT * FROM things").toArray()).toEqual([]);
});
