/** One chaos run: the order undisturbed, the same order through a storm, and what must hold of the two. */
import { functionsFor, generatedOrder } from "../lib/generated-order.ts";
import { ChaosPlatform } from "./chaos-platform.ts";
import {
  clientsSawAll,
  deliverableOf,
  effectsOnce,
  endsOnce,
  evidenceHolds,
  hashesHold,
  nothingHeld,
  outcomesOnce,
  projected,
  registered,
  sameDeliverable,
  storyHappened,
  wholeLog,
  type Check,
  type Files,
} from "./checks.ts";
import { serveDecisions } from "./decisions.ts";
import { FaultPlan } from "./faults.ts";
import { modelVariables, startModel } from "./model.ts";
import { objectsOf } from "./state.ts";
import { weather, type Storm } from "./storm.ts";

/** The smallest order with depth: a function that uses another. */
export const MIN_BEADS = 7;

/** Faults without which a run proves nothing. */
const WANTED_FAULTS = [
  "kill",
  "alarm.late",
  "client.reconnect",
  "queue.delay",
  "queue.duplicate",
  "queue.reorder",
  "d1.fail",
  "kv.fail",
  "r2.fail",
  "model.429",
  "model.500",
  "model.timeout",
] as const;

/** What a run is told. */
export type ChaosOptions = {
  readonly seed: number;
  /** Most beads of the run, {@link MIN_BEADS} or more. */
  readonly beads: number;
  readonly kills: number;
  /** Leaves the state folders where they are. */
  readonly keep: boolean;
  /** Told of each step, and with `verbose` of each fault. */
  readonly say: (line: string) => void;
  readonly verbose: boolean;
};

/** What came of a run. */
export type ChaosReport = {
  readonly seed: number;
  readonly beads: number;
  readonly kills: number;
  readonly events: number;
  /** Whole milliseconds, the undisturbed run included. */
  readonly durationMs: number;
  readonly faults: { readonly [kind: string]: number };
  readonly checks: readonly Check[];
  /** State folders, when they were kept. */
  readonly kept: readonly string[];
};

/** Runs an order without and with a storm. @throws StrandedError when the session does not end, PlatformStartError */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { seed, kills, keep, say } = options;
  const startedAt = Date.now();
  const { functions, beads } = functionsFor(options.beads);
  const order = generatedOrder(functions);
  const plan = new FaultPlan(seed, (kind, where) => {
    if (options.verbose) say(`${((Date.now() - startedAt) / 1000).toFixed(1)} s: ${kind} at ${where}`);
  });
  await using model = await startModel(plan, say);
  const models = modelVariables(model);
  say(`an order of ${beads} beads without a storm`);
  const calm = await undisturbed(models, { order, seed });
  say(`${calm.events} events, ${calm.files.size} files; now with ${kills} kills`);
  const decisions = await serveDecisions(plan);
  const platform = await ChaosPlatform.start({ models, decisions: decisions.address });
  try {
    const storm = await weather(platform, { seed, order, kills, expectedEvents: calm.events, plan });
    const checks = await judged(platform, storm, { options: { ...options, beads }, plan, calm: calm.files });
    return {
      seed,
      beads,
      kills: storm.kills,
      events: storm.events.length,
      durationMs: Date.now() - startedAt,
      faults: plan.injected,
      checks,
      kept: keep ? [platform.stateDirectory] : [],
    };
  } finally {
    await platform.dispose(keep);
    await decisions.close();
  }
}

/** The order on a platform that nothing disturbs, with empty state and the same model. */
async function undisturbed(
  models: { readonly [name: string]: string },
  { order, seed }: { readonly order: string; readonly seed: number },
): Promise<{ readonly events: number; readonly files: Files }> {
  const platform = await ChaosPlatform.start({ models });
  try {
    const calm = await weather(platform, { seed, order, kills: 0, expectedEvents: 0, plan: new FaultPlan(seed) });
    const end = endsOnce(calm.events);
    if (!end.ok) throw new Error(`The undisturbed run did not complete: ${end.evidence}`);
    return { events: calm.events.length, files: await deliverableOf(platform.client, calm.sessionId) };
  } finally {
    await platform.dispose(false);
  }
}

async function judged(
  platform: ChaosPlatform,
  storm: Storm,
  { options, plan, calm }: { readonly options: ChaosOptions; readonly plan: FaultPlan; readonly calm: Files },
): Promise<Check[]> {
  const { events, sessionId } = storm;
  const files = await deliverableOf(platform.client, sessionId);
  const evidence = await evidenceHolds(platform, storm, files);
  await platform.stop();
  const objects = objectsOf(platform.stateDirectory);
  return [
    endsOnce(events),
    wholeLog(events),
    hashesHold(objects, events),
    outcomesOnce(objects, events, options.beads),
    ...effectsOnce(objects, events),
    ...nothingHeld(objects),
    registered(platform.stateDirectory, storm),
    projected(platform.stateDirectory, storm, options.beads),
    evidence,
    sameDeliverable(calm, files),
    clientsSawAll(storm),
    ...storyHappened(plan.injected, WANTED_FAULTS, { asked: options.kills, made: storm.kills }),
  ];
}
