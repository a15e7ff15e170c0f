/** RPC of CapacityDO: one org's operative slots, shared among its runs. */
import type { Org } from "../identity.ts";
import type { Priority } from "../work-order.ts";

/** What a run asks for. */
export type CapacityRequest = {
  readonly org: Org;
  readonly runId: string;
  /** Slots the run could use now; 0 gives everything back. */
  readonly want: number;
  /** Slots that hold beads now: they are the run's until their beads end, whatever its share has become. */
  readonly held: number;
  readonly priority: Priority;
};

/** What a run may use, until when: it asks again before that, or has none. Epoch milliseconds. */
export type CapacityGrant = { readonly slots: number; readonly until: number };

export interface CapacityRpc {
  /**
   * Sets what the run wants and answers its share. The shares of all runs never exceed the org's bound. A run that has
   * less than it wants is told through `CoordinatorRpc.poke` when others give slots back.
   */
  request(request: CapacityRequest): Promise<CapacityGrant>;
}
