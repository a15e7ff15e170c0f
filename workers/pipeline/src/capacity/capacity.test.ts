import { ManualClock, NodeSqliteStorage } from "@factory/durable/testing";
import { PRIORITIES } from "@factory/schemas";
import type { Priority } from "@factory/schemas";
import type { CapacityGrant } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Capacity, GRANT_TTL_MS, POKE_PAUSE_MS, TURN_MS } from "./capacity.ts";
import { CAPACITY_MIGRATIONS } from "./capacity-store.ts";
import { slotsOfOrg } from "./org-slots.ts";
import { PRIORITY_STEP_MS } from "../rank.ts";
import { byRank, sharesOf } from "./shares.ts";
import type { Demand } from "./shares.ts";

/** The capacity of an org over real SQLite, with a clock that the test moves. */
class CapacityWorld {
  readonly clock = new ManualClock(Date.parse("2026-06-01T00:00:00Z"));
  readonly poked: string[] = [];
  readonly #storage = new NodeSqliteStorage();
  readonly #bound: number;
  capacity: Capacity;

  constructor(bound: number) {
    this.#bound = bound;
    this.capacity = this.#open();
  }

  /** A new object over the same database, as after a crash. */
  restart(): void {
    this.capacity = this.#open();
  }

  ask(runId: string, want: number, { held = 0, priority = "normal" }: { held?: number; priority?: Priority } = {}): CapacityGrant {
    return this.capacity.request({ org: "acme", runId, want, held, priority });
  }

  rows(): Record<string, string | number | null>[] {
    return this.#storage.sql.exec("SELECT * FROM demands").toArray() as Record<string, string | number | null>[];
  }

  #open(): Capacity {
    return new Capacity({ storage: this.#storage, bound: this.#bound, poke: (runId) => this.poked.push(runId), now: this.clock.now });
  }
}

const aDemand = (overrides: Partial<Demand> = {}): Demand => ({ runId: "a", want: 4, priority: "normal", since: 0, ...overrides });

describe("shares", () => {
  test("a run that is alone has all it wants, up to the bound", () => {
    expect(sharesOf([aDemand({ want: 4 })], 16).get("a")).toBe(4);
    expect(sharesOf([aDemand({ want: 40 })], 16).get("a")).toBe(16);
  });

  test("everybody has one slot before anybody has two, the one that waits longest first", () => {
    const demands = ["a", "b", "c"].map((runId, at) => aDemand({ runId, since: 10 - at }));
    expect(Object.fromEntries(sharesOf(demands, 2))).toEqual({ a: 0, b: 1, c: 1 });
    expect([...sharesOf(demands, 4).values()].every((share) => share >= 1)).toBe(true);
  });

  test("what is left goes by priority, and nobody gets more than it wants", () => {
    const demands = [
      aDemand({ runId: "low", want: 20, priority: "low" }),
      aDemand({ runId: "urgent", want: 20, priority: "urgent" }),
      aDemand({ runId: "one", want: 1 }),
    ];
    expect(Object.fromEntries(sharesOf(demands, 13))).toEqual({ low: 3, urgent: 9, one: 1 });
  });

  test("hazard: Queue serves newest first - a run of any priority is passed over only by runs that came less than three minutes after it", () => {
    fc.assert(
      fc.property(fc.constantFrom(...PRIORITIES), fc.constantFrom(...PRIORITIES), fc.nat(600_000), (first, later, ms) => {
        const overtakes = byRank({ since: ms, priority: later }, { since: 0, priority: first }) < 0;
        return !overtakes || ms < (PRIORITIES.length - 1) * PRIORITY_STEP_MS;
      }),
    );
  });

  test("never exceed the bound or a wish, and leave no slot idle that somebody wants", () => {
    const demand = fc.record({ want: fc.nat(20), priority: fc.constantFrom(...PRIORITIES), since: fc.nat(1_000_000) });
    fc.assert(
      fc.property(fc.array(demand, { maxLength: 30 }), fc.integer({ min: 1, max: 40 }), (wishes, bound) => {
        const demands = wishes.map((wish, at) => ({ ...wish, runId: `r${at}` }));
        const shares = sharesOf(demands, bound);
        const given = [...shares.values()].reduce((sum, share) => sum + share, 0);
        const wanted = demands.reduce((sum, { want }) => sum + want, 0);
        expect(given).toBe(Math.min(bound, wanted));
        for (const { runId, want } of demands) expect(shares.get(runId) ?? 0).toBeLessThanOrEqual(want);
      }),
    );
  });
});

describe("the capacity of an org", () => {
  test("a run that is alone is granted what it wants by its first call", () => {
    const world = new CapacityWorld(16);
    expect(world.ask("a", 4)).toEqual({ slots: 4, until: world.clock.now() + GRANT_TTL_MS });
    expect(world.poked).toEqual([]);
  });

  test("a second run waits for what the first holds, and the first is poked to give back what it does not", () => {
    const world = new CapacityWorld(4);
    expect(world.ask("a", 8).slots).toBe(4);
    expect(world.ask("b", 8).slots).toBe(0);
    expect(world.poked).toEqual(["a"]);
    expect(world.ask("a", 8, { held: 3 }).slots).toBe(2);
    expect(world.ask("b", 8).slots).toBe(1);
    expect(world.ask("a", 8, { held: 2 }).slots).toBe(2);
    expect(world.ask("b", 8).slots).toBe(2);
  });

  test("a run that is short is poked when slots come free, and not again while it does not answer", () => {
    const world = new CapacityWorld(4);
    world.ask("a", 4);
    world.ask("b", 4);
    world.clock.advance(POKE_PAUSE_MS);
    world.poked.length = 0;
    world.ask("a", 0);
    expect(world.poked).toEqual(["b"]);
    world.ask("c", 1);
    expect(world.poked).toEqual(["b"]);
    expect(world.ask("b", 4).slots).toBe(3);
  });

  test("a run that wants and holds nothing leaves no row", () => {
    const world = new CapacityWorld(4);
    world.ask("a", 4);
    expect(world.ask("a", 0, { held: 1 }).slots).toBe(0);
    expect(world.rows()).toMatchObject([{ run_id: "a", held: 1 }]);
    world.ask("a", 0);
    expect(world.rows()).toEqual([]);
  });

  test("a run that does not ask again in time has lost its slots to those that do", () => {
    const world = new CapacityWorld(4);
    world.ask("gone", 4);
    world.clock.advance(GRANT_TTL_MS - 1);
    expect(world.ask("b", 4).slots).toBe(0);
    world.clock.advance(1);
    expect(world.ask("b", 4).slots).toBe(4);
  });

  test("grants outlive the object that gave them", () => {
    const world = new CapacityWorld(4);
    world.ask("a", 3);
    world.restart();
    expect(world.ask("b", 4).slots).toBe(1);
  });

  test.each([-1, 0.5, Number.NaN])("%s is no number of slots", (want) => {
    expect(() => new CapacityWorld(4).ask("a", want)).toThrow("is no number of wanted slots");
  });

  test("the bound is 16 unless the environment says otherwise, and what is no bound is refused", () => {
    expect([slotsOfOrg(undefined), slotsOfOrg(""), slotsOfOrg("3")]).toEqual([16, 16, 3]);
    for (const text of ["0", "-1", "many", "1.5"]) expect(() => slotsOfOrg(text)).toThrow("ORG_SLOTS");
    expect(CAPACITY_MIGRATIONS.map(({ id }) => id)).toEqual(["0001-demands"]);
  });
});

/** A run as it behaves towards the capacity: it works with what it was granted, and a crash forgets everything. */
type SimulatedRun = { want: number; priority: Priority; slots: number; until: number; held: number };

test("grants and work under way never exceed the bound, whatever runs want, however they end and whenever objects crash", () => {
  const runs = fc.constantFrom("a", "b", "c", "d", "e");
  const step = fc.oneof(
    fc.record({ kind: fc.constant("ask" as const), run: runs, want: fc.nat(12), priority: fc.constantFrom(...PRIORITIES) }),
    fc.record({ kind: fc.constant("claim" as const), run: runs }),
    fc.record({ kind: fc.constant("release" as const), run: runs }),
    fc.record({ kind: fc.constant("die" as const), run: runs }),
    fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(GRANT_TTL_MS) }),
    fc.constant({ kind: "restart" as const }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(step, { maxLength: 80 }), (bound, steps) => {
      const world = new CapacityWorld(bound);
      const alive = new Map<string, SimulatedRun>();
      for (const taken of steps) {
        switch (taken.kind) {
          case "ask": {
            const run = alive.get(taken.run) ?? { want: 0, priority: taken.priority, slots: 0, until: 0, held: 0 };
            const grant = world.ask(taken.run, taken.want, { held: run.held, priority: taken.priority });
            alive.set(taken.run, { ...run, ...grant, want: taken.want, priority: taken.priority });
            break;
          }
          case "claim": {
            const run = alive.get(taken.run);
            if (run !== undefined && run.until > world.clock.now() && run.held < run.slots) run.held += 1;
            break;
          }
          case "release": {
            const run = alive.get(taken.run);
            if (run !== undefined && run.held > 0) run.held -= 1;
            break;
          }
          case "die":
            // Its beads end with it; the org learns of it by the silence.
            for (const run of [alive.get(taken.run)]) if (run !== undefined) run.held = 0;
            break;
          case "wait":
            world.clock.advance(taken.ms);
            for (const [name, run] of alive) if (run.until <= world.clock.now()) alive.set(name, { ...run, slots: 0, held: 0 });
            break;
          case "restart":
            world.restart();
            break;
          default:
            taken satisfies never;
        }
        const used = [...alive.values()].reduce((sum, run) => sum + Math.max(run.slots, run.held), 0);
        expect(used).toBeLessThanOrEqual(bound);
      }
    }),
    { numRuns: 200 },
  );
});

test("no run starves: whoever keeps asking has a slot within the wait that its priority and the length of the queue allow", () => {
  const BEAD_MS = 30_000;
  const RENEWAL_MS = 15_000;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(fc.constantFrom(...PRIORITIES), { minLength: 2, maxLength: 12 }), (bound, priorities) => {
      const world = new CapacityWorld(bound);
      const runs = priorities.map((priority, at) => ({ name: `r${at}`, priority, heldUntil: [] as number[], lastTurn: world.clock.now(), longest: 0 }));
      const rounds = Math.ceil(priorities.length / bound) + 1;
      const limit = (PRIORITIES.length - 1) * PRIORITY_STEP_MS + rounds * (TURN_MS + BEAD_MS + 2 * RENEWAL_MS);
      // Pokes are lost, so all that moves slots is that runs ask again.
      for (let at = 0; at < 3 * limit; at += RENEWAL_MS) {
        const now = world.clock.now();
        for (const run of runs) {
          run.heldUntil = run.heldUntil.filter((until) => until > now);
          const { slots } = world.ask(run.name, 8, { held: run.heldUntil.length, priority: run.priority });
          while (run.heldUntil.length < slots) run.heldUntil.push(now + BEAD_MS);
          if (slots > 0) run.lastTurn = now;
          run.longest = Math.max(run.longest, now - run.lastTurn);
        }
        world.clock.advance(RENEWAL_MS);
      }
      for (const { longest } of runs) expect(longest).toBeLessThanOrEqual(limit);
    }),
    { numRuns: 60 },
  );
});
