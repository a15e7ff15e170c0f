/** The dispatch gate at work: what each block holds back, what goes on, what is told, and what opens it again. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { CLEARANCE_TTL_MS, contentId, sessionIdOf } from "@factory/schemas";
import type { Clearance, DispatchBlock } from "@factory/schemas";
import type { RunReport, SeedRequest } from "@factory/schemas/rpc";
import { addedBead, aSeed, failure, suggestion } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { directiveNode } from "../testing/lineage.ts";
import { RETELL_MS } from "./dispatch-gating.ts";
import { LEASE_TTL_MS } from "./leases.ts";
import { COORDINATOR_MIGRATIONS } from "./store/schema.ts";

type BlockedReport = Extract<RunReport, { outcome: "blocked" }>;

const aRun = (name: string): SeedRequest => aSeed({ name, beads: [{ key: "a" }, { key: "b" }], slots: 2 });

const blocks = (world: CoordinatorWorld): BlockedReport[] => world.reports.flatMap((report) => (report.outcome === "blocked" ? [report] : []));

/** Proves that nothing is handed out: not to a slot that asks, not to the coordinator, and no slot is woken. */
async function expectNothingHandedOut(world: CoordinatorWorld): Promise<void> {
  const woken = world.wakes.length;
  for (const slot of [0, 1]) expect(await world.exchange(slot, [], 4)).toMatchObject({ beads: [], work: "waiting" });
  await world.settle();
  await world.pass(60_000);
  expect(world.wakes).toHaveLength(woken);
  expect(world.rows("SELECT bead_id FROM beads WHERE state = 'LEASED'")).toEqual([]);
  expect(world.rows("SELECT bead_id FROM beads WHERE epoch > 0")).toEqual([]);
  expect(world.jobs).toEqual([]);
}

/** A bead that an amendment adds, with its directive in the lineage as mediation leaves it. */
function added(world: CoordinatorWorld, seed: SeedRequest, key: string): SeedRequest["beads"][number] {
  const bead = addedBead(seed, key);
  world.graphs.written({ nodes: [directiveNode(seed.org, bead.directive)], edges: [] });
  return bead;
}

/** A seed with a bead that only reads. */
function withResearch(name: string, toolSchemas: SeedRequest["beads"][number]["directive"]["toolSchemas"]): SeedRequest {
  const seed = aRun(name);
  return {
    ...seed,
    beads: seed.beads.map((bead) =>
      bead.title === "a" ? { ...bead, directive: { ...bead.directive, fileScope: { read: ["**"], write: [] }, toolSchemas } } : bead,
    ),
  };
}

const CONTRACTS = ["read_file", "write_file"].map((name) => ({ name, description: name, parameters: { type: "object" } }));

describe("each of the seven blocks hands nothing out, and is told once with its code to the session and its log", () => {
  type Case = { readonly seed?: SeedRequest; readonly clearance: (world: CoordinatorWorld, seed: SeedRequest) => Clearance | null; readonly isOwn?: boolean };
  const sound: Case["clearance"] = (world, seed) => world.aClearance(seed);
  const cases: readonly (readonly [DispatchBlock, string, Case])[] = [
    ["DISPATCH_NO_SESSION", "in an object that was not made for it", { clearance: sound, isOwn: false }],
    ["DISPATCH_NO_CLEARANCE", "without a clearance", { clearance: () => null }],
    [
      "DISPATCH_STALE_CLEARANCE",
      "with a clearance of five hours ago",
      { clearance: (world, seed) => ({ ...world.aClearance(seed), timestamp: "2026-05-31T19:00:00Z" }) },
    ],
    ["DISPATCH_MISSING_FIELD", "with a clearance without teams", { clearance: (world, seed) => world.aClearance(seed, { approvedTeams: [] }) }],
    ["DISPATCH_CEILING_EXCEEDED", "of four beads with a clearance for one", { clearance: (world, seed) => world.aClearance(seed, { askedFor: 1 }) }],
    ["DISPATCH_NO_TOOL_CONTRACT", "with research by tools without schemas", { seed: withResearch("research", []), clearance: sound }],
    [
      "DISPATCH_MALFORMED",
      "with research that the clearance knows nothing of",
      { seed: withResearch("unknown", CONTRACTS), clearance: (world, seed) => world.aClearance(seed, { toolContractRequired: false }) },
    ],
    [
      "DISPATCH_MALFORMED",
      "with a clearance of another session",
      { clearance: (world, seed) => world.aClearance(seed, { sessionId: sessionIdOf("acme", "WO-1", "other") }) },
    ],
    ["DISPATCH_MALFORMED", "of a team that the clearance does not name", { clearance: (world, seed) => world.aClearance(seed, { approvedTeams: ["others"] }) }],
    ["DISPATCH_MALFORMED", "with a clearance of tomorrow", { clearance: (world, seed) => ({ ...world.aClearance(seed), timestamp: "2026-06-02T00:00:00Z" }) }],
  ];

  test.each(cases)("%s: a run %s", async (code, name, { seed = aRun(name), clearance, isOwn = true }) => {
    const world = new CoordinatorWorld();
    world.isOwn = isOwn;
    const given = clearance(world, seed);
    await world.seed(seed, given);
    await expectNothingHandedOut(world);
    await world.restart();
    await expectNothingHandedOut(world);
    const clearanceId = code === "DISPATCH_NO_SESSION" || code === "DISPATCH_NO_CLEARANCE" ? null : (given?.clearanceId ?? null);
    expect(blocks(world)).toMatchObject([{ code, clearanceId, beads: 4, message: expect.stringMatching(/\w\. \w/) }]);
    expect(world.eventsOf("DISPATCH_BLOCKED")).toMatchObject([{ runId: seed.runId, code, beads: 4 }]);
  });
});

test("research with a schema for every tool is handed out", async () => {
  const world = new CoordinatorWorld();
  await world.seed(withResearch("contracted", CONTRACTS));
  expect((await world.exchange(0, [], 4)).beads.map(({ directive }) => directive.title)).toContain("a");
  expect(blocks(world)).toEqual([]);
});

test("research in whose place another bead is put is no longer in the way", async () => {
  const world = new CoordinatorWorld();
  const seed = withResearch("replaced", []);
  await world.seed(seed);
  await expectNothingHandedOut(world);
  const [research] = seed.beads;
  const change = { kind: "supersede", beadId: research?.beadId ?? "", by: added(world, seed, "c") } as const;
  expect(await world.coordinator.amendGraph("amend", { amendmentId: "AMD-1", changes: [change], reason: "It has to write.", decidedBy: "ann" })).toEqual({
    ok: true,
  });
  // The clearance asks for contracts where none is needed any more; that is no fault.
  expect((await world.exchange(0, [], 4)).beads.map(({ directive }) => directive.title)).toEqual(["b", "c"]);
});

test("research that is directed to write is research no longer, and a bead that is directed to read only is", async () => {
  const world = new CoordinatorWorld();
  const seed = withResearch("redirected", []);
  await world.seed(seed);
  await expectNothingHandedOut(world);
  const [research] = seed.beads;
  if (research === undefined) throw new Error("The seed has no bead.");
  const reopen = async (amendmentId: string, write: readonly string[]) => {
    const directives = [{ ...research.directive, fileScope: { read: ["**"], write: [...write] } }];
    const request = { amendmentId, specificationId: seed.specificationId, directives, claims: seed.claims, beadIds: [research.beadId] };
    expect(await world.coordinator.reopen(amendmentId, request)).toEqual({ ok: true });
  };
  await reopen("AMD-1", ["src/a.ts"]);
  expect((await world.exchange(0, [], 1)).beads).toHaveLength(1);
  await reopen("AMD-2", []);
  expect((await world.exchange(1, [], 1)).beads).toEqual([]);
});

describe("a run that grows", () => {
  const grow = (world: CoordinatorWorld, seed: SeedRequest, keys: readonly string[]) => {
    const last = seed.beads.at(-1)?.beadId ?? "";
    const changes = keys.map((key) => ({ kind: "insert", bead: added(world, seed, key), before: [{ beadId: last, required: true }] }) as const);
    return world.coordinator.amendGraph("grow", { amendmentId: `AMD-${keys.join()}`, changes, reason: "There is more to do.", decidedBy: "ann" });
  };

  test("goes on with two beads more than were asked for, and stops and asks with the third; what is at work goes on to its end", async () => {
    const world = new CoordinatorWorld();
    const seed = aRun("grows");
    await world.seed(seed);
    expect(await grow(world, seed, ["c", "d"])).toEqual({ ok: true });
    const held = await world.claim();
    expect(await grow(world, seed, ["e"])).toEqual({ ok: true });
    await world.settle();
    expect(blocks(world)).toMatchObject([{ code: "DISPATCH_CEILING_EXCEEDED", beads: 7, ceiling: 6 }]);
    // A broken call is repeated: the slot is given what it holds, and nothing else.
    expect((await world.exchange(0, [], 4)).beads).toMatchObject([{ beadId: held.beadId, epoch: held.epoch }]);
    expect((await world.coordinator.heartbeat(held.beadId, held.epoch)).current).toBe(true);
    const answer = await world.exchange(0, [await world.written(held, "fine")], 4);
    expect(answer).toMatchObject({ verdicts: [{ accepted: true, state: "DONE" }], beads: [], work: "waiting" });
    expect((await world.exchange(1, [], 4)).beads).toEqual([]);
    expect(blocks(world)).toHaveLength(1);
  });

  test("goes on at once when it is cleared for what it has become, and ends accepted", async () => {
    const world = new CoordinatorWorld();
    const seed = aRun("cleared-again");
    await world.seed(seed);
    await grow(world, seed, ["c", "d", "e"]);
    await expectNothingHandedOut(world);
    const [asked] = blocks(world);
    const woken = world.wakes.length;
    expect(await world.coordinator.clear("clear:1", world.aClearance(seed, { askedFor: asked?.beads ?? 0 }), "ann")).toEqual({ ok: true });
    await world.settle();
    expect(world.wakes.length).toBeGreaterThan(woken);
    await world.work();
    expect(world.reports.map(({ outcome }) => outcome)).toEqual(["blocked", "accepted"]);
  });

  test("by no more than is superseded is not beyond its ceiling", async () => {
    const world = new CoordinatorWorld();
    const seed = aRun("superseded");
    await world.seed(seed, world.aClearance(seed, { askedFor: 2 }));
    const [first] = seed.beads;
    const changes = [{ kind: "supersede", beadId: first?.beadId ?? "", by: added(world, seed, "c") }] as const;
    await world.coordinator.amendGraph("x", { amendmentId: "AMD-1", changes, reason: "r", decidedBy: "ann" });
    expect((await world.exchange(0, [], 4)).beads).toHaveLength(2);
    expect(blocks(world)).toEqual([]);
  });
});

describe("a clearance that goes stale while the run is under way", () => {
  test("is noticed without a call while beads wait, told once, and a fresh one dispatches at once", async () => {
    const world = new CoordinatorWorld();
    const seed = aRun("stale");
    const clearance = world.aClearance(seed);
    await world.seed(seed, clearance);
    const held = await world.claim();
    // The holder lives, and the other bead waits for a slot that nobody takes.
    for (let passed = 0; passed < CLEARANCE_TTL_MS; passed += LEASE_TTL_MS / 2) {
      await world.coordinator.heartbeat(held.beadId, held.epoch);
      await world.pass(LEASE_TTL_MS / 2);
    }
    expect(blocks(world)).toEqual([]);
    await world.pass(1);
    expect(blocks(world)).toMatchObject([
      { code: "DISPATCH_STALE_CLEARANCE", clearanceId: world.aClearance(seed).clearanceId === "" ? "" : expect.any(String) },
    ]);
    expect((await world.exchange(1, [], 4)).beads).toEqual([]);
    const woken = world.wakes.length;
    await world.coordinator.clear("clear:1", world.aClearance(seed), "fresh");
    await world.settle();
    expect(world.wakes.length).toBeGreaterThan(woken);
    expect((await world.exchange(1, [], 4)).beads).toHaveLength(1);
    expect(blocks(world)).toHaveLength(1);
  });

  test("is told when something is held back by it and not before: a person is waited for as long as it takes", async () => {
    const world = new CoordinatorWorld();
    await world.seed(aSeed({ name: "person", beads: [{ key: "a" }] }));
    const bead = await world.claim();
    await world.exchange(0, [suggestion(bead)], 0);
    await world.settle();
    await world.pass(3 * CLEARANCE_TTL_MS);
    expect(blocks(world)).toEqual([]);
    expect((await world.coordinator.poke()).nextAt).toBeNull();
    await world.decide("approved");
    expect(blocks(world)).toMatchObject([{ code: "DISPATCH_STALE_CLEARANCE" }]);
    expect((await world.exchange(0, [], 1)).beads).toEqual([]);
  });

  test("keeps the outcome bead from being judged, and what is being judged is judged to its end", async () => {
    const world = new CoordinatorWorld();
    const seed = aSeed({ name: "outcome", beads: [{ key: "a" }] });
    await world.seed(seed);
    let answer = await world.exchange(0);
    world.clock.advance(CLEARANCE_TTL_MS);
    answer = await world.exchange(0, [await world.written(answer.beads[0] ?? (await world.claim()), "fine")]);
    const [integrator] = answer.beads;
    if (integrator === undefined) throw new Error("The integrator was not handed out.");
    world.clock.advance(1);
    await world.exchange(0, [await world.written(integrator, "fine")], 0);
    await world.settle();
    expect(await world.stateOf("outcome")).toBe("READY");
    expect(blocks(world)).toMatchObject([{ code: "DISPATCH_STALE_CLEARANCE" }]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const { answer: check } = world;
    world.answer = async (job) => {
      begun.resolve();
      await promise;
      return check(job);
    };
    await world.coordinator.clear("clear:1", world.aClearance(seed), "fresh");
    const settled = world.settle();
    await begun.promise;
    // Taken away while the outcome bead is judged: it is the coordinator's to the end.
    await world.coordinator.clear("clear:2", null, "suspended");
    resolve();
    await settled;
    await world.settle();
    expect(world.reports.at(-1)).toMatchObject({ outcome: "accepted" });
  });

  test("keeps an approved change set from being applied until there is a fresh one", async () => {
    const world = new CoordinatorWorld();
    const seed = aSeed({ name: "apply", beads: [{ key: "a" }] });
    await world.seed(seed);
    const bead = await world.claim();
    await world.exchange(0, [{ ...(await world.written(bead, "fine")), ...world.begunOf(bead), autonomy: "PROPOSE" }], 0);
    await world.settle();
    await world.pass(CLEARANCE_TTL_MS + 1);
    await world.decide("approved");
    expect(await world.stateOf("a")).toBe("READY");
    expect(blocks(world)).toMatchObject([{ code: "DISPATCH_STALE_CLEARANCE" }]);
    await world.coordinator.clear("clear:1", world.aClearance(seed), "fresh");
    await world.settle();
    expect(await world.stateOf("a")).toBe("DONE");
  });
});

describe("a clearance that is taken away", () => {
  test("holds everything back until another is given, whose writing came after", async () => {
    const world = new CoordinatorWorld();
    const seed = aRun("withdrawn");
    await world.seed(seed);
    const older = world.aClearance(seed, { askedFor: 5 });
    world.clock.advance(1_000);
    expect(await world.coordinator.clear("suspend", null, "force-suspend by ann and bob")).toEqual({ ok: true });
    await world.settle();
    await expectNothingHandedOut(world);
    expect(blocks(world)).toMatchObject([{ code: "DISPATCH_NO_CLEARANCE", clearanceId: null, message: expect.stringContaining("ann and bob") }]);
    // One that was on its way when it was taken away is void.
    expect(await world.coordinator.clear("late", older, "late")).toEqual({ ok: true });
    await world.settle();
    await expectNothingHandedOut(world);
    expect(await world.coordinator.clear("unsuspend", world.aClearance(seed), "force-resume")).toEqual({ ok: true });
    await world.settle();
    expect((await world.exchange(0, [], 4)).beads).toHaveLength(2);
    await world.coordinator.clear("again", null, "once more");
    // What is leased goes on to its end under no clearance at all.
    expect((await world.exchange(0, [], 4)).beads).toHaveLength(2);
  });

  test("lets a bead whose lease ends be taken back, and hands it to nobody", async () => {
    const world = new CoordinatorWorld();
    await world.seed(aSeed({ name: "rescued", beads: [{ key: "a" }] }));
    await world.claim();
    await world.coordinator.clear("suspend", null, "suspended");
    await world.pass(10 * LEASE_TTL_MS);
    await world.pass(10 * LEASE_TTL_MS);
    expect(await world.stateOf("a")).toBe("READY");
    expect((await world.exchange(1, [], 1)).beads).toEqual([]);
  });

  test("before the seed arrives keeps the seed's own from opening the gate", async () => {
    const world = new CoordinatorWorld();
    const seed = aRun("before");
    await world.coordinator.clear("suspend", null, "suspended");
    await world.seed(seed);
    await expectNothingHandedOut(world);
    await world.coordinator.clear("unsuspend", world.aClearance(seed), "resumed");
    expect((await world.exchange(0, [], 1)).beads).toHaveLength(1);
  });

  test("gives the org's slots to others", async () => {
    const world = new CoordinatorWorld();
    await world.seed(aRun("slots"));
    expect(world.capacityRequests.at(-1)).toMatchObject({ want: 2, held: 0 });
    await world.coordinator.clear("suspend", null, "suspended");
    await world.pass(60_000);
    expect(world.capacityRequests.at(-1)).toMatchObject({ want: 0, held: 0 });
  });
});

describe("clear", () => {
  test("is idempotent by its effect: a repeat neither gives back what was taken away nor takes away what was given", async () => {
    const world = new CoordinatorWorld();
    const seed = aRun("idempotent");
    await world.seed(seed, null);
    const given = world.aClearance(seed);
    await world.coordinator.clear("give", given, "r");
    await world.coordinator.clear("take", null, "r");
    await world.coordinator.clear("give", given, "r");
    await world.settle();
    await expectNothingHandedOut(world);
    await world.coordinator.clear("back", world.aClearance(seed), "r");
    await world.coordinator.clear("take", null, "r");
    expect((await world.exchange(0, [], 1)).beads).toHaveLength(1);
  });

  test("refuses what no run like this could be cleared by with its code, and what is in place stays", async () => {
    const world = new CoordinatorWorld();
    const seed = aRun("refused");
    await world.seed(seed);
    const refused: readonly (readonly [DispatchBlock, Partial<Clearance>])[] = [
      ["DISPATCH_MISSING_FIELD", { approvedSubTasks: [] }],
      ["DISPATCH_MALFORMED", { ceiling: 1_000 }],
      ["DISPATCH_MALFORMED", { assembly: "payroll" }],
      ["DISPATCH_MALFORMED", { approvedSubTasks: [contentId("BEAD", { kind: "Other", org: "acme", content: {}, parents: [] })] }],
      ["DISPATCH_MALFORMED", { timestamp: "2027-01-01T00:00:00Z" }],
    ];
    for (const [code, fields] of refused)
      expect(await world.coordinator.clear(`clear:${code}`, world.aClearance(seed, fields), "r")).toMatchObject({ ok: false, code });
    expect((await world.exchange(0, [], 1)).beads).toHaveLength(1);
    expect(await new CoordinatorWorld().coordinator.clear("x", world.aClearance(seed), "r")).toMatchObject({ ok: false, code: "NOT_FOUND" });
  });

  test("takes a clearance that does not cover the run as it is, and the session is told of it by its own id", async () => {
    const world = new CoordinatorWorld();
    const seed = aRun("small");
    await world.seed(seed, null);
    const small = world.aClearance(seed, { askedFor: 1 });
    expect(await world.coordinator.clear("clear:1", small, "r")).toEqual({ ok: true });
    await world.settle();
    expect(blocks(world)).toMatchObject([{ code: "DISPATCH_NO_CLEARANCE" }, { code: "DISPATCH_CEILING_EXCEEDED", clearanceId: small.clearanceId, ceiling: 3 }]);
  });
});

describe("a block", () => {
  test("is told once however often the run is asked, and again by a poke after ten minutes under the same request", async () => {
    const world = new CoordinatorWorld();
    await world.seed(aRun("told"), null);
    const pending = (): number => world.rows("SELECT request_id FROM dispatch_blocks").length;
    const toldAt = (): unknown => world.rows("SELECT told_at FROM dispatch_blocks")[0]?.["told_at"];
    const first = toldAt();
    for (let round = 0; round < 5; round++) {
      await world.exchange(0, [], 1);
      await world.coordinator.poke();
      await world.settle();
    }
    expect([pending(), toldAt()]).toEqual([1, first]);
    world.clock.advance(RETELL_MS);
    await world.coordinator.poke();
    await world.settle();
    expect(toldAt()).toBe(world.clock.now());
    // The session knows the report by its request.
    expect(blocks(world)).toHaveLength(1);
    expect(world.eventsOf("DISPATCH_BLOCKED")).toHaveLength(1);
  });

  test("is told anew for another clearance that does not do either, and not for the same one or the same absence again", async () => {
    const world = new CoordinatorWorld();
    const seed = aRun("anew");
    const first = world.aClearance(seed, { askedFor: 1 });
    await world.seed(seed, first);
    await world.coordinator.clear("same", first, "r");
    world.clock.advance(1);
    const second = world.aClearance(seed, { askedFor: 1 });
    await world.coordinator.clear("second", second, "r");
    await world.coordinator.clear("gone", null, "r");
    await world.coordinator.clear("still-gone", null, "r");
    await world.settle();
    expect(blocks(world).map(({ code, clearanceId }) => [code, clearanceId])).toEqual([
      ["DISPATCH_CEILING_EXCEEDED", first.clearanceId],
      ["DISPATCH_CEILING_EXCEEDED", second.clearanceId],
      ["DISPATCH_NO_CLEARANCE", null],
    ]);
    expect(new Set(blocks(world).map(({ requestId }) => requestId)).size).toBe(3);
  });

  test("survives a crash between the commit and the delivery: the session is told, once", async () => {
    const world = new CoordinatorWorld();
    world.logAnswer = { ok: false, code: "UNAVAILABLE", message: "down" };
    await world.seed(aRun("crash"), null);
    expect(blocks(world)).toEqual([]);
    world.logAnswer = { ok: true };
    await world.restart();
    await world.pass(60 * 60_000);
    expect(blocks(world)).toHaveLength(1);
    expect(world.eventsOf("DISPATCH_BLOCKED")).toHaveLength(1);
  });

  test("of a run that is over is told to nobody", async () => {
    const world = new CoordinatorWorld();
    await world.coordinator.clear("suspend", null, "r");
    const seed = aSeed({ name: "over", beads: [{ key: "a" }] });
    await world.seed(seed);
    const told = blocks(world).length;
    await world.coordinator.cancel("cancel", "changed my mind");
    await world.coordinator.clear("give", world.aClearance(seed), "r");
    await world.coordinator.clear("take", null, "r");
    await world.settle();
    expect(blocks(world)).toHaveLength(told);
  });
});

test("a run from before there were clearances has none, asks for one, and goes on when it is given", async () => {
  const storage = new NodeSqliteStorage();
  const at = COORDINATOR_MIGRATIONS.findIndex(({ id }) => id === "0012-clearance");
  migrate(storage, COORDINATOR_MIGRATIONS.slice(0, at));
  const world = new CoordinatorWorld(storage);
  const seed = withResearch("older", []);
  await world.seed(seed, null);
  // As the tables were before: what the gate compares has to come from what is stored.
  for (const table of ["clearance", "dispatch_blocks", "bead_teams", "research_beads"]) world.execute(`DROP TABLE ${table}`);
  world.execute("DELETE FROM durable_migrations WHERE id = '0012-clearance'");
  await world.restart();
  await world.coordinator.poke();
  await world.settle();
  await expectNothingHandedOut(world);
  expect(new Set(blocks(world).map(({ code }) => code))).toEqual(new Set(["DISPATCH_NO_CLEARANCE"]));
  await world.coordinator.clear("clear:1", world.aClearance(seed), "asked for");
  await world.settle();
  expect(blocks(world).at(-1)).toMatchObject({ code: "DISPATCH_NO_TOOL_CONTRACT" });
  expect(world.rows("SELECT team FROM bead_teams")).toEqual([{ team: "build" }]);
});

test("whatever bytes a stored clearance holds, nothing is handed out and nothing breaks", async () => {
  const world = new CoordinatorWorld();
  const seed = aRun("bytes");
  await world.seed(seed);
  const sound = JSON.stringify(world.aClearance(seed));
  const bytes = fc.oneof(
    fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "")),
    fc.json(),
    fc.integer({ min: 0, max: sound.length - 1 }).map((cut) => sound.slice(0, cut)),
    fc.constantFrom(...Object.keys(JSON.parse(sound) as object)).map((field) => sound.replace(`"${field}"`, '"other"')),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (body) => {
      world.execute(`UPDATE clearance SET serial = serial + 1, body = '${body.toWellFormed().replaceAll("'", "''")}'`);
      await world.restart();
      await world.settle();
      await expectNothingHandedOut(world);
    }),
    { numRuns: 100 },
  );
  world.execute(`UPDATE clearance SET serial = serial + 1, body = '${JSON.stringify(world.aClearance(seed))}'`);
  await world.restart();
  expect((await world.exchange(0, [], 1)).beads).toHaveLength(1);
});

test("a failed attempt under a sound clearance is handed out again: the gate is in nobody's way", async () => {
  const world = new CoordinatorWorld();
  await world.seed(aSeed({ name: "again", beads: [{ key: "a" }] }));
  const bead = await world.claim();
  expect((await world.exchange(0, [failure(bead, "quality", "GATE_REFUSED")], 1)).beads).toMatchObject([{ beadId: bead.beadId, epoch: 2 }]);
});
