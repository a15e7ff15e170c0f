import { FactoryError } from "@factory/schemas";
import { expect, test } from "vitest";
import { answered } from "./answer.ts";
import { MemoryLog } from "./testing/index.ts";

const head = { op: "thing.do", ids: { thing: "T-1" } };

test("success is answered as ok and not logged", async () => {
  const log = new MemoryLog();
  expect(
    await answered(
      log,
      () => 0,
      head,
      async () => ({ n: 1 }),
    ),
  ).toEqual({ ok: true, n: 1 });
  expect(log.events).toEqual([]);
});

test("a FactoryError is answered as its refusal and logged as refused", async () => {
  const log = new MemoryLog();
  const refused = answered(
    log,
    () => 0,
    head,
    async () => {
      throw new FactoryError("STALE_TARGET", "moved", { head: "x" });
    },
  );
  expect(await refused).toEqual({ ok: false, code: "STALE_TARGET", message: "moved", details: { head: "x" } });
  expect(log.events).toMatchObject([{ op: "thing.do", outcome: "refused", ids: { thing: "T-1" }, fields: { code: "STALE_TARGET" } }]);
});

test("any other error is logged as failed and thrown on", async () => {
  const log = new MemoryLog();
  const failed = answered(
    log,
    () => 0,
    head,
    async () => {
      throw new Error("disk");
    },
  );
  await expect(failed).rejects.toThrow("disk");
  expect(log.events).toMatchObject([{ op: "thing.do", outcome: "failed", fields: { error: "disk" } }]);
});
