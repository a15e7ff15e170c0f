/** Times, durations, sums of money and sizes as people read them. What is not known is a dash, never a zero. */
import { useEffect, useState } from "react";
import { bytesText, durationText, instantText, moneyText, relativeText } from "./figure-text.ts";

/** What stands for a figure that is not known. */
const UNKNOWN = "–";

/** How often times that are told as an age are told anew. */
const AGE_TICK_MS = 15_000;

/** An instant as its age; the exact time, in the viewer's zone, is its tooltip. */
export function Age({ at }: { readonly at: string | null }) {
  const now = useNow(AGE_TICK_MS);
  if (at === null) return UNKNOWN;
  return (
    <time dateTime={at} title={instantText(at)}>
      {relativeText(Date.parse(at), sinceTick(Date.parse(at), now))}
    </time>
  );
}

/** What has happened since the last tick is not told to come. */
const sinceTick = (atMs: number, nowMs: number): number => (atMs > nowMs && atMs - nowMs < AGE_TICK_MS ? atMs : nowMs);

/** An instant in the viewer's zone. */
export function Instant({ at }: { readonly at: string | null }) {
  return at === null ? UNKNOWN : <time dateTime={at}>{instantText(at)}</time>;
}

/** A length of time in milliseconds. */
export function Duration({ ms }: { readonly ms: number | null }) {
  return ms === null ? UNKNOWN : durationText(ms);
}

/** US dollars; `unpriced` calls are said, since they are not in the sum. */
export function Money({ usd, unpriced = 0 }: { readonly usd: number | null; readonly unpriced?: number }) {
  if (usd === null) return <span title="No price is known for these calls.">{UNKNOWN}</span>;
  return unpriced === 0 ? moneyText(usd) : <span title={`${unpriced} calls without a known price are not in it.`}>{moneyText(usd)}+</span>;
}

/** How many. */
export function Count({ count }: { readonly count: number | null }) {
  return count === null ? UNKNOWN : count.toLocaleString();
}

/** A size in bytes. */
export function Bytes({ bytes }: { readonly bytes: number | null }) {
  return bytes === null ? UNKNOWN : bytesText(bytes);
}

/** Epoch milliseconds, renewed as often as told. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
