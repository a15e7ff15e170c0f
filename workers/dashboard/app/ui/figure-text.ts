/** Figures as text, in the viewer's language and zone. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const instant = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const whole = new Intl.NumberFormat();

/** An age in words: "3 min. ago". Both in epoch milliseconds. */
export function relativeText(atMs: number, nowMs: number): string {
  const age = nowMs - atMs;
  const distance = Math.abs(age);
  if (distance < 5 * SECOND_MS) return "now";
  if (distance < MINUTE_MS) return relative.format(-Math.round(age / SECOND_MS), "second");
  if (distance < HOUR_MS) return relative.format(-Math.round(age / MINUTE_MS), "minute");
  if (distance < DAY_MS) return relative.format(-Math.round(age / HOUR_MS), "hour");
  return relative.format(-Math.round(age / DAY_MS), "day");
}

/** An RFC 3339 instant in the viewer's zone. */
export const instantText = (at: string): string => instant.format(Date.parse(at));

/** Milliseconds as the two largest units: "340 ms", "12.3 s", "4 m 10 s", "3 h 2 m". */
export function durationText(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < MINUTE_MS) return `${(ms / SECOND_MS).toFixed(1)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} m ${Math.floor((ms % MINUTE_MS) / SECOND_MS)} s`;
  return `${Math.floor(ms / HOUR_MS)} h ${Math.floor((ms % HOUR_MS) / MINUTE_MS)} m`;
}

/** US dollars with as many digits as a small sum needs. */
export function moneyText(usd: number): string {
  const digits = usd === 0 || usd >= 1 ? 2 : usd >= 0.01 ? 3 : 5;
  return new Intl.NumberFormat(undefined, { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: digits }).format(usd);
}

const UNITS = ["B", "KiB", "MiB", "GiB"] as const;

/** Bytes in binary units: "812 B", "1.5 KiB". */
export function bytesText(bytes: number): string {
  const power = bytes === 0 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  return `${power === 0 ? whole.format(value) : value.toFixed(1)} ${UNITS[power]}`;
}

/** A count with its noun: "1 session", "12 sessions". */
export const countText = (count: number, one: string, many = `${one}s`): string => `${whole.format(count)} ${count === 1 ? one : many}`;
