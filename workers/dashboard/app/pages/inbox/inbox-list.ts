/** What is in the inbox: what waits, and for a moment what was decided here. Pure. */
import { isPolicys } from "./review-context.ts";
import type { Decision, Review } from "./reviews.ts";

/** How long a decided review stays in the list, in milliseconds. */
export const LINGER_MS = 8_000;

/** A decision that was taken on this page. */
export type Decided = { readonly review: Review; readonly decision: Decision; readonly note: string; /** Epoch milliseconds. */ readonly at: number };

export type InboxEntry = { readonly review: Review; readonly decided: Decided | null };

/**
 * Who waits longest first. A review that was decided here keeps its place for {@link LINGER_MS}, and is not put again while the read
 * model has yet to hear of it.
 */
export function inboxEntries(open: readonly Review[], decided: readonly Decided[], nowMs: number): readonly InboxEntry[] {
  const byId = new Map(decided.map((one) => [one.review.id, one]));
  const waiting = open.filter((review) => !isPolicys(review) && !byId.has(review.id)).map((review) => ({ review, decided: null }));
  const lingering = decided.filter(({ at }) => nowMs - at < LINGER_MS).map((one) => ({ review: one.review, decided: one }));
  return [...waiting, ...lingering].toSorted((a, b) => timeOf(a.review) - timeOf(b.review) || (a.review.id < b.review.id ? -1 : 1));
}

const timeOf = ({ requestedAt }: Review): number => (requestedAt === null ? 0 : Date.parse(requestedAt));

/** The id so many places after another one; the nearest end where there are not so many, the first where the other is not there. */
export function idBeside(ids: readonly string[], id: string | undefined, by: 1 | -1): string | undefined {
  const at = id === undefined ? -1 : ids.indexOf(id);
  return at === -1 ? ids[0] : ids[Math.max(0, Math.min(ids.length - 1, at + by))];
}

/** What has become of a review that somebody is about to decide. */
export type Standing = "same" | "changed" | "gone";

/** Compares what was shown with what is asked now: the digest binds a decision to the exact action. */
export function standingOf(shown: Pick<Review, "id" | "actionDigest">, open: readonly Pick<Review, "id" | "actionDigest">[]): Standing {
  const now = open.find(({ id }) => id === shown.id);
  if (now === undefined) return "gone";
  return now.actionDigest === shown.actionDigest ? "same" : "changed";
}
