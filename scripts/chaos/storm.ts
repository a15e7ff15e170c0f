/** One session through a storm: the driver kills, stops and restarts the platform while clients come and go. */
import { setTimeout as sleep } from "node:timers/promises";
import { EMPTY_VIEW, foldEvent, needsPerson, signedRequest, type SessionView } from "@factory/cli";
import { StreamMode, type SessionEvent } from "@factory/schemas/proto";
import type { ChaosPlatform } from "./chaos-platform.ts";
import { WanderingClient, mayTryAgain } from "./clients.ts";
import type { FaultPlan } from "./faults.ts";
import { between, drawsOf, shuffled } from "./random.ts";
import { databaseRows, objectsOf, outboxRows, standing } from "./state.ts";

/** Clients that go away by themselves, beside the one that the driver watches the run with. */
const WANDERERS = 3;
/** Longest stay of a wandering client, in events. */
const LONGEST_STAY = 60;
/** Without any event for this long a run counts as stranded: a lease and a lost wake-up later it would have moved. In milliseconds. */
const STILL_FOR_MS = 200_000;
/** After the terminal event the last effects leave within this time, in milliseconds. */
const SETTLE_MS = 30_000;
/** A kill, or a stop of the runtime, waits up to so long after its place in the log, in milliseconds. */
const ACTION_DELAY_MS = 700;
const PAUSE_MS = { from: 800, to: 3_000 } as const;
const SUBMIT_PAUSE_MS = 250;

/** What the driver does when the log has come so far. */
type Action = { readonly kind: "kill" | "pause"; readonly atSeq: number; readonly delayMs: number; readonly pauseMs: number };

/** A session did not end; the message says where everything stood. */
export class StrandedError extends Error {
  constructor(why: string, stood: object) {
    super(`${why}\n${JSON.stringify(stood, null, 2)}`);
    this.name = "StrandedError";
  }
}

/** What is known after a session. */
export type Storm = {
  readonly sessionId: string;
  readonly events: readonly SessionEvent[];
  readonly clients: readonly WanderingClient[];
  readonly kills: number;
};

/** What a run is made of. */
export type StormOptions = {
  readonly seed: number;
  readonly order: string;
  readonly kills: number;
  /** Events of the undisturbed run: the driver's acts are spread over so many. */
  readonly expectedEvents: number;
  readonly plan: FaultPlan;
};

/** The acts of a run, a function of the seed and of the length of the undisturbed run alone. */
export function actionsOf({ seed, kills, expectedEvents }: Pick<StormOptions, "seed" | "kills" | "expectedEvents">): Action[] {
  const draw = drawsOf(seed, "driver");
  const pauses = Math.ceil(kills / 4);
  const kinds = shuffled(draw, [...Array.from({ length: kills }, () => "kill" as const), ...Array.from({ length: pauses }, () => "pause" as const)]);
  return kinds
    .map((kind) => ({
      kind,
      atSeq: between(draw, 1, Math.floor(expectedEvents * 0.9)),
      delayMs: between(draw, 0, ACTION_DELAY_MS),
      pauseMs: between(draw, PAUSE_MS.from, PAUSE_MS.to),
    }))
    .sort((a, b) => a.atSeq - b.atSeq);
}

/** Sends an order through a storm. @throws StrandedError when the session does not end */
export async function weather(platform: ChaosPlatform, options: StormOptions): Promise<Storm> {
  const { plan, seed } = options;
  const over = new AbortController();
  const progress = new Progress();
  plan.rage(true);
  try {
    const sessionId = await submit(platform, options);
    const watcher = new WanderingClient(platform.client, plan, { name: "watcher", seed, stay: null, onEvent: (event) => progress.reached(event) });
    const wanderers = Array.from(
      { length: WANDERERS },
      (_, at) => new WanderingClient(platform.client, plan, { name: `wanderer-${at + 1}`, seed, stay: LONGEST_STAY }),
    );
    const watching = watcher.follow(sessionId, over.signal).finally(() => progress.end());
    const wandering = wanderers.map((client) => client.follow(sessionId, over.signal));
    const acting = act(platform, options, progress);
    try {
      await Promise.race([Promise.all([watching, ...wandering, acting]), stillness(platform, progress, over.signal)]);
    } finally {
      // A restart that is under way must not outlive the storm; how it went is known from the race.
      progress.end();
      await Promise.allSettled([acting]);
    }
    await settled(platform, watcher.events.length);
    return { sessionId, events: watcher.events, clients: [watcher, ...wanderers], kills: await acting };
  } finally {
    plan.rage(false);
    over.abort();
  }
}

/** How far the log has come, and who waits for it to come further. */
class Progress {
  /** What a person would see now. */
  view: SessionView = EMPTY_VIEW;
  #ended = false;
  #changed = Promise.withResolvers<void>();
  /** When the last event came, in epoch milliseconds. */
  movedAt = Date.now();

  reached(event: SessionEvent): void {
    this.view = foldEvent(this.view, event);
    this.movedAt = Date.now();
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** @returns false when the session ended before */
  async until(seq: number): Promise<boolean> {
    while (this.view.lastSeq < seq && !this.#ended) await this.#changed.promise;
    return !this.#ended;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** The same request until its session has an event: a repeat is the same session. */
async function submit({ client, credentials }: ChaosPlatform, { order, plan }: StormOptions): Promise<string> {
  const request = await signedRequest({ text: order, files: [], parsed: undefined, faults: [] }, credentials, StreamMode.ALL);
  const until = Date.now() + STILL_FOR_MS;
  for (;;) {
    const enough = new AbortController();
    try {
      for await (const { event } of client.gateway.submitSession(request, { signal: enough.signal })) if (event !== undefined) return event.sessionId;
    } catch (err) {
      if (!mayTryAgain(err) || Date.now() > until) throw err;
      plan.count("client.resubmit", "submitter");
    } finally {
      enough.abort();
    }
    await sleep(SUBMIT_PAUSE_MS);
  }
}

/** Carries out the acts as the log comes to them. @returns the number of kills */
async function act(platform: ChaosPlatform, options: StormOptions, progress: Progress): Promise<number> {
  let kills = 0;
  for (const { kind, atSeq, delayMs, pauseMs } of actionsOf(options)) {
    if (!(await progress.until(atSeq))) break;
    await sleep(delayMs);
    if (kind === "kill") {
      kills += 1;
      options.plan.count("kill", `seq ${atSeq}`);
      await platform.kill();
      await platform.restart();
      progress.movedAt = Date.now();
    } else {
      // Whatever is due while the runtime stands still comes late when it goes on.
      const stopped = await platform.pause(pauseMs);
      if (stopped > 0) options.plan.count("alarm.late", `${pauseMs} ms at seq ${atSeq}`);
    }
  }
  return kills;
}

/** Never resolves: fails when nothing has moved for too long. */
async function stillness(platform: ChaosPlatform, progress: Progress, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(1_000, undefined, { signal });
    const { openReview } = progress.view;
    if (openReview !== undefined && needsPerson(progress.view)) {
      throw new StrandedError(`The session asks a person, who is not there: ${openReview.prompt}`, standing(platform.stateDirectory));
    }
    if (Date.now() - progress.movedAt > STILL_FOR_MS) {
      throw new StrandedError(`No event came for ${STILL_FOR_MS / 1000} s.`, standing(platform.stateDirectory));
    }
  }
}

/** Waits until every outbox is empty and the read model at the log's end, or for as long as that may take: the checks say what is left. */
async function settled({ stateDirectory }: ChaosPlatform, events: number): Promise<void> {
  const until = Date.now() + SETTLE_MS;
  const atEnd = (): boolean =>
    databaseRows(stateDirectory, "projection_cursors", "SELECT seq FROM projection_cursors").every(({ seq }) => Number(seq) >= events);
  while ((outboxRows(objectsOf(stateDirectory)).length > 0 || !atEnd()) && Date.now() < until) await sleep(250);
}
