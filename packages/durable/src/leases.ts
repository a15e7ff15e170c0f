/**
 * Lease arithmetic. A lease is data that its owner stores; every claim raises the epoch, and whatever acts under a lease
 * carries the epoch, so that a holder whose lease has passed on changes nothing.
 *
 * Expiry alone ends no lease: an expired one is held until another claims it or the owner revokes it, and progress
 * under the current epoch extends it even then.
 *
 * @see https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html (fencing tokens)
 */

/** A lease. The epoch never falls. Times are epoch milliseconds. */
export type Lease =
  | { readonly status: "free"; readonly epoch: number }
  | { readonly status: "held"; readonly epoch: number; readonly holder: string; readonly expiresAt: number };

/** A lease that someone holds. */
export type HeldLease = Extract<Lease, { status: "held" }>;

/** The lease of a thing that was never claimed. */
export const NEVER_CLAIMED: Lease = { status: "free", epoch: 0 };

/** Answer to a claim. */
export type Claim = { readonly ok: true; readonly lease: HeldLease } | { readonly ok: false; readonly reason: "HELD"; readonly expiresAt: number };

/** Answer to an act under an epoch. `STALE`: a later claim or a revocation came in between. `NOT_HELD`: it was released. */
export type EpochCheck = { readonly ok: true; readonly lease: HeldLease } | { readonly ok: false; readonly reason: "STALE" | "NOT_HELD" };

/** Answer to an act that frees the lease. */
export type Release = { readonly ok: true; readonly lease: Lease } | { readonly ok: false; readonly reason: "STALE" | "NOT_HELD" };

/** Gives the lease to `holder` under the next epoch, when it is free or has expired. */
export function claim(lease: Lease, holder: string, now: number, ttlMs: number): Claim {
  if (lease.status === "held" && !isExpired(lease, now)) return { ok: false, reason: "HELD", expiresAt: lease.expiresAt };
  return { ok: true, lease: { status: "held", epoch: lease.epoch + 1, holder, expiresAt: now + ttlMs } };
}

/** Whether `epoch` is the one under which the lease is held now. An epoch that was never given out is stale too. */
export function checkEpoch(lease: Lease, epoch: number): EpochCheck {
  if (epoch !== lease.epoch) return { ok: false, reason: "STALE" };
  return lease.status === "held" ? { ok: true, lease } : { ok: false, reason: "NOT_HELD" };
}

/** Moves the expiry to `ttlMs` from now on a sign of progress; it never moves back. */
export function extend(lease: Lease, epoch: number, now: number, ttlMs: number): EpochCheck {
  const check = checkEpoch(lease, epoch);
  if (!check.ok) return check;
  return { ok: true, lease: { ...check.lease, expiresAt: Math.max(check.lease.expiresAt, now + ttlMs) } };
}

/** Frees the lease on behalf of its holder. The epoch stays, so a repeat is `NOT_HELD` and a later claim is above it. */
export function release(lease: Lease, epoch: number): Release {
  const check = checkEpoch(lease, epoch);
  return check.ok ? { ok: true, lease: { status: "free", epoch } } : check;
}

/** Frees the lease on behalf of its owner and closes the epoch: nothing that the holder still sends counts. */
export function revoke(lease: Lease): Lease {
  return { status: "free", epoch: lease.epoch + 1 };
}

/** Whether a held lease may be claimed by another at `now`. */
export function isExpired(lease: Lease, now: number): boolean {
  return lease.status === "held" && lease.expiresAt <= now;
}

/** Keys of the leases that have expired at `now`, the longest expired first, ties by key. */
export function expiredLeases<Key extends string>(leases: Iterable<readonly [Key, Lease]>, now: number): Key[] {
  const expired: { key: Key; expiresAt: number }[] = [];
  for (const [key, lease] of leases) {
    if (lease.status === "held" && isExpired(lease, now)) expired.push({ key, expiresAt: lease.expiresAt });
  }
  return expired.sort((a, b) => a.expiresAt - b.expiresAt || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ key }) => key);
}

/** When the next held lease expires, in epoch milliseconds; null when none is held. */
export function nextExpiry(leases: Iterable<readonly [string, Lease]>): number | null {
  let earliest: number | null = null;
  for (const [, lease] of leases) {
    if (lease.status === "held" && (earliest === null || lease.expiresAt < earliest)) earliest = lease.expiresAt;
  }
  return earliest;
}
