import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BeadState, Priority } from "@factory/schemas";
import type { BeadSeed, ClaimedBead, RunGraphAmendment, RunGraphChange, SeedRequest } from "@factory/schemas/rpc";
import { aSeed, addedBead, complete, failure, writing } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { directiveNode } from "../testing/lineage.ts";
import { MAX_CHANGES, planAmendment } from "./graph-amendments.ts";
import type { AmendableBead, AmendableGraph } from "./graph-amendments.ts";
import { GRAPH_LIMITS, shapeProblems } from "./run-graph.ts";

/** The run `a -> b`, `c` beside them, with an integrator and an outcome bead behind all. */
const plan = (name: string) => aSeed({ name, beads: [{ key: "a" }, { key: "b", dependsOn: ["a"] }, { key: "c" }] });
const SEED = plan("amended");

const beadOf = (title: string, seed: SeedRequest = SEED): BeadSeed => {
  const bead = seed.beads.find((one) => one.title === title);
  if (bead === undefined) throw new Error(title);
  return bead;
};
const idOf = (title: string, seed: SeedRequest = SEED): string => beadOf(title, seed).beadId;
const on = (...titles: readonly string[]) => titles.map((title) => ({ beadId: idOf(title), required: true }));

/** The run's graph with some beads in other states. */
function graphOf(states: { readonly [title: string]: BeadState } = {}, seed: SeedRequest = SEED): AmendableGraph {
  const { org, runId, claims, beads } = seed;
  return {
    org,
    runId,
    claims,
    invariantIds: [],
    beads: beads.map(({ beadId, atomId, moleculeId, outcome, title, dependsOn, directive }): AmendableBead => ({
      beadId,
      atomId,
      moleculeId,
      outcome,
      state: states[title] ?? (dependsOn.length === 0 ? "READY" : "BLOCKED"),
      claimRefs: directive.claimRefs,
      dependsOn,
    })),
  };
}

const insert = (bead: BeadSeed, ...before: readonly string[]): RunGraphChange => ({ kind: "insert", bead, before: on(...before) });
const x = (fields: Parameters<typeof addedBead>[2] = {}): BeadSeed => addedBead(SEED, "x", fields);
const y = (fields: Parameters<typeof addedBead>[2] = {}): BeadSeed => addedBead(SEED, "y", fields);

describe("an amendment that fits is planned", () => {
  test("an inserted bead comes before the beads it is put before", () => {
    const planned = planAmendment(graphOf(), { changes: [insert(x({ dependsOn: [idOf("a")] }), "c", "integrate")] });
    expect(planned).toMatchObject({
      ok: true,
      plan: {
        added: [{ title: "x", dependsOn: on("a") }],
        addedEdges: [
          { childId: idOf("c"), parentId: x().beadId, required: true },
          { childId: idOf("integrate"), parentId: x().beadId, required: true },
        ],
        removedEdges: [],
        summary: [`insert ${x().beadId} before ${idOf("c")}, ${idOf("integrate")}`],
      },
    });
  });

  test("who waited for a bead that is split waits for all its parts, in the same way", () => {
    const planned = planAmendment(graphOf(), { changes: [{ kind: "split", beadId: idOf("a"), into: [x(), y({ dependsOn: [x().beadId] })] }] });
    expect(planned).toMatchObject({ ok: true, plan: { superseded: [{ beadId: idOf("a"), by: [x().beadId, y().beadId] }] } });
    const edges = planned.ok ? planned.plan.addedEdges : [];
    expect(edges).toHaveLength(4);
    for (const child of ["b", "integrate"]) {
      for (const parent of [x(), y()]) expect(edges).toContainEqual({ childId: idOf(child), parentId: parent.beadId, required: true });
    }
  });

  test("a later change sees what an earlier one made", () => {
    const changes: RunGraphChange[] = [
      insert(x({ dependsOn: [idOf("a")] }), "integrate"),
      { kind: "supersede", beadId: idOf("a"), by: y() },
      { kind: "reorder", beadId: x().beadId, priority: "urgent" },
      { kind: "reorder", beadId: idOf("c"), priority: "low" },
    ];
    expect(planAmendment(graphOf(), { changes })).toMatchObject({
      ok: true,
      plan: {
        added: [{ title: "x", priority: "urgent", dependsOn: [{ beadId: y().beadId, required: true }] }, { title: "y" }],
        reordered: [{ beadId: idOf("c"), priority: "low" }],
      },
    });
  });

  test("the outcome bead may be superseded by another, which comes after everything too", () => {
    const { role, directive, outcome } = beadOf("outcome");
    const by = addedBead(SEED, "x", { role, outcome, dependsOn: [idOf("integrate")] });
    const same = { ...by, directive: { ...directive, atomId: by.directive.atomId } };
    expect(planAmendment(graphOf({ outcome: "LEASED" }), { changes: [{ kind: "supersede", beadId: idOf("outcome"), by: same }] })).toMatchObject({ ok: true });
  });
});

describe("an amendment is refused as INVALID_ARGUMENT", () => {
  test.each<[string, readonly RunGraphChange[], string]>([
    ["with nothing in it", [], "changes nothing"],
    ["that closes a cycle", [insert(x({ dependsOn: [idOf("b")] }), "a", "integrate")], "in a cycle"],
    [
      "whose parts wait for each other",
      [{ kind: "split", beadId: idOf("a"), into: [x({ dependsOn: [y().beadId] }), y({ dependsOn: [x().beadId] })] }],
      "in a cycle",
    ],
    ["with a bead that depends on itself", [insert(x({ dependsOn: [x().beadId] }), "integrate")], "depends on itself"],
    ["with a dependency that is named twice", [insert(x({ dependsOn: [idOf("a"), idOf("a")] }), "integrate")], "twice"],
    ["with a dependency that is not there", [insert(x({ dependsOn: ["BEAD-NONE"] }), "integrate")], "BEAD-NONE, which is not in the run"],
    ["before a bead that is not there", [{ kind: "insert", bead: x(), before: [{ beadId: "BEAD-NONE", required: true }] }], "BEAD-NONE is not in the run"],
    ["that splits a bead that is not there", [{ kind: "split", beadId: "BEAD-NONE", into: [x()] }], "BEAD-NONE is not in the run"],
    ["that reorders a bead that is not there", [{ kind: "reorder", beadId: "BEAD-NONE", priority: "high" }], "BEAD-NONE is not in the run"],
    ["that splits a bead into nothing", [{ kind: "split", beadId: idOf("a"), into: [] }], "Nothing takes the place"],
    ["that adds a bead that is there already", [insert(beadOf("a"), "integrate")], "in the run already"],
    ["that adds a bead twice", [insert(x(), "integrate"), insert(x(), "integrate")], "in the run already"],
    ["with a second bead of an atom", [insert({ ...x(), atomId: beadOf("a").atomId }, "integrate")], "has a bead in the run already"],
    ["with a bead of another run", [insert(addedBead(plan("other"), "x"), "integrate")], "is not the bead of"],
    ["with a directive of another role", [insert({ ...x(), role: "integrator" }, "integrate")], "is for the role coder"],
    ["with a claim that is not there", [insert(x({ claimRef: "C-99" }), "integrate")], "C-99"],
    ["with an unknown priority", [{ kind: "reorder", beadId: idOf("a"), priority: "soon" as Priority }], "soon"],
    ["with an unknown priority of a new bead", [insert(x({ priority: "soon" as Priority }), "integrate")], "soon"],
    ["that leaves a bead beside the outcome bead", [insert(x())], "does not come after"],
    [
      "that brings a second outcome bead",
      [insert({ ...x({ role: "verifier:outcome" }), outcome: true, directive: { ...x().directive, role: "verifier:outcome" } })],
      "2 outcome beads",
    ],
    ["of a bead that is new in it", [insert(x(), "integrate"), { kind: "supersede", beadId: x().beadId, by: y() }], "new in this amendment"],
  ])("%s", (_, changes, message) => {
    const planned = planAmendment(graphOf(), { changes });
    expect(planned).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(planned.ok ? "" : planned.problems.join("\n")).toContain(message);
  });

  test("when a criterion would be carried by no bead any longer", () => {
    const seed = {
      ...SEED,
      beads: SEED.beads.map((bead) => (bead.role === "integrator" ? { ...bead, directive: { ...bead.directive, claimRefs: ["C-2"] } } : bead)),
    };
    const supersede = (claimRef: string): RunGraphChange[] => [{ kind: "supersede", beadId: idOf("a"), by: x({ claimRef }) }];
    expect(planAmendment(graphOf({}, seed), { changes: supersede("C-2") })).toMatchObject({ ok: false, problems: ["No bead would carry C-1 any longer."] });
    expect(planAmendment(graphOf({}, seed), { changes: supersede("C-1") })).toMatchObject({ ok: true });
  });

  test("when it exceeds the bounds of a graph", () => {
    const beads = graphOf().beads;
    const [first] = beads;
    if (first === undefined) throw new Error("There is no bead.");
    const many = Array.from({ length: GRAPH_LIMITS.beads - beads.length }, (_, at): AmendableBead => ({
      ...first,
      beadId: `BEAD-${at}`,
      atomId: `ATOM-${at}`,
      state: "CANCELLED",
    }));
    const full = { ...graphOf(), beads: [...beads, ...many] };
    expect(planAmendment(full, { changes: [insert(x(), "integrate")] })).toMatchObject({ ok: false, problems: [expect.stringContaining("a run may have")] });
    const changes = Array.from({ length: MAX_CHANGES + 1 }, (): RunGraphChange => ({ kind: "reorder", beadId: idOf("a"), priority: "high" }));
    expect(planAmendment(graphOf(), { changes })).toMatchObject({ ok: false, code: "TOO_LARGE" });
  });
});

describe("an amendment is refused as FAILED_PRECONDITION", () => {
  test.each<[string, { readonly [title: string]: BeadState }, RunGraphChange]>([
    ["that puts something before a bead that is at work", { c: "LEASED" }, insert(x(), "c", "integrate")],
    ["that puts something before a bead that is done", { c: "DONE" }, insert(x(), "c", "integrate")],
    ["that puts something before a bead that a person is asked about", { c: "WAITING" }, insert(x(), "c", "integrate")],
    ["that splits a bead that is done", { a: "DONE" }, { kind: "split", beadId: idOf("a"), into: [x()] }],
    ["that supersedes a bead that is cancelled", { a: "CANCELLED" }, { kind: "supersede", beadId: idOf("a"), by: x() }],
    ["that reorders a bead that is done", { a: "DONE" }, { kind: "reorder", beadId: idOf("a"), priority: "high" }],
    ["that waits for a bead that is cancelled", { a: "CANCELLED", b: "CANCELLED" }, insert(x({ dependsOn: [idOf("a")] }))],
    ["that adds to a molecule whose verdict is being taken", { outcome: "LEASED" }, insert(x(), "integrate")],
  ])("%s", (_, states, change) => {
    const { beads, ...graph } = graphOf(states);
    // What is cancelled stands beside the graph.
    const live = beads.map((bead) => ({
      ...bead,
      dependsOn: bead.dependsOn.filter(({ beadId }) => states[SEED.beads.find((one) => one.beadId === beadId)?.title ?? ""] !== "CANCELLED"),
    }));
    const integrate = change.kind === "insert" && change.before.length === 0 ? [{ ...change, before: on("integrate") }] : [change];
    expect(planAmendment({ ...graph, beads: live }, { changes: integrate })).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
  });
});

test("an amendment of ten thousand beads is judged in well under a second", () => {
  const { beads, ...graph } = graphOf();
  const [first] = beads;
  if (first === undefined) throw new Error("There is no bead.");
  const count = 10_000;
  const many = Array.from({ length: count }, (_, at): AmendableBead => ({
    ...first,
    beadId: `BEAD-${at}`,
    atomId: `ATOM-${at}`,
    dependsOn: [1, 2, 3].flatMap((step) => (at < step * 7 ? [] : [{ beadId: `BEAD-${at - step * 7}`, required: true }])),
  }));
  const last = beads.map((bead) =>
    bead.outcome ? { ...bead, dependsOn: [...bead.dependsOn, ...many.map(({ beadId }) => ({ beadId, required: true }))] } : bead,
  );
  const startedAt = performance.now();
  expect(planAmendment({ ...graph, beads: [...many, ...last] }, { changes: [insert(x(), "integrate")] })).toMatchObject({ ok: true });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

/** A run on a coordinator, with hands to amend its graph. */
class AmendedRun {
  readonly world = new CoordinatorWorld();
  readonly seed: SeedRequest;
  #amendments = 0;

  constructor(seed: SeedRequest) {
    this.seed = seed;
  }

  /** Seeds it, cleared for more beads than any test adds. */
  async seeded(): Promise<this> {
    await this.world.seed(this.seed, this.world.aClearance(this.seed, { askedFor: 200 }));
    return this;
  }

  added(key: string, fields: Parameters<typeof addedBead>[2] = {}): BeadSeed {
    const bead = addedBead(this.seed, key, fields);
    this.world.graphs.written({ nodes: [directiveNode(this.seed.org, bead.directive)], edges: [] });
    return bead;
  }

  async amend(changes: readonly RunGraphChange[], fields: Partial<RunGraphAmendment> = {}) {
    const amendment = { amendmentId: `AMD-${(this.#amendments += 1)}`, changes, reason: "the order says more now", decidedBy: "ann", ...fields };
    const result = await this.world.coordinator.amendGraph("effect", amendment);
    await this.world.settle();
    return result;
  }

  id(title: string): string {
    return idOf(title, this.seed);
  }

  on(...titles: readonly string[]) {
    return titles.map((title) => ({ beadId: this.id(title), required: true }));
  }

  /** What each bead that waits for something counts, and what it should count. */
  counters(): { readonly bead_id: string; readonly pending: number; readonly counted: number }[] {
    return this.world.rows(
      `SELECT bead_id, pending, (SELECT count(*) FROM bead_edges e JOIN beads p ON p.bead_id = e.parent_id
         WHERE e.child_id = b.bead_id AND p.state <> 'DONE' AND (e.required = 1 OR p.state NOT IN ('FAILED', 'CANCELLED'))) AS counted
       FROM beads b WHERE state IN ('BLOCKED', 'READY') AND pending <> counted`,
    );
  }

  async states(): Promise<ReadonlyMap<string, BeadState>> {
    return new Map((await this.world.coordinator.record())?.beads.map(({ title, state }) => [title, state]));
  }
}

const aRunOf = (name: string): Promise<AmendedRun> => new AmendedRun(plan(name)).seeded();

describe("a run whose graph is amended", () => {
  test("blocks a READY bead behind one that is put before it, and ends with every bead done once", async () => {
    const run = await aRunOf("insert");
    const bead = run.added("x");
    expect(await run.amend([{ kind: "insert", bead, before: run.on("c", "integrate") }])).toEqual({ ok: true });
    expect(run.counters()).toEqual([]);
    expect(run.world.moves(run.id("c"))).toEqual([">READY", "READY>BLOCKED"]);
    expect(run.world.moves(bead.beadId)).toEqual([">READY"]);
    await run.world.work();
    expect(run.world.moves(run.id("c"))).toEqual([">READY", "READY>BLOCKED", "BLOCKED>READY", "READY>LEASED", "LEASED>DONE"]);
    expect(run.world.reports).toMatchObject([{ outcome: "accepted", beads: { done: 6, failed: 0 } }]);
    expect(run.world.eventsOf("RUN_GRAPH_AMENDED")).toMatchObject([
      { amendmentId: "AMD-1", decidedBy: "ann", changes: [`insert ${bead.beadId} before ${run.id("c")}, ${run.id("integrate")}`] },
    ]);
  });

  test("closes the epoch of a bead at work that is superseded: what its holder brings back changes nothing", async () => {
    const run = await aRunOf("supersede");
    const held = await run.world.claim();
    const by = run.added("x");
    expect(await run.amend([{ kind: "supersede", beadId: held.beadId, by }])).toEqual({ ok: true });
    expect(await run.world.coordinator.heartbeat(held.beadId, held.epoch)).toMatchObject({ current: false });
    const { verdicts } = await run.world.exchange(0, [await run.world.written(held, "late")], 0);
    expect(verdicts).toMatchObject([{ accepted: false, state: "CANCELLED" }]);
    await run.world.work();
    expect(run.world.moves(held.beadId)).toEqual([">READY", "READY>LEASED", "LEASED>CANCELLED"]);
    expect(await run.states()).toEqual(
      new Map([
        ["a", "CANCELLED"],
        ["b", "DONE"],
        ["c", "DONE"],
        ["integrate", "DONE"],
        ["outcome", "DONE"],
        ["x", "DONE"],
      ]),
    );
    expect(run.world.reports).toMatchObject([{ outcome: "accepted", beads: { done: 5, failed: 0 } }]);
  });

  test("lets a bead that a person is asked about be split; the question is asked no more", async () => {
    const run = await aRunOf("waiting");
    run.world.graphs.trust("PROPOSE");
    const held = await run.world.claim();
    await run.world.exchange(0, [await run.world.written(held, "fine")], 0);
    await run.world.settle();
    run.world.graphs.trust("EXECUTE_BOUNDED");
    expect(await run.amend([{ kind: "split", beadId: held.beadId, into: [run.added("x"), run.added("y")] }])).toEqual({ ok: true });
    expect(await run.world.decide("approved")).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    await run.world.work();
    expect(run.world.reports.at(-1)).toMatchObject({ outcome: "accepted" });
  });

  test("goes on past a bead that failed and that another takes the place of: its divergence is answered", async () => {
    const run = await aRunOf("failed");
    const held = await run.world.claim();
    await run.world.exchange(0, [failure(held, "governance", "GOVERNANCE_VIOLATION")], 0);
    await run.world.settle();
    expect(await run.world.stateOf("a")).toBe("FAILED");
    expect(await run.amend([{ kind: "supersede", beadId: held.beadId, by: run.added("x") }])).toEqual({ ok: true });
    expect(run.counters()).toEqual([]);
    await run.world.work();
    expect(run.world.moves(held.beadId).at(-1)).toBe("FAILED>CANCELLED");
    expect(run.world.reports.map(({ outcome }) => outcome)).toEqual(["diverged", "accepted"]);
  });

  test("takes a new bead that waits only for what is done at once", async () => {
    const run = await aRunOf("done");
    const held = await run.world.claim();
    await run.world.exchange(0, [await run.world.written(held, "fine")], 0);
    const bead = run.added("x", { dependsOn: [held.beadId] });
    expect(await run.amend([{ kind: "insert", bead, before: run.on("integrate") }])).toEqual({ ok: true });
    expect(run.world.moves(bead.beadId)).toEqual([">BLOCKED", "BLOCKED>READY"]);
    expect(run.counters()).toEqual([]);
  });

  test("hands out a bead first whose priority was raised", async () => {
    const run = await aRunOf("reorder");
    expect(await run.amend([{ kind: "reorder", beadId: run.id("c"), priority: "urgent" }])).toEqual({ ok: true });
    expect((await run.world.claim()).beadId).toBe(run.id("c"));
  });

  test("takes an amendment once, and another one under its id not at all", async () => {
    const run = await aRunOf("again");
    const changes: RunGraphChange[] = [{ kind: "insert", bead: run.added("x"), before: run.on("integrate") }];
    const fields = { amendmentId: "AMD-same" };
    expect(await run.amend(changes, fields)).toEqual({ ok: true });
    expect(await run.amend(changes, fields)).toEqual({ ok: true });
    expect(run.world.eventsOf("RUN_GRAPH_AMENDED")).toHaveLength(1);
    expect(await run.amend([{ kind: "reorder", beadId: run.id("a"), priority: "low" }], fields)).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
    await run.world.work();
    expect(await run.amend(changes, fields)).toEqual({ ok: true });
  });

  test("changes nothing at all when one of several changes does not fit", async () => {
    const run = await aRunOf("whole");
    const tables = ["beads", "bead_edges", "successors", "graph_amendments"];
    const all = () => tables.map((table) => run.world.rows(`SELECT * FROM ${table}`));
    const before = all();
    const events = run.world.events.length;
    const changes: RunGraphChange[] = [
      { kind: "supersede", beadId: run.id("a"), by: run.added("x") },
      { kind: "reorder", beadId: "BEAD-NONE", priority: "high" },
    ];
    expect(await run.amend(changes)).toMatchObject({ ok: false, code: "INVALID_ARGUMENT", details: { problems: ["BEAD-NONE is not in the run."] } });
    expect(all()).toEqual(before);
    expect(run.world.events).toHaveLength(events);
  });

  test("takes none before its seed, after its end and after it was cancelled", async () => {
    const changes: RunGraphChange[] = [{ kind: "reorder", beadId: idOf("a"), priority: "high" }];
    const unseeded = new AmendedRun(plan("none"));
    expect(await unseeded.amend(changes)).toMatchObject({ ok: false, code: "NOT_FOUND" });
    const ended = await aRunOf("ended");
    await ended.world.work();
    expect(await ended.amend(changes)).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    const cancelled = await aRunOf("cancelled");
    await cancelled.world.coordinator.cancel("c", "enough");
    expect(await cancelled.amend(changes)).toMatchObject({ ok: false, code: "CANCELLED" });
  });

  test("re-opens what took a bead's place when an amendment of the specification names that bead", async () => {
    const run = await aRunOf("reopen");
    await run.amend([{ kind: "split", beadId: run.id("a"), into: [run.added("x"), run.added("y")] }]);
    await run.world.work();
    const { specificationId, claims } = run.seed;
    const reopened = await run.world.coordinator.reopen("r", { amendmentId: "AMD-spec", specificationId, directives: [], claims, beadIds: [run.id("a")] });
    expect(reopened).toEqual({ ok: true });
    expect(await run.states()).toMatchObject(
      new Map([
        ["a", "CANCELLED"],
        ["x", "READY"],
        ["y", "READY"],
        ["b", "BLOCKED"],
        ["c", "DONE"],
        ["integrate", "BLOCKED"],
        ["outcome", "BLOCKED"],
      ]),
    );
    await run.world.work();
    expect(run.world.reports.map(({ outcome }) => outcome)).toEqual(["accepted", "accepted"]);
  });
});

test("a divergence names beads that the compiler knows, and beside them only the added bead it is of", async () => {
  const run = await aRunOf("affected");
  const [part, beside] = [run.added("x"), run.added("y", { dependsOn: [run.id("a")] })];
  await run.amend([
    { kind: "supersede", beadId: run.id("a"), by: part },
    { kind: "reorder", beadId: run.id("c"), priority: "low" },
  ]);
  await run.amend([{ kind: "insert", bead: { ...beside, dependsOn: [{ beadId: part.beadId, required: true }] }, before: run.on("integrate") }]);
  const fail = async (title: string): Promise<readonly string[]> => {
    const held = await run.world.claim();
    expect(held.directive.title).toBe(title);
    await run.world.exchange(0, [failure(held, "governance", "GOVERNANCE_VIOLATION")], 0);
    await run.world.settle();
    const report = run.world.reports.at(-1);
    return report?.outcome === "diverged" ? report.divergence.affectedBeadIds : [];
  };
  expect(await fail("x")).toEqual(["a", "b", "integrate", "outcome"].map((title) => run.id(title)));
  const { specificationId, claims } = run.seed;
  await run.world.coordinator.reopen("r", { amendmentId: "AMD-spec", specificationId, directives: [], claims, beadIds: [run.id("a")] });
  const [first] = (await run.world.exchange(0, [], 1)).beads;
  if (first === undefined) throw new Error("The part is re-opened.");
  await run.world.exchange(0, [await run.world.written(first, "fine")], 0);
  await run.amend([{ kind: "reorder", beadId: beside.beadId, priority: "urgent" }]);
  expect(await fail("y")).toEqual([beside.beadId, run.id("integrate"), run.id("outcome")]);
});

/** One change at random, of beads that are chosen when it is applied. */
const randomChanges = fc.array(
  fc.record({
    kind: fc.constantFrom("insert", "split", "supersede", "reorder", "work", "fail"),
    target: fc.nat(20),
    others: fc.uniqueArray(fc.nat(20), { maxLength: 3 }),
    parts: fc.integer({ min: 1, max: 3 }),
    optional: fc.boolean(),
  }),
  { minLength: 1, maxLength: 14 },
);
const randomGraphs = fc.integer({ min: 1, max: 6 }).chain((count) =>
  fc.record({
    count: fc.constant(count),
    edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1), fc.boolean()), { maxLength: 10 }),
    changes: randomChanges,
  }),
);

test("whatever is amended while it runs, the graph stays acyclic, the counters stay right, and each live bead is done exactly once", async () => {
  await fc.assert(
    fc.asyncProperty(randomGraphs, async ({ count, edges, changes }) => {
      const beads = Array.from({ length: count }, (_, at) => {
        const parents = new Map(edges.filter(([parent, child]) => child === at && parent < child).map(([parent, , required]) => [`f${parent}`, required]));
        const keys = (wanted: boolean) => [...parents].flatMap(([key, required]) => (required === wanted ? [key] : []));
        return { key: `f${at}`, dependsOn: keys(true), optional: keys(false) };
      });
      const run = await new AmendedRun(aSeed({ name: "random-amended", beads })).seeded();
      let held: ClaimedBead | undefined;
      let added = 0;
      for (const { kind, target, others, parts, optional } of changes) {
        const ids = run.world.rows<{ bead_id: string; outcome: number }>("SELECT bead_id, outcome FROM beads ORDER BY position");
        const pick = (at: number): string => ids[at % ids.length]?.bead_id ?? "";
        const last = ids.find(({ outcome }) => outcome === 1)?.bead_id ?? "";
        const key = (): string => `g${(added += 1)}`;
        const parents = [...new Set(others.map(pick))];
        switch (kind) {
          case "insert": {
            const before = [...new Set([pick(target), last])].map((beadId) => ({ beadId, required: !optional }));
            await run.amend([{ kind: "insert", bead: run.added(key(), optional ? { optional: parents } : { dependsOn: parents }), before }]);
            break;
          }
          case "split":
          case "supersede": {
            const into = Array.from({ length: kind === "split" ? parts : 1 }, () => run.added(key(), { dependsOn: parents }));
            const [by] = into;
            if (by === undefined) throw new Error("Nothing takes its place.");
            await run.amend([kind === "split" ? { kind, beadId: pick(target), into } : { kind, beadId: pick(target), by }]);
            break;
          }
          case "reorder":
            await run.amend([{ kind, beadId: pick(target), priority: optional ? "urgent" : "low" }]);
            break;
          case "work":
          case "fail": {
            if (held !== undefined) {
              const outcome = kind === "fail" ? failure(held, "governance", "GOVERNANCE_VIOLATION") : await run.world.written(held, "fine");
              await run.world.exchange(0, [outcome], 0);
              await run.world.settle();
            }
            held = (await run.world.exchange(0, [], 1)).beads[0];
            break;
          }
          default:
            kind satisfies never;
        }
        expect(run.counters()).toEqual([]);
        const graph = run.world.rows<{ bead_id: string; molecule_id: string; outcome: number }>(
          "SELECT bead_id, molecule_id, outcome FROM beads WHERE state <> 'CANCELLED'",
        );
        const rows = run.world.rows<{ child_id: string; parent_id: string }>("SELECT child_id, parent_id FROM bead_edges");
        const nodes = graph.map(({ bead_id: beadId, molecule_id: moleculeId, outcome }) => ({
          beadId,
          moleculeId,
          outcome: outcome === 1,
          parents: rows.flatMap((row) => (row.child_id === beadId ? [row.parent_id] : [])),
        }));
        expect(shapeProblems(nodes)).toEqual([]);
      }
      await drive(run, held);
      const record = await run.world.coordinator.record();
      for (const { beadId, state } of record?.beads ?? []) {
        const moves = run.world.moves(beadId);
        expect(moves.filter((move) => move === "LEASED>DONE")).toHaveLength(state === "DONE" ? 1 : 0);
      }
      const states = new Set(record?.beads.map(({ state }) => state));
      expect(run.world.reports.filter(({ outcome }) => outcome === "accepted")).toHaveLength(states.has("FAILED") ? 0 : 1);
      if (!states.has("FAILED")) expect([...states].filter((state) => state !== "DONE" && state !== "CANCELLED")).toEqual([]);
    }),
    { numRuns: 60, interruptAfterTimeLimit: 60_000 },
  );
}, 90_000);

/** Works with one slot until nothing is left to claim. */
async function drive({ world }: AmendedRun, held: ClaimedBead | undefined): Promise<void> {
  let bead = held;
  for (let steps = 0; steps < 200; steps++) {
    const path = bead?.directive.fileScope.write[0] ?? "";
    const outcomes = bead === undefined ? [] : [complete(bead, [await writing(world.blobs, bead, path, "fine")])];
    [bead] = (await world.exchange(0, outcomes, 1)).beads;
    await world.settle();
    if (bead === undefined) return;
  }
  throw new Error("The run does not end.");
}
