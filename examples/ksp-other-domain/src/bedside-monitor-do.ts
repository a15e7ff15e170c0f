/** A bedside monitor: the thing in the world that an agent may touch only with consent. It counts who looked. */
import { DurableObject } from "cloudflare:workers";
import { FactoryError } from "@factory/schemas";
import type { Vitals } from "./protocol.ts";

/** One monitor; named by its visit. */
export class BedsideMonitorDO extends DurableObject {
  /** The device measures. */
  async measure(vitals: Vitals): Promise<void> {
    this.ctx.storage.kv.put("vitals", vitals);
  }

  /** The last measurement. @throws FactoryError FAILED_PRECONDITION before the first one */
  async read(): Promise<Vitals> {
    const vitals = this.ctx.storage.kv.get<Vitals>("vitals");
    if (vitals === undefined) throw new FactoryError("FAILED_PRECONDITION", "The monitor has measured nothing yet.");
    this.ctx.storage.kv.put("reads", (await this.reads()) + 1);
    return vitals;
  }

  /** How often it was read. */
  async reads(): Promise<number> {
    return this.ctx.storage.kv.get<number>("reads") ?? 0;
  }
}
