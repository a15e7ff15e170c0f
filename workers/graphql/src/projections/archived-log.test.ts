import { ulidId, type EventWrite } from "@factory/schemas";
import { expect, test } from "vitest";
import { ARCHIVE_AFTER_MS } from "../../../stream/src/archiving.ts";
import { SessionWorld } from "../../../stream/src/testing/log-world.ts";
import { projectSession, reprojectSession, type ProjectorDeps } from "./projector.ts";
import { beadStep, said, submitted } from "./testing/logs.ts";
import { aReadModel } from "./testing/node-sql.ts";

test("rows are made again byte-equal from a log that is served from its archive", async () => {
  const world = new SessionWorld({ archivePage: { events: 4, bytes: 1_000_000 } });
  const things = [submitted, ...Array.from({ length: 9 }, (_, index) => beadStep({ beadId: `BEAD-${index % 3}` }))];
  const ended = said("SESSION_COMPLETED", { outcome: "COMPLETED", reason: "done", fromState: "DELIVERING" });
  const writes = [...things, ended].map((thing) => ({ eventId: ulidId("EVT"), occurredAt: 1_700_000_000_000, ...thing }) as EventWrite);
  expect(await world.append(writes)).toMatchObject({ ok: true });

  const { org, sessionId } = world.identity;
  const sql = aReadModel();
  const log = { read: (after: number, limit: number) => world.events.read(after, limit), tip: () => world.tip() };
  const deps: ProjectorDeps = { sql, log: () => log, now: () => 1 };
  await projectSession(deps, { org, sessionId }, Number.POSITIVE_INFINITY);
  const before = sql.dump();

  await world.pass(2 * ARCHIVE_AFTER_MS);
  expect(await world.tip()).toMatchObject({ archived: true });
  expect(await reprojectSession(deps, { org, sessionId })).toMatchObject({ seq: writes.length, tipSeq: writes.length });
  expect(sql.dump()).toBe(before);
  expect(before).toContain('"outcome":"COMPLETED"');
});
