import { buryMessage } from "@factory/durable";
import { MemoryLog } from "@factory/durable/testing";
import { describe, expect, test } from "vitest";
import { projectSession } from "../projections/projector.ts";
import { aLog, beadStep, OWNER, readable, said, submitted, type Said } from "../projections/testing/logs.ts";
import { aReadModel, deadLettersIn, type TestReadModel } from "../projections/testing/node-sql.ts";
import { operationsOf, usedObjects } from "./operations.ts";

const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;

async function bury(sql: TestReadModel, id: string, org: string | null, diedAt = NOW, queue = "atoms"): Promise<void> {
  const message = { id, body: { id }, attempts: 1, ack: () => undefined, retry: () => undefined };
  const read = () => (org === null ? { problem: "no org" } : { org, ids: { run: `RUN-${id}` } });
  await buryMessage(message, { queue, read, database: deadLettersIn(sql), log: new MemoryLog(), now: () => diedAt });
}

async function project(sql: TestReadModel, things: readonly Said[], owner = OWNER): Promise<void> {
  await projectSession({ sql, log: () => readable(aLog([submitted, ...things], owner)), now: () => NOW }, owner, 10);
}

const step = (kind: "BEAD_CLAIMED" | "BEAD_RESCUED", agoMs: number, agentId = "operative:3"): Said => {
  const move =
    kind === "BEAD_CLAIMED" ? { fromState: "READY" as const, toState: "LEASED" as const } : { fromState: "LEASED" as const, toState: "READY" as const };
  return { ...beadStep({ ...move, agentId }, kind), occurredAt: NOW - agoMs };
};

const facts = (sql: TestReadModel, org: string = OWNER.org, letters = 10) => operationsOf({ sql, now: () => NOW }, org, letters);

describe("dead letters", () => {
  test("are counted for their organisation alone, by queue and of the last day, the newest first", async () => {
    const sql = aReadModel();
    await bury(sql, "old", OWNER.org, NOW - 25 * HOUR_MS);
    await bury(sql, "new", OWNER.org, NOW - HOUR_MS);
    await bury(sql, "hint", OWNER.org, NOW - 2 * HOUR_MS, "projections");
    await bury(sql, "theirs", "other");
    await bury(sql, "broken", null);
    const { deadLetters } = await facts(sql);
    expect(deadLetters).toMatchObject({ count: 3, lastDay: 2, unattributed: 1 });
    expect(deadLetters.byQueue).toEqual([
      { queue: "atoms", count: 2 },
      { queue: "projections", count: 1 },
    ]);
    expect(deadLetters.letters.map(({ key }) => key)).toEqual(["new", "hint", "old"]);
    expect(deadLetters.letters[0]).toMatchObject({ queue: "atoms", ids: { run: "RUN-new" }, diedAt: NOW - HOUR_MS, reason: expect.stringContaining("atoms") });
    expect((await facts(sql, OWNER.org, 1)).deadLetters).toMatchObject({ count: 3, letters: [{ key: "new" }] });
  });

  test("have a bound", async () => {
    for (const letters of [0, 101, 1.5]) await expect(facts(aReadModel(), OWNER.org, letters)).rejects.toThrow("from 1 to 100");
  });
});

describe("rescues", () => {
  test("are counted with the claims of the last hour and of the last day, of the organisation alone", async () => {
    const sql = aReadModel();
    const day = [step("BEAD_CLAIMED", 5 * HOUR_MS), step("BEAD_RESCUED", 4 * HOUR_MS), step("BEAD_CLAIMED", 4 * HOUR_MS)];
    await project(sql, [step("BEAD_CLAIMED", 30 * HOUR_MS), ...day, step("BEAD_CLAIMED", HOUR_MS / 2), step("BEAD_RESCUED", HOUR_MS / 4)]);
    expect((await facts(sql)).rescueRates).toEqual([
      { windowSeconds: 3_600, claims: 1, rescues: 1 },
      { windowSeconds: 86_400, claims: 3, rescues: 2 },
    ]);
    expect((await facts(sql, "other")).rescueRates).toMatchObject([
      { claims: 0, rescues: 0 },
      { claims: 0, rescues: 0 },
    ]);
  });

  test("are read from the index of their kind", () => {
    const plan = aReadModel().all("EXPLAIN QUERY PLAN SELECT count(*) FROM bead_transitions WHERE kind = 'BEAD_RESCUED' AND org = 'acme' AND occurred_at >= 5");
    expect(JSON.stringify(plan)).toContain("COVERING INDEX bead_rescues_by_time");
  });
});

describe("the objects that rows show to have been used", () => {
  test("are the slots that held a bead of the session, and not the coordinator's own work", async () => {
    const sql = aReadModel();
    await project(sql, [
      step("BEAD_CLAIMED", 9, "operative:10"),
      step("BEAD_RESCUED", 8, "operative:10"),
      step("BEAD_CLAIMED", 7, "operative:2"),
      step("BEAD_CLAIMED", 6, "coordinator"),
    ]);
    expect(await usedObjects({ sql }, OWNER)).toEqual({ slots: [2, 10], sourceGraph: false, capacity: true });
    expect(await usedObjects({ sql }, { ...OWNER, org: "other" })).toEqual({ slots: [], sourceGraph: false, capacity: false });
  });

  test("are the organisation's source graph once an amendment was adopted, and not when one was proposed", async () => {
    const [proposed, adopted] = [aReadModel(), aReadModel()];
    const amendment = {
      amendmentId: "AMD-1",
      divergenceId: "DIV-1",
      hypothesisId: "HYP-1",
      divergenceReason: "r",
      faultAttribution: "f",
      scope: "s",
      beadIds: [],
      depth: 1,
    };
    await project(proposed, [said("AMENDMENT_PROPOSED", { ...amendment, amendmentState: "PROPOSED" })]);
    await project(adopted, [
      said("AMENDMENT_PROPOSED", { ...amendment, amendmentState: "PROPOSED" }),
      said("AMENDMENT_ADOPTED", { ...amendment, amendmentState: "ADOPTED", specificationId: "SPEC-2" }),
    ]);
    expect((await facts(proposed)).used).toEqual({ sourceGraph: false, capacity: false });
    expect((await facts(adopted)).used).toEqual({ sourceGraph: true, capacity: false });
  });
});
