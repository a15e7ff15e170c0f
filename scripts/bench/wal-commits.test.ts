import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { commitsBetween, sampleWal } from "./wal-commits.ts";

/** A folder with a database in WAL mode. */
function aDatabase() {
  const folder = mkdtempSync(join(tmpdir(), "factory-wal-"));
  const database = new DatabaseSync(join(folder, "one.sqlite"));
  onTestFinished(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  database.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE things (text TEXT)");
  return { folder, database };
}

test("every commit counts once, however many rows and pages it has, and one that is undone not at all", () => {
  const { folder, database } = aDatabase();
  const before = sampleWal(folder);
  for (let commit = 0; commit < 3; commit++) database.prepare("INSERT INTO things VALUES (?)").run("x".repeat(20_000));
  database.exec("BEGIN; INSERT INTO things VALUES ('a'); INSERT INTO things VALUES ('b'); COMMIT");
  database.exec("BEGIN; INSERT INTO things VALUES ('c'); ROLLBACK");
  expect(commitsBetween(before, sampleWal(folder))).toBe(4);
});

test("a log that was begun anew in between is not known, and counts from there on", () => {
  const { folder, database } = aDatabase();
  database.exec("INSERT INTO things VALUES ('a')");
  const before = sampleWal(folder);
  database.exec("PRAGMA wal_checkpoint(RESTART)");
  database.exec("INSERT INTO things VALUES ('b')");
  const after = sampleWal(folder);
  expect(commitsBetween(before, after)).toBeNull();
  database.exec("INSERT INTO things VALUES ('c')");
  expect(commitsBetween(after, sampleWal(folder))).toBe(1);
});
