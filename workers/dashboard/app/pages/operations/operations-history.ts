/** What the page remembers of the answers since it was opened: figures over time, and since when a read model stands still. */
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { OperationsResponse } from "@factory/schemas/proto";

/** The figures of one answer; null where it did not have one. `at` is epoch milliseconds of the platform. */
export type HistoryPoint = { readonly at: number; readonly behind: number | null; readonly pending: number | null; readonly leases: number | null };

/** Since when a session's read model is behind its log without having moved, epoch milliseconds of the platform. */
export type Still = { readonly seq: bigint; readonly since: number };

export type OperationsHistory = { readonly points: readonly HistoryPoint[]; readonly still: ReadonlyMap<string, Still> };

export const EMPTY_HISTORY: OperationsHistory = { points: [], still: new Map() };

/** Points that are kept: an hour at one every five seconds. */
const MAX_POINTS = 720;

/** With one more answer. An answer without a time, or not newer than the last, adds no point. */
export function withAnswer(history: OperationsHistory, { askedAt, totals, sessions }: OperationsResponse): OperationsHistory {
  if (askedAt === undefined) return history;
  const at = timestampMs(askedAt);
  const last = history.points.at(-1);
  if (last !== undefined && last.at >= at) return history;
  const point: HistoryPoint = {
    at,
    behind: totals?.eventsBehind === undefined ? null : Number(totals.eventsBehind),
    pending: totals?.outbox?.pending ?? null,
    leases: totals?.leasesHeld ?? null,
  };
  const still = new Map<string, Still>();
  for (const { sessionId, lag } of sessions) {
    if (lag?.tipSeq === undefined || lag.tipSeq <= lag.seq) continue;
    const before = history.still.get(sessionId);
    still.set(sessionId, before?.seq === lag.seq ? before : { seq: lag.seq, since: at });
  }
  return { points: [...history.points, point].slice(-MAX_POINTS), still };
}

/** One figure over time. */
export type SeriesPoint = { readonly at: number; readonly value: number | null };

/** One figure of the points. */
export const seriesOf = ({ points }: OperationsHistory, figure: "behind" | "pending" | "leases"): readonly SeriesPoint[] =>
  points.map((point) => ({ at: point.at, value: point[figure] }));

/** The lowest and the highest known value and the time of the first point; null where no value is known. */
export function rangeOf(series: readonly SeriesPoint[]): { readonly min: number; readonly max: number; readonly since: number } | null {
  const known = series.flatMap(({ value }) => value ?? []);
  const first = series[0];
  return known.length === 0 || first === undefined ? null : { min: Math.min(...known), max: Math.max(...known), since: first.at };
}
