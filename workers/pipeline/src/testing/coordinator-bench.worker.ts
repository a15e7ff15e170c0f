/**
 * The Worker that `pnpm bench:coordinator` and `pnpm bench:orchestration` measure: the coordinator as it is deployed, agents
 * that work through a run from inside the runtime, and in place of the graphs and the session what takes everything at once
 * and keeps nothing. Where rows are counted its storage is; where time is measured nothing is counted.
 */
import { DurableObject } from "cloudflare:workers";
import { eventsOfText, objectName, sha256Hex, ulidId } from "@factory/schemas";
import { coordinatorOf, sessionLogOf } from "@factory/schemas/rpc";
import type { Result } from "@factory/schemas";
import type { BeadOutcome, ClaimedBead, CoordinatorRpc, LogTip, NamespaceLike } from "@factory/schemas/rpc";
import { r2BlobStore } from "@factory/workspace";
import { cleared } from "../../../../scripts/testing/clearances.ts";
import { CapacityDO } from "../capacity/capacity-do.ts";
import { BeadStore } from "../coordinator/store/bead-store.ts";
import { HeldWrites } from "../coordinator/store/held-writes.ts";
import { CoordinatorDO } from "../coordinator/coordinator-do.ts";
import { HEADS, ORG, TASK, complete } from "./builders.ts";
import { RowCounter } from "./row-counter.ts";
import type { StorageCount } from "./row-counter.ts";
import { aWideSeed, wideFile } from "./wide-seed.ts";

export { CapacityDO };

/** What every bead writes: its content is no part of what is measured. */
const CONTENT = "export const unit = 1;\n";
const DIGEST = sha256Hex(CONTENT);
/** How often the log is asked whether it has everything, and how long nothing may have come for that, in milliseconds. */
const QUIET_POLL_MS = 2;
const QUIET_MS = 150;

/** The knowing-state and the artifact graph, which these runs leave out: they answer within the caller. */
const NO_GRAPHS: { readonly [binding in "ARTIFACT_GRAPHS" | "BEAD_GRAPHS"]: NamespaceLike } = {
  ARTIFACT_GRAPHS: { getByName: () => ({ append: async () => ({ ok: true, written: 0 }) }) },
  BEAD_GRAPHS: { getByName: () => ({ write: async () => ({ ok: true, beadId: "", auditBeadId: "" }), heads: async () => HEADS }) },
};

/** The deployed class without graphs. */
export class BenchCoordinator extends CoordinatorDO {
  constructor(ctx: DurableObjectState, env: Env) {
    // The cast holds: a coordinator asks a namespace for its objects and for nothing else.
    super(ctx, { ...env, ...NO_GRAPHS } as Env);
  }

  /** What its storage was asked for since the last call; null where nothing is counted. */
  async counts(): Promise<StorageCount | null> {
    return null;
  }

  /** Milliseconds of so many reads of the first ten beads that may be claimed. */
  async readyTen(rounds: number): Promise<number> {
    const beads = new BeadStore(new HeldWrites(this.ctx.storage.sql));
    const started = performance.now();
    for (let round = 0; round < rounds; round++) {
      if (beads.ready(10).length !== 10) throw new Error("There are no ten beads.");
      // The clock stands still within a turn without input and output.
      if (round % 100 === 99) await scheduler.wait(0);
    }
    return performance.now() - started;
  }

  /** Stores so many READY beads, without a seed's events. */
  async fill(beads: number): Promise<void> {
    const sql = new HeldWrites(this.ctx.storage.sql);
    const store = new BeadStore(sql);
    const seed = aWideSeed(`fill-${beads}`, beads + 1, beads, 1);
    this.ctx.storage.transactionSync(() => {
      store.insert(seed.beads.slice(0, beads), 0, "normal", Date.now());
      sql.write();
    });
  }
}

/** The same over a storage that counts. */
export class CountedCoordinator extends BenchCoordinator {
  readonly #counter: RowCounter;

  constructor(ctx: DurableObjectState, env: Env) {
    const counter = new RowCounter(ctx.storage);
    super(ctx, env);
    this.#counter = counter;
  }

  override async counts(): Promise<StorageCount> {
    return this.#counter.take();
  }
}

/** A session that remembers only what it was told last. */
export class SilentSession extends DurableObject {
  #outcome = "";

  async report(_effectId: string, { report }: { readonly report: { readonly outcome: string } }): Promise<Result> {
    this.#outcome = report.outcome;
    return { ok: true };
  }
  async outcome(): Promise<string> {
    return this.#outcome;
  }
}

/** A log that counts and keeps nothing. */
export class SilentLog extends DurableObject {
  #events = 0;
  #appends = 0;

  async appendText(_identity: unknown, text: string): Promise<Result<{ tip: LogTip; appended: number }>> {
    const { length } = eventsOfText(text);
    this.#events += length;
    this.#appends += 1;
    return { ok: true, appended: length, tip: await this.tip() };
  }
  async tip(): Promise<LogTip> {
    return { lastSeq: this.#events, rootHash: "", closed: false, archived: false };
  }
  async appends(): Promise<number> {
    return this.#appends;
  }
}

/** What the driver asks for. */
type Ask =
  | { readonly op: "seed"; readonly name: string; readonly beads: number; readonly width: number; readonly slots: number }
  | { readonly op: "work"; readonly name: string; readonly slots: number; readonly batch: number; readonly leave: number; readonly silentLog: boolean }
  | { readonly op: "ready"; readonly beads: number; readonly rounds: number }
  | { readonly op: "outcome"; readonly name: string };

/** What working through a run came to. */
export type Worked = {
  readonly beads: number;
  /** Calls that brought outcomes, and calls that only asked: the first of each agent, and those that were told to wait. */
  readonly calls: number;
  readonly asks: number;
  /** From the first call to the last answer, and to the last event in the log, in milliseconds. */
  readonly answeredMs: number;
  readonly loggedMs: number;
  readonly events: number;
  /** Calls into a log that keeps nothing: as many commits as the deployed one would make. Null beside the deployed one. */
  readonly appends: number | null;
  readonly counts: StorageCount | null;
};

type BenchEnv = Omit<Env, "COORDINATORS" | "SESSIONS"> & {
  readonly COORDINATORS: DurableObjectNamespace<BenchCoordinator>;
  readonly SESSIONS: DurableObjectNamespace<SilentSession>;
};

export default {
  async fetch(request: Request, env: BenchEnv): Promise<Response> {
    const ask = await request.json<Ask>();
    switch (ask.op) {
      case "seed":
        return Response.json(await seed(env, ask));
      case "work":
        return Response.json(await work(env, ask));
      case "ready":
        return Response.json(await ready(env, ask));
      case "outcome": {
        const { sessionId } = aWideSeed(ask.name, 2, 1, 1);
        return Response.json(await env.SESSIONS.getByName(objectName.session(ORG, sessionId)).outcome());
      }
      default:
        throw new Error(`Nothing is called ${JSON.stringify(ask satisfies never)}.`);
    }
  },
};

async function seed(env: BenchEnv, { name, beads, width, slots }: Extract<Ask, { op: "seed" }>): Promise<{ ready: number }> {
  await r2BlobStore(env.BLOBS).put(new TextEncoder().encode(CONTENT));
  const request = cleared(aWideSeed(name, beads, width, slots), Date.now());
  const answer = await coordinatorOf(env, ORG, request.runId).seed("seed", request);
  if (!answer.ok) throw new Error(`${answer.code} ${answer.message}`);
  await quiet(env, request.sessionId);
  await counted(env, request.runId).counts();
  return { ready: answer.ready };
}

async function work(env: BenchEnv, { name, slots, batch, leave, silentLog }: Extract<Ask, { op: "work" }>): Promise<Worked> {
  const { runId, sessionId } = aWideSeed(name, 2, 1, 1);
  const stub = coordinatorOf(env, ORG, runId);
  const before = (await sessionLogOf(env, ORG, sessionId).tip()).lastSeq;
  const appendsBefore = silentLog ? await silentLogOf(env, sessionId).appends() : 0;
  const shared: Shared = { done: 0, calls: 0, asks: 0, leave, total: await openBeads(env, runId), moved: Promise.withResolvers<void>() };
  const started = Date.now();
  await Promise.all(Array.from({ length: slots }, (_, slot) => agent(stub, slot, batch, shared)));
  const answeredMs = Date.now() - started;
  const settled = await quiet(env, sessionId);
  return {
    beads: shared.done,
    calls: shared.calls,
    asks: shared.asks,
    answeredMs,
    loggedMs: settled.at - started,
    events: settled.events - before,
    appends: silentLog ? (await silentLogOf(env, sessionId).appends()) - appendsBefore : null,
    counts: await counted(env, runId).counts(),
  };
}

/** What the agents of a run have in common; `moved` resolves with the next answer to one of them, as a wake-up would come with it. */
type Shared = { done: number; calls: number; asks: number; readonly leave: number; readonly total: number; moved: PromiseWithResolvers<void> };

/** Claims, writes its file, reports and claims in the same call, until so many beads are left. */
async function agent(stub: Pick<CoordinatorRpc, "exchange">, slot: number, batch: number, shared: Shared): Promise<void> {
  let outcomes: BeadOutcome[] = [];
  for (;;) {
    const left = shared.total - shared.leave - shared.done - outcomes.length;
    if (outcomes.length > 0) shared.calls += 1;
    else shared.asks += 1;
    shared.done += outcomes.length;
    const answer = await stub.exchange(slot, outcomes, Math.max(0, Math.min(batch, left)));
    if (!answer.ok) throw new Error(`${answer.code} ${answer.message}`);
    const lost = answer.verdicts.find(({ state }) => state !== "DONE");
    if (lost !== undefined) throw new Error(`${lost.beadId} is ${lost.state}: ${lost.reason}`);
    outcomes = answer.beads.map(outcomeOf);
    const { moved } = shared;
    shared.moved = Promise.withResolvers<void>();
    moved.resolve();
    if (outcomes.length > 0) continue;
    if (shared.done >= shared.total - shared.leave || left <= 0) return;
    await shared.moved.promise;
  }
}

/** What every outcome has in common; made once, since its digests are no part of what is measured. No model was asked. */
const OUTCOME: BeadOutcome = { ...complete({ beadId: "", epoch: 0 }, []), modelCalls: [] };

function outcomeOf({ beadId, epoch, directive, tree }: ClaimedBead): BeadOutcome {
  const path = wideFile(directive.title);
  // As the operative names them.
  const executionId = ulidId("EXE");
  const effectId = `${executionId}/outcome`;
  const changeSet = [{ path, baseDigest: tree[path] ?? null, digest: DIGEST, bytes: CONTENT.length }];
  return { ...OUTCOME, effectId, beadId, epoch, executionId, result: { kind: "task", task: TASK, changeSet } };
}

/** How many beads for agents have not ended. */
async function openBeads(env: BenchEnv, runId: string): Promise<number> {
  const record = await counted(env, runId).record();
  const open = record?.beads.filter(({ state, role }) => state !== "DONE" && role === "coder").length ?? 0;
  await counted(env, runId).counts();
  return open;
}

async function ready(env: BenchEnv, { beads, rounds }: Extract<Ask, { op: "ready" }>): Promise<{ usPerCall: number; read: number }> {
  const stub = env.COORDINATORS.getByName(`run:${ORG}:ready-${beads}`);
  await stub.fill(beads);
  await stub.readyTen(rounds);
  await stub.counts();
  const ms = await stub.readyTen(rounds);
  const counts = await stub.counts();
  return { usPerCall: (ms * 1_000) / rounds, read: (counts?.read ?? 0) / rounds };
}

/** Waits until nothing comes to the log any more; answers when the last came, in epoch milliseconds. */
async function quiet(env: BenchEnv, sessionId: string): Promise<{ at: number; events: number }> {
  const log = sessionLogOf(env, ORG, sessionId);
  let events = (await log.tip()).lastSeq;
  let at = Date.now();
  while (Date.now() - at < QUIET_MS) {
    await scheduler.wait(QUIET_POLL_MS);
    const { lastSeq } = await log.tip();
    if (lastSeq === events) continue;
    events = lastSeq;
    at = Date.now();
  }
  return { at, events };
}

function silentLogOf(env: BenchEnv, sessionId: string): DurableObjectStub<SilentLog> {
  // The cast holds: the driver says which log it has bound.
  return env.SESSION_LOGS.getByName(objectName.sessionLog(ORG, sessionId)) as unknown as DurableObjectStub<SilentLog>;
}

function counted(env: BenchEnv, runId: string): DurableObjectStub<BenchCoordinator> {
  return env.COORDINATORS.getByName(objectName.coordinator(ORG, runId));
}
