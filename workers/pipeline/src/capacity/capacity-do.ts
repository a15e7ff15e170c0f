/** The operative slots of one org as a Durable Object: storage and bindings around the pure core. */
import { DurableObject } from "cloudflare:workers";
import { consoleLog, objectHealth, runBestEffort } from "@factory/durable";
import { FactoryError, objectName, parseObjectName } from "@factory/schemas";
import { coordinatorOf } from "@factory/schemas/rpc";
import type { CapacityGrant, CapacityRequest, CapacityRpc, ObjectHealth, ObjectHealthRpc } from "@factory/schemas/rpc";
import { Capacity } from "./capacity.ts";
import { slotsOfOrg } from "./org-slots.ts";

/** Shares the slots of one org among its runs; named by `objectName.capacity`. */
export class CapacityDO extends DurableObject<Env> implements CapacityRpc, ObjectHealthRpc {
  readonly #log = consoleLog();
  readonly #capacity: Capacity;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#capacity = new Capacity({
      storage: ctx.storage,
      bound: slotsOfOrg(env.ORG_SLOTS),
      poke: (runId) => this.#poke(runId),
      now: Date.now,
    });
  }

  /** @throws FactoryError INTEGRITY when the object's name says that it is another org's. */
  async request(request: CapacityRequest): Promise<CapacityGrant> {
    if (this.ctx.id.name !== objectName.capacity(request.org)) {
      throw new FactoryError("INTEGRITY", `The object ${this.ctx.id.name ?? "without a name"} holds no slots of ${request.org}.`);
    }
    return this.#capacity.request(request);
  }

  async objectHealth(): Promise<ObjectHealth> {
    return objectHealth(this.ctx.storage);
  }

  #poke(runId: string): void {
    const org = parseObjectName(this.ctx.id.name ?? "")?.org;
    if (org === undefined) return;
    this.ctx.waitUntil(runBestEffort("capacity.poke", () => coordinatorOf(this.env, org, runId).poke(), this.#log));
  }
}
