/** What a run says of itself to who runs the factory: where it is, and which leases are held. It changes nothing. */
import type { OwnHealth } from "@factory/durable";
import type { LeaseHealth } from "@factory/schemas/rpc";
import type { Bead } from "./store/bead-store.ts";
import { COORDINATOR_SLOT } from "./store/bead-store.ts";
import type { RunStore } from "./store/run-store.ts";

/** The run's status, `cancelled` before a seed where that came first, or `unseeded`; and its leases. */
export function runHealth(store: RunStore, now: number): Required<Pick<OwnHealth, "state" | "leases">> {
  const status = store.run()?.status ?? (store.cancellation() === null ? "unseeded" : "cancelled");
  // Every lease ends before the end of time, so these are all that are held.
  const leased = store.beads.expired(Number.MAX_SAFE_INTEGER);
  return { state: status, leases: leased.flatMap((bead) => leaseOf(bead, now) ?? []) };
}

function leaseOf({ beadId, slot, epoch, claimedAt, leaseUntil }: Bead, now: number): LeaseHealth | null {
  if (leaseUntil === null) return null;
  return { beadId, slot: slot === COORDINATOR_SLOT ? null : slot, epoch, claimedAt, leaseUntil, expired: leaseUntil <= now };
}
