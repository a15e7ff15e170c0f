/**
 * When advisories are surfaced: once in the last two days of the team's cycle, when people look back on it; where the team has no
 * cycle at once, and not twice within a day. Pure; every moment is epoch milliseconds, so no time zone matters.
 */

/** How long before a cycle's end it is surfaced in, in milliseconds: 48 hours. */
export const SURFACING_WINDOW_MS = 48 * 60 * 60_000;
/** How long a cycle that was read counts, in milliseconds: it is read at most hourly. */
export const CYCLE_FRESH_MS = 60 * 60_000;
/** Shortest time between two digests of a team without cycles, in milliseconds. */
export const DIGEST_EVERY_MS = 24 * 60 * 60_000;
/** Carried over so often, an advisory has an issue of its own. */
export const ESCALATED_AFTER = 2;

/** A cycle as far as surfacing needs it. */
export type CycleWindow = { readonly id: string; readonly name: string; readonly endsAt: number };

/** What is known of the team's cycle, and since when; null where it is in none. */
export type KnownCycle = { readonly cycle: CycleWindow | null; readonly readAt: number };

/** What one digest is about. */
export type Period = {
  /** What was surfaced under it is not surfaced under it again. */
  readonly id: string;
  readonly name: string;
};

/** What surfacing has done so far. */
export type Surfaced = {
  /** When the last digest was made; null when none ever was. */
  readonly lastAt: number | null;
  readonly hasDigest: (periodId: string) => boolean;
};

/** What is to be done at a moment. */
export type Plan = { readonly do: "surface"; readonly period: Period } | { readonly do: "wait"; readonly until: number };

/** Whether the cycle has to be read again before anything is surfaced. */
export function isStale({ readAt }: KnownCycle, now: number): boolean {
  return now - readAt >= CYCLE_FRESH_MS;
}

/** Says whether to surface now, and if not, when to look again. */
export function planAt({ cycle, readAt }: KnownCycle, { lastAt, hasDigest }: Surfaced, now: number): Plan {
  const rereadAt = readAt + CYCLE_FRESH_MS;
  // Linear closes a cycle some time after its end; one that was over for long when it was read is none.
  if (cycle !== null && readAt - cycle.endsAt < CYCLE_FRESH_MS) {
    const period = { id: `cycle:${cycle.id}`, name: cycle.name };
    if (now >= cycle.endsAt) return { do: "wait", until: rereadAt };
    if (hasDigest(period.id)) return { do: "wait", until: Math.max(cycle.endsAt, rereadAt) };
    const opensAt = cycle.endsAt - SURFACING_WINDOW_MS;
    return now >= opensAt ? { do: "surface", period } : { do: "wait", until: Math.min(opensAt, rereadAt) };
  }
  if (lastAt !== null && now - lastAt < DIGEST_EVERY_MS) return { do: "wait", until: lastAt + DIGEST_EVERY_MS };
  const day = new Date(now).toISOString().slice(0, 10);
  return { do: "surface", period: { id: `day:${day}`, name: day } };
}
