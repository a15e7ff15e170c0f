/** What memory holds of the beads is what the rows say, whatever is written and undone. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { aDirective, aRun, aSeed } from "../../testing/builders.ts";
import { BeadStore } from "./bead-store.ts";
import type { BeadPatch } from "./bead-store.ts";
import { HeldWrites } from "./held-writes.ts";
import { RunStore } from "./run-store.ts";
import { COORDINATOR_MIGRATIONS } from "./schema.ts";

const KEYS = ["a", "b", "c"];

/** What a bead may be directed by: to write, or only to read. */
const CODING = aDirective(aRun("memory").runId, "coding", "coder");
const READING = { ...CODING, fileScope: { read: ["**"], write: [] } };

/** A step on one bead of the run; an undone one is part of a transaction that throws. */
type Step = { readonly at: number; readonly patch: BeadPatch; readonly undone: boolean; readonly releasedAt: number };

const step: fc.Arbitrary<Step> = fc.record({
  at: fc.nat(KEYS.length - 1),
  patch: fc.oneof(
    fc.record({ state: fc.constant("LEASED" as const), slot: fc.nat(2), leaseUntil: fc.nat(9), claimedAt: fc.nat(9), delayed: fc.constant(false) }),
    fc.record({
      state: fc.constantFrom("DONE" as const, "FAILED" as const, "CANCELLED" as const),
      slot: fc.constant(null),
      leaseUntil: fc.constant(null),
      delayed: fc.constant(false),
    }),
    fc.nat(9).map((notBefore) => ({ state: "READY" as const, slot: null, leaseUntil: null, notBefore, delayed: true, feedback: [`wait ${notBefore}`] })),
    fc.record({ attempts: fc.nat(3), question: fc.constantFrom(null, "why?") }),
    fc.record({ directive: fc.constantFrom(CODING, READING, { ...READING, team: "study" }, { ...CODING, team: "study" }) }),
  ),
  undone: fc.boolean(),
  releasedAt: fc.nat(9),
});

test("memory and rows say the same of every bead, of their order, of what is held or delayed, of the counts and of what the dispatch gate compares, after every transaction that stands or is undone", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const storage = new NodeSqliteStorage();
      migrate(storage, COORDINATOR_MIGRATIONS);
      const sql = new HeldWrites(storage.sql);
      const beads = new BeadStore(sql);
      const seed = aSeed({ name: "memory", beads: KEYS.map((key) => ({ key })) }).beads;
      storage.transactionSync(() => {
        beads.insert(seed, 0, "normal", 0);
        sql.write();
      });
      for (const { at, patch, undone, releasedAt } of steps) {
        try {
          storage.transactionSync(() => {
            beads.patch(seed[at]?.beadId ?? "", patch);
            beads.releaseDue(releasedAt);
            sql.write();
            if (undone) throw new Error("undone");
          });
        } catch (err) {
          if (!undone) throw err;
          sql.forget();
          beads.forgetRows();
        }
        const rows = new BeadStore(new HeldWrites(storage.sql));
        expect(seed.map(({ beadId }) => beads.get(beadId))).toEqual(seed.map(({ beadId }) => rows.get(beadId)));
        expect(beads.nextMoment()).toEqual(rows.nextMoment());
        expect(beads.ready(2)).toEqual(rows.ready(2));
        expect(beads.countReady(9)).toBe(rows.countReady(9));
        expect(beads.busySlots()).toBe(rows.busySlots());
        expect([0, 1, 2].map((slot) => beads.heldBy(slot))).toEqual([0, 1, 2].map((slot) => rows.heldBy(slot)));
        const counted: Record<string, number> = {};
        for (const { state } of rows.all()) counted[state] = (counted[state] ?? 0) + 1;
        expect(beads.stateCounts()).toEqual(counted);
        const live = rows.all().filter(({ state }) => state !== "CANCELLED");
        expect(beads.countLive()).toBe(live.length);
        const research = live.filter(({ outcome, directive }) => !outcome && directive.fileScope.write.length === 0);
        expect(beads.watched.research()).toEqual(research.map(({ beadId }) => ({ beadId, uncontracted: ["read_file", "write_file"] })));
        for (const { directive } of rows.all()) expect(beads.watched.teams()).toContain(directive.team);
        expect(beads.watched.teams()).toEqual(rows.watched.teams());
      }
    }),
  );
});

test("who waits for a bead follows every change of the graph, also after it was asked for once", () => {
  const storage = new NodeSqliteStorage();
  migrate(storage, COORDINATOR_MIGRATIONS);
  const store = new RunStore(storage.sql);
  store.insertSeed(aSeed({ name: "edges", beads: [{ key: "a" }, { key: "b", dependsOn: ["a"] }, { key: "c" }] }), "", 0);
  const idOf = (key: string): string => store.beads.all().find(({ title }) => title === key)?.beadId ?? "";
  const [a, b, c] = [idOf("a"), idOf("b"), idOf("c")];
  const children = (edges: "all" | "optional"): string[] => store.beads.childrenOf(a, edges).map(({ beadId }) => beadId);
  const seeded = children("all");
  expect(seeded).toContain(b);
  expect(seeded).not.toContain(c);
  store.graph.addEdge({ childId: c, parentId: a, required: false });
  expect(children("all")).toEqual([...seeded, c].toSorted());
  expect(children("optional")).toEqual([c]);
  store.graph.removeEdge({ childId: b, parentId: a });
  expect(children("all")).toEqual([...seeded, c].filter((id) => id !== b).toSorted());
});
