/** The projection of one organisation over its object's storage: tables, timers and outbox put together. */
import { migrate, Outbox, Scheduler } from "@factory/durable";
import type { Log, Random, StartTimeout, StoragePort, TimerPort } from "@factory/durable";
import { LinearApi, Pace } from "../linear-api/index.ts";
import { Projection } from "./projection.ts";
import type { ProjectionDeps } from "./projection.ts";
import { PROJECTION_MIGRATIONS } from "./schema.ts";
import { ProjectionStore } from "./store.ts";

/** What the object gives. */
export interface ProjectionSurroundings extends Pick<
  ProjectionDeps,
  "org" | "target" | "sessionLog" | "graph" | "disposition" | "suspensions" | "grammarFor" | "links"
> {
  readonly storage: StoragePort;
  readonly timer: TimerPort;
  readonly api: { readonly url: string; readonly key: string };
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly log: Log;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
  readonly startTimeout: StartTimeout;
  /** Keeps the object alive for work that no call waits for. */
  readonly background?: (work: Promise<unknown>) => void;
}

/** Lanes that are carried out side by side: the pace bounds them all together. */
const MAX_LANES = 4;

/** A projection with what carries it. */
export type ProjectionObject = { readonly projection: Projection; readonly store: ProjectionStore; readonly scheduler: Scheduler; readonly outbox: Outbox };

/** Puts a projection together; the object's constructor re-arms the scheduler afterwards. */
export function projectionObject(given: ProjectionSurroundings): ProjectionObject {
  const { storage, timer, log, now, random, startTimeout, background } = given;
  migrate(storage, PROJECTION_MIGRATIONS);
  const store = new ProjectionStore(storage);
  const scheduler = new Scheduler({ storage, timer, log, now, random, startTimeout });
  const pace = new Pace({ now });
  const api = new LinearApi({ url: given.api.url, apiKey: given.api.key, fetch: given.fetch, now, startTimeout, pace });
  const outbox = new Outbox({
    storage,
    scheduler,
    log,
    now,
    random,
    startTimeout,
    deliver: (_target, effects) => projection.deliver(effects),
    onParked: (effect) => projection.parked(effect),
    // One at a time: what was done before a failure is not done again. Only a refusal gives one up, however long Linear is away.
    limits: { maxLanes: MAX_LANES, maxBatchEffects: 1, maxAttempts: Number.MAX_SAFE_INTEGER },
    // What Linear refuses for good must not hold back the rest of a session.
    whenParked: "skip",
    ...(background === undefined ? {} : { background }),
  });
  const projection = new Projection({ ...given, store, outbox, scheduler, api });
  return { projection, store, scheduler, outbox };
}
