/** What the health documents say. Pure; everything that others wrote goes through the choke point. */
import { markdownText } from "@factory/governance/untrusted-text";
import type { Suspension } from "@factory/schemas/rpc";

/** A decision that a person is asked for. */
export type OpenReview = {
  readonly matter: string;
  readonly action: string;
  readonly sessionId: string;
  /** Null until Linear has its issue. */
  readonly issue: { readonly identifier: string; readonly url: string } | null;
  /** Epoch milliseconds. */
  readonly openedAt: number;
};

/** How the organisation does. */
export type HealthState = {
  readonly sessions: readonly { readonly state: string; readonly count: number }[];
  /** Sessions whose log goes on after what was read. */
  readonly behind: number;
  /** Oldest first. */
  readonly reviews: readonly OpenReview[];
  /** Open ones. */
  readonly divergences: readonly { readonly severity: string; readonly count: number }[];
  /** Open ones: not surfaced yet, surfaced, and how many of these in more than one period. */
  readonly advisories: { readonly queued: number; readonly surfaced: number; readonly carriedOver: number };
  /** Null when nobody could be asked. */
  readonly suspensions: readonly Suspension[] | null;
  /** Of the last day, newest first. */
  readonly errors: readonly { readonly at: number; readonly effectId: string; readonly message: string }[];
};

/** Most entries of one list; of the rest it has the number. */
const MAX_LISTED = 50;
/** Errors that are shown, the newest. */
const MAX_ERRORS = 5;
const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * The live document without the moment of writing: how long a review is open is told in steps, so the text changes only with what
 * it is about.
 *
 * @param now - epoch milliseconds
 */
export function liveText(state: HealthState, now: number): string {
  return [
    ...section("Sessions", sessionLines(state), "No session is known."),
    ...section("Decisions that wait for a person", listed(state.reviews.map((review) => reviewLine(review, now))), "No review is open."),
    ...section("Open divergences by severity", state.divergences.map(countLine(({ severity }) => severity)), "No divergence is open."),
    ...section("Advisories", advisoryLines(state), "No advisory is open."),
    "## Suspensions",
    state.suspensions === null ? "Not known: the signal desk could not be asked." : suspensionText(state.suspensions),
    ...section("Errors of the projection to Linear, last 24 hours", errorLines(state), "None."),
  ].join("\n\n");
}

/**
 * The same in one line, for the history. It changes when the state does, not when time passes.
 *
 * @returns Markdown
 */
export function summaryOf({ sessions, reviews, divergences, advisories, suspensions, errors }: HealthState): string {
  const counts = (entries: readonly (readonly [name: string, count: number])[]): string => {
    const present = entries.filter(([, count]) => count > 0);
    return present.length === 0 ? "none" : present.map(([name, count]) => `${count} ${markdownText(name)}`).join(", ");
  };
  return [
    `sessions: ${counts(sessions.map(({ state, count }) => [state, count]))}`,
    `open reviews: ${reviews.length === 0 ? "none" : reviews.length}`,
    `open divergences: ${counts(divergences.map(({ severity, count }) => [severity, count]))}`,
    `advisories: ${counts([
      ["queued", advisories.queued],
      ["surfaced", advisories.surfaced],
      ["carried over", advisories.carriedOver],
    ])}`,
    `suspensions: ${suspensions === null ? "not known" : suspensions.length === 0 ? "none" : suspensions.length}`,
    `errors: ${errors.length === 0 ? "none" : "some"}`,
  ].join("; ");
}

/** The history: lines oldest first, and how many older ones there are no more. */
export function historyText(lines: readonly string[], total: number): string {
  const dropped = total - lines.length;
  const head = "A line for each change of state, oldest first; times are UTC.";
  return [dropped === 0 ? head : `${head} ${dropped} older lines are not shown.`, lines.map((line) => `- ${line}`).join("\n")].join("\n\n");
}

function section(title: string, lines: readonly string[], absent: string): string[] {
  return [`## ${title}`, lines.length === 0 ? absent : lines.map((line) => `- ${line}`).join("\n")];
}

function listed(lines: readonly string[]): string[] {
  const more = lines.length - MAX_LISTED;
  return more > 0 ? [...lines.slice(0, MAX_LISTED), `and ${more} more`] : [...lines];
}

function countLine<Entry extends { readonly count: number }>(nameOf: (entry: Entry) => string): (entry: Entry) => string {
  return (entry) => `${markdownText(nameOf(entry))}: ${entry.count}`;
}

function sessionLines({ sessions, behind }: HealthState): string[] {
  const lines = sessions.map(countLine(({ state }) => state));
  return behind === 0 ? lines : [...lines, `of these, logs that are not read to their end: ${behind}`];
}

function reviewLine({ matter, action, sessionId, issue, openedAt }: OpenReview, now: number): string {
  const where = issue === null ? "not in Linear yet" : `[${issue.identifier}](${issue.url})`;
  const since = new Date(openedAt).toISOString();
  return `${where}: ${markdownText(matter)}, ${markdownText(action)}; session ${markdownText(sessionId)}; open for ${ageText(now - openedAt)}, since ${since}`;
}

/** An age in steps that grow with it. */
function ageText(ms: number): string {
  if (ms < HOUR_MS) return "less than an hour";
  if (ms < 4 * HOUR_MS) return "more than an hour";
  if (ms < DAY_MS) return "more than 4 hours";
  const days = Math.floor(ms / DAY_MS);
  return days === 1 ? "more than a day" : `more than ${days} days`;
}

function advisoryLines({ advisories: { queued, surfaced, carriedOver } }: HealthState): string[] {
  return [
    ...(queued === 0 ? [] : [`queued: ${queued}`]),
    ...(surfaced === 0 ? [] : [`surfaced: ${surfaced}`]),
    ...(carriedOver === 0 ? [] : [`of these carried over: ${carriedOver}`]),
  ];
}

function suspensionText(suspensions: readonly Suspension[]): string {
  if (suspensions.length === 0) return "Nothing is suspended.";
  return listed(
    suspensions.map(({ assembly, reason, by, since }) => {
      const what = assembly === null ? "the whole organisation" : `assembly ${markdownText(assembly)}`;
      return `${what}: ${markdownText(reason)}; by ${by.map((person) => markdownText(person)).join(" and ")}, since ${markdownText(since)}`;
    }),
  )
    .map((line) => `- ${line}`)
    .join("\n");
}

function errorLines({ errors }: HealthState): string[] {
  const shown = errors
    .slice(0, MAX_ERRORS)
    .map(({ at, effectId, message }) => `${new Date(at).toISOString()} ${markdownText(effectId)}: ${markdownText(message, 300)}`);
  const more = errors.length - shown.length;
  return more > 0 ? [...shown, `and ${more} older`] : shown;
}
