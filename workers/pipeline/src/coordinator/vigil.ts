/**
 * When a lease that has ended is taken back: not by its age, but when this object has seen for itself that nobody holds it
 * any more. After a restart, a gap between alarms or a jump of the clock the holder has had no way of saying that it is
 * there, so it is given the time of a few heartbeats first.
 */
import type { Bead } from "./store/bead-store.ts";
import { checkKey } from "./context.ts";

/** How long a holder is given to be heard of: six heartbeats of an operative. */
export const ORPHAN_GRACE_MS = 30_000;
/** A lease whose end is noticed this late was not watched when it ended. */
export const LATE_MS = 15_000;

/** What one life of the object has seen of its leases. */
export class Vigil {
  /** Not persisted: since when this life can be reached. */
  readonly #since: number;
  /** Not persisted: until when a holder was given time, by bead and epoch; another life gives it again. */
  readonly #given = new Map<string, number>();

  constructor(now: number) {
    this.#since = now;
  }

  /**
   * Looks at a lease that has ended.
   *
   * @returns until when its holder is given time, or null when it has had it
   */
  graceOf({ beadId, epoch, claimedAt, leaseUntil }: Pick<Bead, "beadId" | "epoch" | "claimedAt" | "leaseUntil">, now: number): number | null {
    const key = checkKey(beadId, epoch);
    const [begun, ended] = [claimedAt ?? 0, leaseUntil ?? 0];
    const reachable = begun >= this.#since || now - this.#since >= ORPHAN_GRACE_MS;
    const given = this.#given.get(key);
    // A heartbeat moves the end of the lease beyond the time that was given, and with that a new silence begins. Time that
    // has not passed was not had: what gave it may have been undone with the commit it was part of.
    if ((reachable && now - ended <= LATE_MS) || (given !== undefined && ended <= given && given <= now)) {
      this.#given.delete(key);
      return null;
    }
    this.#given.set(key, now + ORPHAN_GRACE_MS);
    return now + ORPHAN_GRACE_MS;
  }
}
