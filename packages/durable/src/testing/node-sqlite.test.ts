import { describe, expect, test } from "vitest";
import { NodeSqliteStorage } from "./node-sqlite.ts";
import { STORAGE_CONTRACT } from "./storage-contract.ts";

describe("node:sqlite as an object's storage", () => {
  test.each(STORAGE_CONTRACT)("$name", ({ run }) => {
    expect.hasAssertions();
    run(new NodeSqliteStorage());
  });

  test("refuses an asynchronous transaction and undoes what it wrote", () => {
    const storage = new NodeSqliteStorage();
    storage.sql.exec("CREATE TABLE t (v)");
    expect(() => storage.transactionSync(async () => storage.sql.exec("INSERT INTO t VALUES (1)"))).toThrow(/promise/);
    expect(storage.sql.exec("SELECT * FROM t").toArray()).toEqual([]);
  });
});
