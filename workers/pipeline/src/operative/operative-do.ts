/** One operative slot of one run as a Durable Object; the loop and everything it decides are in `operative.ts`. */
import { DurableObject } from "cloudflare:workers";
import { consoleLog, objectHealth, Scheduler, startRealTimeout } from "@factory/durable";
import type { BackoffPolicy } from "@factory/durable";
import { checkGears } from "@factory/gears";
import { kvSnapshots, rememberedSnapshots } from "@factory/ksp-sdk";
import { resolveModel } from "@factory/models";
import { FactoryError, objectName } from "@factory/schemas";
import { artifactGraphOf, beadGraphOf, coordinatorOf } from "@factory/schemas/rpc";
import type { ObjectHealth, ObjectHealthRpc, OperativeRpc } from "@factory/schemas/rpc";
import { sandboxClient } from "@factory/verification";
import { isolateBlobs } from "../isolate-blobs.ts";
import { Operative, RUN_TIMEOUT_MS, WORK_TIMER } from "./operative.ts";
import { governingPorts } from "./governing-ports.ts";
import { migrateOperative } from "./operative-schema.ts";
import { OperativeStore } from "./operative-store.ts";

/** Half a minute at most between two tries of a coordinator that does not answer: its leases last a few times that. */
const BACKOFF: BackoffPolicy = { baseMs: 250, capMs: 30_000 };

/** Works for one slot of one run; named by `objectName.operative`. */
export class OperativeDO extends DurableObject<Env> implements OperativeRpc, ObjectHealthRpc {
  readonly #scheduler: Scheduler;
  readonly #store: OperativeStore;
  readonly #operative: Operative;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    checkGears();
    const { storage } = ctx;
    migrateOperative(storage);
    const shared = { storage, log: consoleLog(), now: Date.now, startTimeout: startRealTimeout };
    const snapshots = rememberedSnapshots(kvSnapshots(env.KNOWING_STATE));
    this.#scheduler = new Scheduler({ ...shared, timer: storage, random: Math.random, backoff: BACKOFF });
    this.#store = new OperativeStore(storage);
    this.#operative = new Operative({
      ...shared,
      store: this.#store,
      scheduler: this.#scheduler,
      coordinatorOf: ({ org, runId }) => coordinatorOf(env, org, runId),
      governingOf: ({ org }, assembly) =>
        governingPorts({
          ...shared,
          org,
          graph: artifactGraphOf(env, org, assembly),
          beads: beadGraphOf(env, org),
          snapshots,
          waitUntil: (work) => ctx.waitUntil(work),
        }),
      blobs: isolateBlobs(env.BLOBS),
      sandbox: sandboxClient(env.SANDBOX),
      resolveModel: (alias) => resolveModel(alias, env),
      hideSecrets: (text) => hide(text, env.MODEL_API_KEY),
    });
    this.#scheduler.on(WORK_TIMER, ({ signal }) => this.#operative.run(signal), { timeoutMs: RUN_TIMEOUT_MS, dueAt: () => this.#operative.dueAt() });
    void ctx.blockConcurrencyWhile(() => this.#scheduler.rearm());
  }

  override async alarm(): Promise<void> {
    await this.#scheduler.onAlarm(Date.now());
  }

  /** @throws FactoryError INTEGRITY when the object's name or what it stored says that it is another's. */
  async wake(org: string, runId: string, slot: number): Promise<void> {
    if (this.ctx.id.name !== objectName.operative(org, runId, slot)) {
      throw new FactoryError("INTEGRITY", `The object ${this.ctx.id.name ?? "without a name"} is not slot ${slot} of ${runId}.`);
    }
    await this.#operative.wake({ org, runId, slot });
  }

  async objectHealth(): Promise<ObjectHealth> {
    return objectHealth(this.ctx.storage, { state: this.#store.standing() });
  }
}

/** A model server's error may repeat the key it was sent. */
function hide(text: string, secret: string): string {
  return secret === "" ? text : text.replaceAll(secret, "[redacted]");
}
