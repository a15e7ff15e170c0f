import { ARTIFACT_GRAPH_MIGRATIONS, ArtifactGraph } from "@factory/artifact-graph";
import { migrate, Inbox, Outbox, Scheduler } from "@factory/durable";
import type { Delivery, Effect } from "@factory/durable";
import { ManualAlarm, ManualClock, MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import { CLEARANCE_FIELDS, clearance as clearanceSchema, functionFile, parseEventPayload, refusing, sha256Hex } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, Clearance, EventWrite, Refusal, Result, SuccessCheck } from "@factory/schemas";
import type { AmendRequest, CompileReport, ReopenRequest, RunGraphAmendment, SeedRequest, SessionReport } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { dispatchBlock, readStanding } from "../../pipeline/src/coordinator/dispatch-gate.ts";
import { deliver, deliveryOf } from "./delivery.ts";
import { Mediation } from "./mediation.ts";
import { MEDIATION_MIGRATIONS, MediationStore } from "./mediation-store.ts";
import { deploymentNotes } from "./clearances.ts";
import { aClearRequest, aCompileRequest, adoptedLineage, anAmendRequest, approvedLineage, CIRCULAR_ORDER, receiptLineage } from "./testing/requests.ts";
import type { Lineage } from "./testing/requests.ts";

type Call = { readonly target: string; readonly effectId: string; readonly body: unknown };

/** The assembly's graph on real SQLite. */
function aGraph(now: () => number): ArtifactGraph {
  const storage = new NodeSqliteStorage();
  migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
  return new ArtifactGraph({ storage, namespace: "shop", registry: FACTORY_REGISTRY, verifyId: factoryIds("acme"), now });
}

/** The mediation of the session `one`, whose order is approved, with a real graph, other neighbours that record, and a drain by hand. */
class World {
  readonly storage = new NodeSqliteStorage();
  readonly clock = new ManualClock();
  readonly alarm = new ManualAlarm();
  readonly calls: Call[] = [];
  /** What a target refuses its next calls with. */
  readonly refusals = new Map<string, Refusal[]>();
  readonly mediation: Mediation;
  readonly #graph = aGraph(this.clock.now);
  readonly #scheduler: Scheduler;
  readonly #outbox: Outbox;

  constructor() {
    const shared = { storage: this.storage, log: new MemoryLog(), now: this.clock.now, random: () => 0.5 };
    migrate(this.storage, MEDIATION_MIGRATIONS);
    const store = new MediationStore(this.storage);
    this.#scheduler = new Scheduler({ ...shared, timer: this.alarm });
    this.#outbox = new Outbox({
      ...shared,
      scheduler: this.#scheduler,
      deliver: (target, effects) => this.#deliver(store, target, effects),
      onParked: (effect) => this.mediation.parked(effect),
      startTimeout: this.clock.startTimeout,
    });
    this.mediation = new Mediation({
      storage: this.storage,
      store,
      inbox: new Inbox({ storage: this.storage }),
      outbox: this.#outbox,
      isFor: () => true,
      now: this.clock.now,
    });
    this.written(approvedLineage(aCompileRequest("one")));
  }

  /** Puts into the graph what others have written. */
  written({ nodes, edges }: Lineage): void {
    this.#graph.append(nodes, edges);
  }

  #deliver(store: MediationStore, target: string, effects: readonly Effect[]): Promise<Delivery> {
    const take = async <T extends object>(name: string, effectId: string, body: unknown, act: () => T): Promise<Result<T>> => {
      const answer = this.refusals.get(name)?.shift() ?? (await refusing(async () => act()));
      if (answer.ok) this.calls.push({ target: name, effectId, body });
      return answer;
    };
    return deliver(
      {
        store,
        mediation: this.mediation,
        ports: {
          graph: () => ({ append: (nodes, edges) => take("graph", "append", { nodes, edges }, () => ({ written: this.#graph.append(nodes, edges) })) }),
          log: () => ({
            append: (identity, events) =>
              take("log", identity.sessionId, events, () => ({ appended: events.length, tip: { lastSeq: 0, rootHash: "", closed: false, archived: false } })),
          }),
          coordinator: () => ({
            seed: (effectId, request) => take("seed", effectId, request, () => ({ ready: 1 })),
            amendGraph: (effectId, amendment) => take("amend-graph", effectId, amendment, () => ({})),
            reopen: (effectId, request) => take("reopen", effectId, request, () => ({})),
            clear: (effectId, clearance) => take("clear", effectId, clearance, () => ({})),
          }),
          session: () => ({ report: (effectId, report) => take("session", effectId, report, () => ({})) }),
        },
      },
      target,
      effects,
    );
  }

  /** Runs alarms until nothing is due any more. */
  async settle(): Promise<void> {
    await this.#outbox.poke();
    for (let round = 0; round < 200; round++) {
      this.clock.advance(10 * 60_000);
      if (!this.alarm.take(this.clock.now())) return;
      await this.#scheduler.onAlarm(this.clock.now());
    }
  }

  bodies<T>(target: string): T[] {
    // The recording neighbours keep what the typed ports were given.
    return this.calls.filter((call) => call.target === target).map(({ body }) => body as T);
  }

  events(): EventWrite[] {
    return this.bodies<EventWrite[]>("log").flat();
  }

  reports(): CompileReport[] {
    return this.bodies<SessionReport>("session").flatMap((report) => (report.kind === "compiled" ? [report.report] : []));
  }
}

async function compiledWorld(text?: string) {
  const world = new World();
  const request = text === undefined ? aCompileRequest("one") : aCompileRequest("one", text);
  expect(world.mediation.compile("compile-1", request)).toEqual({ ok: true });
  await world.settle();
  return { world, request };
}

describe("compiling", () => {
  test("appends artifacts before the events that report them, seeds, and reports to the session last", async () => {
    const { world } = await compiledWorld();
    expect(world.calls.map(({ target }) => target)).toEqual(["graph", "log", "seed", "session"]);
    const written = world.bodies<{ nodes: ArtifactNode[] }>("graph").flatMap(({ nodes }) => nodes.map(({ id }) => id));
    const reported = world.events().flatMap((event) => (event.kind === "ARTIFACT_WRITTEN" ? [event.payload.artifactId] : []));
    expect(reported).toEqual(written);
    expect(world.events().at(-1)).toMatchObject({
      kind: "VERIFICATION_PRODUCED",
      payload: { verificationType: "COHERENCE", outcome: "PASS", failedCriteria: [] },
    });
    const [seed] = world.bodies<SeedRequest>("seed");
    expect(world.reports()).toEqual([
      {
        outcome: "compiled",
        runId: seed?.runId,
        specificationId: seed?.specificationId,
        workGraphId: seed?.workGraphId,
        beads: 5,
        claims: 3,
        holdouts: 2,
        personClaims: [],
      },
    ]);
  });

  test("writes events that their schemas accept, each with an id of its own and every edge once", async () => {
    const { world } = await compiledWorld();
    const events = world.events();
    for (const { kind, payload } of events) expect(parseEventPayload(kind, payload)).toEqual(payload);
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
    const edges = events.flatMap((event) => (event.kind === "ARTIFACT_WRITTEN" ? (event.payload.edges ?? []) : []));
    expect(edges).toHaveLength(world.bodies<{ edges: ArtifactEdge[] }>("graph").flatMap((body) => body.edges).length);
  });

  test("lets no hidden example into an event", async () => {
    const { world } = await compiledWorld();
    const hidden = world.bodies<SeedRequest>("seed").flatMap(({ claims }) => claims.flatMap(({ holdout }) => holdout.map(({ text }) => text)));
    expect(hidden).toHaveLength(2);
    for (const text of hidden) expect(JSON.stringify(world.events())).not.toContain(text);
  });

  test("answers a repeat from the record and sends nothing twice", async () => {
    const { world, request } = await compiledWorld();
    const before = world.calls.length;
    expect(world.mediation.compile("compile-1", request)).toEqual({ ok: true });
    await world.settle();
    expect(world.calls).toHaveLength(before);
  });

  test("a second run of a session is refused", async () => {
    const { world, request } = await compiledWorld();
    expect(world.mediation.compile("compile-2", request)).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
  });

  test("a request for another session is refused", () => {
    const storage = new NodeSqliteStorage();
    migrate(storage, MEDIATION_MIGRATIONS);
    const mediation = new Mediation({
      storage,
      store: new MediationStore(storage),
      inbox: new Inbox({ storage }),
      outbox: { enqueue: () => true },
      isFor: () => false,
      now: () => 0,
    });
    expect(mediation.compile("c", aCompileRequest("one"))).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(mediation.state()).toBeUndefined();
  });

  test("an artifact that the graph would not take is refused before anything is stored", async () => {
    const world = new World();
    const big = aCompileRequest("one");
    const request = { ...big, order: { ...big.order, goal: "é".repeat(600_000) } };
    expect(world.mediation.compile("compile-1", request)).toMatchObject({ ok: false, code: "TOO_LARGE" });
    await world.settle();
    expect(world.calls).toEqual([]);
  });
});

describe("a gate that refuses", () => {
  test("leaves its report, seeds nothing, and tells the session what mends it", async () => {
    const { world } = await compiledWorld(CIRCULAR_ORDER);
    expect(world.bodies("seed")).toEqual([]);
    expect(world.events().at(-1)).toMatchObject({ payload: { outcome: "FAIL", failedCriteria: ["acyclic"] } });
    const [report] = world.reports();
    expect(report).toMatchObject({ outcome: "refused", code: "GATE_REFUSED", remediation: [expect.stringContaining("depend on each other")] });
    const stored = world.bodies<{ nodes: ArtifactNode[] }>("graph").flatMap(({ nodes }) => nodes);
    expect(stored.find(({ type }) => type === "VerificationReport")?.id).toBe(report?.outcome === "refused" ? report.reportId : "none");
  });

  test("does not close the way: a mended order compiles", async () => {
    const { world } = await compiledWorld(CIRCULAR_ORDER);
    expect(world.mediation.compile("compile-2", aCompileRequest("one"))).toEqual({ ok: true });
    await world.settle();
    expect(world.reports().map(({ outcome }) => outcome)).toEqual(["refused", "compiled"]);
  });
});

describe("amending", () => {
  async function amendable() {
    const { world, request } = await compiledWorld();
    const [seed] = world.bodies<SeedRequest>("seed");
    const line = seed?.claims[0]?.holdout[0]?.line ?? 0;
    const beadIds = seed?.beads.map(({ beadId }) => beadId) ?? [];
    const amend = anAmendRequest(request, { line, beadIds });
    world.written(adoptedLineage(amend, seed?.specificationId ?? ""));
    return { world, request, amend, line };
  }

  test("writes the successor directives, re-opens the beads with them, then tells the session", async () => {
    const { world, amend, line } = await amendable();
    const before = world.calls.length;
    expect(world.mediation.amend("amend-1", amend)).toEqual({ ok: true });
    await world.settle();
    expect(world.calls.slice(before).map(({ target }) => target)).toEqual(["graph", "log", "reopen", "session"]);
    const [reopen] = world.bodies<ReopenRequest>("reopen");
    expect(reopen?.directives).toHaveLength(5);
    expect(reopen?.claims[0]?.visible.map((example) => example.line)).toContain(line);
    expect(reopen?.claims[0]?.holdout).toHaveLength(1);
    expect(reopen).toMatchObject({ amendmentId: amend.amendmentId, specificationId: amend.specificationId, beadIds: amend.beadIds });
  });

  test("is remembered: the same amendment again changes nothing, the last hidden example stays hidden", async () => {
    const { world, request, amend } = await amendable();
    world.mediation.amend("amend-1", amend);
    await world.settle();
    expect(world.mediation.amend("amend-1", amend)).toEqual({ ok: true });
    const left = world.mediation.state()?.run.claims[0]?.holdout[0]?.line ?? 0;
    expect(world.mediation.amend("amend-2", anAmendRequest(request, { line: left, beadIds: amend.beadIds }))).toMatchObject({
      ok: false,
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("no hidden example"),
    });
    await world.settle();
    expect(world.bodies("reopen")).toHaveLength(1);
  });

  test("of a run that was compiled before runs had a budget and a priority leaves its seed as its order says it", async () => {
    const world = new World();
    world.mediation.compile("compile-1", { ...aCompileRequest("one"), config: { reviewMode: "auto", budgetUsd: 7 } });
    const { priority: _priority, budgetUsd: _budget, ...older } = world.mediation.seed();
    new MediationStore(world.storage).put("seed", older);
    expect(world.mediation.seed()).toEqual({ ...older, priority: "normal", budgetUsd: 7 });
    await world.settle();
    expect(world.bodies<SeedRequest>("seed")).toMatchObject([{ priority: "normal", budgetUsd: 7 }]);
  });

  test("needs a run", () => {
    const world = new World();
    expect(world.mediation.amend("amend-1", anAmendRequest(aCompileRequest("one"), { line: 1, beadIds: ["x"] }))).toMatchObject({
      ok: false,
      code: "FAILED_PRECONDITION",
    });
  });
});

describe("a clearance", () => {
  const recordsIn = (world: World): ArtifactNode[] =>
    world
      .bodies<{ nodes: ArtifactNode[] }>("graph")
      .flatMap(({ nodes }) => nodes)
      .filter(({ type }) => type === "ClearanceRecord");
  const edgesFrom = (world: World, id: string): string[] =>
    world
      .bodies<{ edges: ArtifactEdge[] }>("graph")
      .flatMap(({ edges }) => edges)
      .filter(({ source }) => source === id)
      .map(({ rel, target }) => `${rel} ${target}`);

  test("is in the seed with all its fields, and in the lineage before the seed leaves", async () => {
    const { world, request } = await compiledWorld();
    const [seed] = world.bodies<SeedRequest>("seed");
    const clearance = clearanceSchema.parse(seed?.clearance);
    expect(Object.keys(clearance).sort()).toEqual([...CLEARANCE_FIELDS].sort());
    expect(clearance).toMatchObject({
      sessionId: request.sessionId,
      assembly: "shop",
      specificationRead: seed?.specificationId,
      deploymentNotesRead: sha256Hex(""),
      deploymentSummary: "typescript for no runtime in particular; no repository to begin from; no notes on deployment",
      askedFor: 5,
      approvedSubTasks: seed?.beads.map(({ beadId }) => beadId),
      ceiling: 7,
      approvedTeams: ["assurance", "build"],
      orchestrationSurface: "factory-coordinator",
      toolContractRequired: false,
    });
    const [record, ...more] = recordsIn(world);
    expect(more).toEqual([]);
    expect(record?.id).toBe(clearance.clearanceId);
    const { timestamp, clearanceId: _id, ...read } = clearance;
    expect(record?.data).toMatchObject({ ...read, approver: "ann", approvedBy: "person", policy: { policies: ["dispatch-of-approved-work"] } });
    // Times are never hashed; when it was read is on the edge to what was read.
    expect(JSON.stringify(record?.data)).not.toContain(timestamp);
    expect(edgesFrom(world, clearance.clearanceId)).toEqual([`source_ref ${seed?.specificationId ?? ""}`, `source_ref ${request.intentSpecificationId}`]);
    const told = world.events().flatMap((event) => (event.kind === "ARTIFACT_WRITTEN" && event.payload.artifactId === clearance.clearanceId ? [event] : []));
    expect(told).toHaveLength(1);
    // It holds nothing that is hidden, and the evidence is made from events.
    expect(told[0]?.payload.metadata).toEqual(record?.data);
    expect(world.calls.map(({ target }) => target)).toEqual(["graph", "log", "seed", "session"]);
  });

  test("opens the coordinator's dispatch gate for the run as it was seeded, and for two beads more", async () => {
    const { world } = await compiledWorld();
    const [seed] = world.bodies<SeedRequest>("seed");
    if (seed === undefined) throw new Error("Nothing was seeded.");
    const { sessionId, runId, assembly, beads } = seed;
    const known = new Set(beads.map(({ beadId }) => beadId));
    const subject = { sessionId, runId, assembly, isOwn: true, firstStranger: (ids: readonly string[]) => ids.find((id) => !known.has(id)) ?? null };
    const standing = readStanding(subject, { body: JSON.stringify(seed.clearance), reason: null });
    const teams = new Set(beads.map(({ directive }) => directive.team));
    const blockWith = (count: number) => dispatchBlock(standing, { beads: count, teams, research: [] }, world.clock.now());
    expect(blockWith(beads.length)).toBeNull();
    expect(blockWith(beads.length + 2)).toBeNull();
    expect(blockWith(beads.length + 3)).toMatchObject({ code: "DISPATCH_CEILING_EXCEEDED" });
  });

  test("is not written for a request of before there were any, nor where the gate refuses", async () => {
    const world = new World();
    const { clearance: _since, ...older } = aCompileRequest("one");
    world.mediation.compile("compile-1", older);
    await world.settle();
    expect(world.bodies<SeedRequest>("seed")[0]).not.toHaveProperty("clearance");
    expect(recordsIn(world)).toEqual([]);
    const refused = await compiledWorld(CIRCULAR_ORDER);
    expect(recordsIn(refused.world)).toEqual([]);
  });

  test("leads to the receipt of its approval where that is in the graph", async () => {
    const world = new World();
    const request = aCompileRequest("one");
    world.written(receiptLineage(request));
    world.mediation.compile("compile-1", request, true);
    await world.settle();
    const [record] = recordsIn(world);
    expect(edgesFrom(world, record?.id ?? "")).toContain(`derived_from ${request.clearance?.approvalId ?? ""}`);
    expect(world.reports()).toMatchObject([{ outcome: "compiled" }]);
  });

  test("has read what the order says of deployment, and says so in one line", async () => {
    const base = aCompileRequest("one");
    const unknownSections = [
      { heading: "Deployment", line: 90, text: "One region first." },
      { heading: "Colours", line: 95, text: "Blue." },
      { heading: "Roll-out plan", line: 99, text: "Ten percent a day." },
    ];
    const world = new World();
    const order = { ...base.order, unknownSections };
    const config = { ...base.config, language: "typescript", targetRuntime: `Cloudflare\n Workers ${"x".repeat(5_000)}` };
    world.mediation.compile("compile-1", { ...base, order, config, baseTree: { "src/a.ts": sha256Hex("a"), "README.md": sha256Hex("b") } });
    await world.settle();
    const [seed] = world.bodies<SeedRequest>("seed");
    const notes = "Deployment\nOne region first.\n\nRoll-out plan\nTen percent a day.";
    expect(deploymentNotes(order)).toBe(notes);
    expect(seed?.clearance?.deploymentNotesRead).toBe(sha256Hex(notes));
    const { deploymentSummary } = clearanceSchema.parse(seed?.clearance);
    expect(deploymentSummary).toMatch(/^typescript for Cloudflare Workers x+; a repository of 2 files to begin from; deployed as the order says$/);
  });

  test("is written anew on request: the specification is read again, the last one is corrected, and the run is given it", async () => {
    const { world, request } = await compiledWorld();
    const [seed] = world.bodies<SeedRequest>("seed");
    const first = clearanceSchema.parse(seed?.clearance);
    world.clock.advance(5 * 60 * 60_000);
    const before = world.calls.length;
    expect(world.mediation.clear("clear-effect", aClearRequest(request))).toEqual({ ok: true });
    await world.settle();
    expect(world.calls.slice(before).map(({ target }) => target)).toEqual(["graph", "log", "clear"]);
    const [clearance] = world.bodies<Clearance>("clear");
    const { timestamp, clearanceId, ...same } = clearanceSchema.parse(clearance);
    const { timestamp: earlier, clearanceId: firstId, ...unchanged } = first;
    // What was read has not changed, and they are two records all the same.
    expect(same).toEqual(unchanged);
    expect(clearanceId).not.toBe(firstId);
    expect(Date.parse(timestamp) - Date.parse(earlier)).toBeGreaterThanOrEqual(5 * 60 * 60_000);
    expect(edgesFrom(world, clearanceId)).toContain(`corrects ${firstId}`);
    expect(world.mediation.clear("another", aClearRequest(request, { requestId: "clear-2", askedFor: 9 }))).toEqual({ ok: true });
    await world.settle();
    expect(world.bodies<Clearance>("clear")[1]).toMatchObject({ askedFor: 9, ceiling: 11 });
    // What a person has raised stays raised.
    world.mediation.clear("third", aClearRequest(request, { requestId: "clear-3" }));
    await world.settle();
    expect(world.bodies<Clearance>("clear")[2]).toMatchObject({ askedFor: 9, ceiling: 11 });
    expect(edgesFrom(world, world.bodies<Clearance>("clear")[2]?.clearanceId ?? "")).toContain(
      `corrects ${world.bodies<Clearance>("clear")[1]?.clearanceId ?? ""}`,
    );
  });

  test("is written once for a request, under whatever effect it comes", async () => {
    const { world, request } = await compiledWorld();
    for (const effect of ["e-1", "e-1", "e-2"]) expect(world.mediation.clear(effect, aClearRequest(request))).toEqual({ ok: true });
    await world.settle();
    expect(world.bodies("clear")).toHaveLength(1);
    expect(recordsIn(world)).toHaveLength(2);
  });

  test("of a run that was amended names the specification that is in force and the beads that came with it", async () => {
    const { world, request } = await compiledWorld();
    const [seed] = world.bodies<SeedRequest>("seed");
    const outcome = seed?.beads.at(-1)?.beadId ?? "";
    const amend: AmendRequest = {
      ...anAmendRequest(request, { line: 0, beadIds: [outcome] }),
      revealedLines: [],
      verdictChange: { kind: "integrate", checks: ["examples:C-1"] },
    };
    world.written(adoptedLineage(amend, seed?.specificationId ?? ""));
    expect(world.mediation.amend("amend-1", amend)).toEqual({ ok: true });
    expect(world.mediation.clear("clear-effect", aClearRequest(request))).toEqual({ ok: true });
    await world.settle();
    // The run knows the bead by then: what clears it leaves behind what adds it.
    expect(world.calls.map(({ target }) => target).filter((target) => target === "amend-graph" || target === "clear")).toEqual(["amend-graph", "clear"]);
    const [clearance] = world.bodies<Clearance>("clear");
    const [graph] = world.bodies<RunGraphAmendment>("amend-graph");
    const [change] = graph?.changes ?? [];
    expect(clearance).toMatchObject({ specificationRead: amend.specificationId, askedFor: 5, ceiling: 7 });
    expect(clearance?.approvedSubTasks).toContain(change?.kind === "insert" ? change.bead.beadId : "none");
  });

  test("of a run from before there were any is for the beads that were seeded", async () => {
    const world = new World();
    const { clearance: _since, ...older } = aCompileRequest("one");
    world.mediation.compile("compile-1", older);
    const { specificationId: _later, ...state } = world.mediation.state() ?? {};
    new MediationStore(world.storage).put("run", state);
    expect(world.mediation.clear("clear-effect", aClearRequest(older))).toEqual({ ok: true });
    await world.settle();
    expect(world.bodies<Clearance>("clear")).toMatchObject([{ askedFor: 5, ceiling: 7, specificationRead: world.mediation.seed().specificationId }]);
  });

  test.each([0, -1, 1.5, Number.NaN])("for %s items is refused", async (askedFor) => {
    const { world, request } = await compiledWorld();
    expect(world.mediation.clear("clear-effect", aClearRequest(request, { askedFor }))).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
  });

  test("needs a run", async () => {
    const { world } = await compiledWorld(CIRCULAR_ORDER);
    expect(world.mediation.clear("clear-effect", aClearRequest(aCompileRequest("one")))).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    expect(new World().mediation.clear("clear-effect", aClearRequest(aCompileRequest("one")))).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
  });
});

describe("a run verdict that failed although every molecule had passed", () => {
  async function judged(verdictChange: AmendRequest["verdictChange"], note = "") {
    const { world, request } = await compiledWorld();
    const [seed] = world.bodies<SeedRequest>("seed");
    const outcome = seed?.beads.at(-1);
    if (seed === undefined || outcome === undefined) throw new Error("Nothing was seeded.");
    const amend: AmendRequest = { ...anAmendRequest(request, { line: 0, beadIds: [outcome.beadId] }), revealedLines: [], note, verdictChange };
    world.written(adoptedLineage(amend, seed.specificationId));
    const before = world.calls.length;
    const answer = world.mediation.amend("amend-1", amend);
    await world.settle();
    return { world, seed, outcome, amend, answer, targets: world.calls.slice(before).map(({ target }) => target) };
  }

  test("by what no claim asks for is taken again without it, now and after later amendments, and no other bead is re-opened", async () => {
    const { world, outcome, amend, answer, targets } = await judged({ kind: "rejudge", checks: ["file-exists:src/index.ts"] });
    expect(answer).toEqual({ ok: true });
    expect(targets).toEqual(["graph", "log", "reopen", "session"]);
    expect(JSON.stringify(outcome.directive.successCheck)).toContain('"src/index.ts"');
    const [reopen] = world.bodies<ReopenRequest>("reopen");
    expect(reopen).toMatchObject({ beadIds: [outcome.beadId], directives: [{ atomId: outcome.atomId }] });
    expect(JSON.stringify(reopen?.directives[0]?.successCheck)).not.toContain('"src/index.ts"');
    expect(JSON.stringify(reopen?.directives[0]?.successCheck)).toContain('"examples"');
    const later = { ...amend, amendmentId: `${amend.amendmentId.slice(0, -1)}0`, verdictChange: { kind: "none" } } as const;
    expect(world.mediation.amend("amend-2", later)).toEqual({ ok: true });
    expect(world.mediation.reopen(`reopen:${later.amendmentId}`).directives[0]?.successCheck).toEqual(reopen?.directives[0]?.successCheck);
  });

  test.each([
    ["is no check of it", ["file-exists:src/nothing.ts"], /is no check of/],
    ["would leave nothing to judge by", null, /Nothing would be left/],
  ])("without what %s is refused", async (_, checks, message) => {
    const { seed } = await judged({ kind: "none" });
    const every = namesIn(seed.beads.at(-1)?.directive.successCheck);
    const { answer } = await judged({ kind: "rejudge", checks: checks ?? every });
    expect(answer).toMatchObject({ ok: false, code: "INVALID_ARGUMENT", message: expect.stringMatching(message) });
  });

  test("by a gap between the parts gets one new bead in front of the outcome, which waits for it; the graph is amended before anything is re-opened", async () => {
    const { world, seed, outcome, answer, targets, amend } = await judged(
      { kind: "integrate", checks: ["examples:C-1", "tests:tests/cart.test.ts"] },
      "Export both.",
    );
    expect(answer).toEqual({ ok: true });
    expect(targets).toEqual(["graph", "log", "amend-graph", "reopen", "session"]);
    const [graph] = world.bodies<RunGraphAmendment>("amend-graph");
    const [change, ...more] = graph?.changes ?? [];
    expect(more).toEqual([]);
    if (change?.kind !== "insert") throw new Error("No bead is inserted.");
    expect(graph?.amendmentId).toBe(amend.amendmentId);
    expect(change.before).toEqual([{ beadId: outcome.beadId, required: true }]);
    expect(change.bead).toMatchObject({ moleculeId: outcome.moleculeId, role: "integrator", outcome: false, dependsOn: outcome.dependsOn });
    const { directive } = change.bead;
    expect(directive.fileScope.write).toEqual(expect.arrayContaining(["src/index.ts", functionFile("lineTotal")]));
    expect(directive.instructions).toContain("Export both.");
    expect(directive.instructions).toContain("Every part has passed its own checks, and the whole has not.");
    expect(namesIn(directive.successCheck)).toEqual(expect.arrayContaining(["examples:C-1", "tests:tests/cart.test.ts", "file-exists:src/index.ts"]));
    const written = world.bodies<{ nodes: ArtifactNode[] }>("graph").flatMap(({ nodes }) => nodes);
    for (const id of [change.bead.atomId, directive.directiveId]) expect(written.map((node) => node.id)).toContain(id);
    expect(world.bodies<ReopenRequest>("reopen")).toMatchObject([{ beadIds: [outcome.beadId] }]);
    expect(seed.beads.map(({ beadId }) => beadId)).not.toContain(change.bead.beadId);
  });

  test("on which a person has said what was meant begins the beads of the claim anew, and what depends on them", async () => {
    const { world, seed } = await judged({ kind: "respecify" }, "It is about carts of one thing.");
    const [reopen] = world.bodies<ReopenRequest>("reopen");
    const titles = new Map(seed.beads.map(({ beadId, title }) => [beadId, title]));
    expect(reopen?.beadIds.map((beadId) => titles.get(beadId))).toEqual(seed.beads.map(({ title }) => title));
    const coder = reopen?.directives.find(({ title }) => title === "Write lineTotal");
    expect(coder?.instructions).toContain("It is about carts of one thing.");
  });
});

/** Names of the parts of a check, as plans name them. */
function namesIn(check: SuccessCheck | undefined): string[] {
  switch (check?.kind) {
    case "all":
      return check.checks.flatMap(namesIn);
    case "file-exists":
      return [`file-exists:${check.path}`];
    case "examples":
      return [`examples:${check.claim}`];
    case "tests":
      return check.files.map((file) => `tests:${file}`);
    default:
      return check === undefined ? [] : [check.kind];
  }
}

describe("neighbours that refuse", () => {
  test("one that may answer later is tried again, in order", async () => {
    const world = new World();
    world.refusals.set(
      "graph",
      Array.from({ length: 3 }, () => ({ ok: false, code: "UNAVAILABLE", message: "later" })),
    );
    world.mediation.compile("compile-1", aCompileRequest("one"));
    await world.settle();
    expect(world.refusals.get("graph")).toEqual([]);
    // After failures the lane starts with small batches, so the log is called more than once.
    expect(world.calls.map(({ target }) => target).filter((target, index, all) => target !== all[index - 1])).toEqual(["graph", "log", "seed", "session"]);
  });

  test("one that refuses for good stops the lane, and the session is told why", async () => {
    const world = new World();
    world.refusals.set("seed", [{ ok: false, code: "ALREADY_EXISTS", message: "another seed" }]);
    world.mediation.compile("compile-1", aCompileRequest("one"));
    await world.settle();
    expect(world.reports()).toEqual([
      {
        outcome: "refused",
        code: "GATE_REFUSED",
        reportId: world.mediation.state()?.reportId,
        remediation: [expect.stringContaining("ALREADY_EXISTS: another seed")],
      },
    ]);
  });

  test.each([
    [{ ok: true } as const, { ok: true }],
    [{ ok: false, code: "INTEGRITY", message: "m" } as const, { ok: false, terminal: "INTEGRITY: m" }],
    [{ ok: false, code: "UNAVAILABLE", message: "m" } as const, { ok: false }],
  ])("%j is delivered as %j", (result, delivery) => {
    expect(deliveryOf(result)).toEqual(delivery);
  });
});

describe("documents", () => {
  test("of any size and any characters come back as they were", () => {
    const storage = new NodeSqliteStorage();
    migrate(storage, MEDIATION_MIGRATIONS);
    const store = new MediationStore(storage);
    // One of the two has a surrogate pair on every boundary between parts, whatever stands before the text.
    for (const before of ["", "x"]) {
      const value = { text: before + "😀".repeat(700_000), list: [1, null] };
      store.put("big", value);
      expect(store.get("big")).toEqual(value);
    }
    store.put("big", "small");
    expect(store.get("big")).toBe("small");
    expect(store.get("none")).toBeUndefined();
  });
});
