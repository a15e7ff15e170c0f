/** What the strip of figures says, by the answer and by what was found in it. */
import type { OperationsResponse } from "@factory/schemas/proto";
import { countText, durationText } from "../../ui/figure-text.ts";
import { areaLevel, type Finding } from "./operations-findings.ts";
import { msOf, outboxAgeMs, shareText, UNKNOWN, windowText } from "./operations-text.ts";
import { worstOf, type Level } from "./operations-thresholds.ts";

/** One figure: what it counts, how much, and what belongs to it. */
export type StripFigure = { readonly name: string; readonly value: string; readonly unit: string; readonly notes: readonly string[]; readonly level: Level };

export type StripFigures = { readonly [name in "workers" | "letters" | "rescues" | "leases" | "outbox" | "lag"]: StripFigure };

/** The figures of an answer. Without open sessions there is nothing that leases, outboxes and the read model could be of. */
export function figuresOf(answer: OperationsResponse, findings: readonly Finding[]): StripFigures {
  return {
    workers: workersFigure(answer, findings),
    letters: lettersFigure(answer, findings),
    rescues: rescuesFigure(answer, findings),
    leases: leasesFigure(answer, findings),
    outbox: outboxFigure(answer, findings),
    lag: lagFigure(answer, findings),
  };
}

const figureText = (figure: number | bigint | undefined): string => (figure === undefined ? UNKNOWN : figure.toLocaleString());

/** A sum that objects are left out of is not known to be well. */
const silentLevel = ({ totals }: OperationsResponse): Level => ((totals?.silent ?? 0) > 0 ? "unknown" : "ok");

const silentNotes = ({ totals }: OperationsResponse): readonly string[] =>
  (totals?.silent ?? 0) === 0 ? [] : [`${countText(totals?.silent ?? 0, "object")} did not answer`];

/** Nothing to take a figure from is `none`; a figure that should be there and is not is `unknown`. */
const absentLevel = ({ sessions }: OperationsResponse): Level => (sessions.length === 0 ? "none" : "unknown");

function workersFigure({ workers }: OperationsResponse, findings: readonly Finding[]): StripFigure {
  const failing = workers.filter(({ ok }) => !ok).map(({ worker }) => worker);
  const about = { name: "Workers", level: areaLevel(findings, "workers") };
  if (workers.length === 0) return { ...about, value: UNKNOWN, unit: "", notes: ["none was asked"] };
  const notes = [failing.length === 0 ? "each answered" : `not ok: ${failing.join(", ")}`];
  return { ...about, value: String(workers.length - failing.length), unit: `of ${workers.length} ok`, notes };
}

function lettersFigure({ deadLetters }: OperationsResponse, findings: readonly Finding[]): StripFigure {
  const level = areaLevel(findings, "letters");
  const about = { name: "Dead letters", unit: "in the last day", value: figureText(deadLetters?.lastDay), level };
  if (deadLetters === undefined) return { ...about, notes: [] };
  const { count, unattributed, queues } = deadLetters;
  const nameless = unattributed === 0n ? [] : [`${figureText(unattributed)} of no organisation`];
  return { ...about, notes: [`${figureText(count)} in all`, ...queues.map((queue) => `${queue.queue} ${figureText(queue.count)}`), ...nameless] };
}

function rescuesFigure({ rescueRates }: OperationsResponse, findings: readonly Finding[]): StripFigure {
  const [now, ...longer] = rescueRates.toSorted((a, b) => a.windowSeconds - b.windowSeconds);
  if (now === undefined) return { name: "Rescue rate", value: UNKNOWN, unit: "", notes: [], level: "unknown" };
  const later = longer.map(({ windowSeconds, rate, rescues, claims }) => `${windowText(windowSeconds)} ${shareText(rate)} (${rescues} of ${claims})`);
  return {
    name: "Rescue rate",
    value: shareText(now.rate),
    unit: `in the ${windowText(now.windowSeconds)}`,
    notes: [`${figureText(now.rescues)} of ${countText(Number(now.claims), "claim")}`, ...later],
    level: now.claims === 0n && now.rescues === 0n ? "none" : areaLevel(findings, "rescues"),
  };
}

function leasesFigure(answer: OperationsResponse, findings: readonly Finding[]): StripFigure {
  const { leasesHeld, leasesExpired } = answer.totals ?? {};
  const level = leasesHeld === undefined ? absentLevel(answer) : worstOf([areaLevel(findings, "leases"), silentLevel(answer)]);
  return { name: "Leases", value: figureText(leasesHeld), unit: "held", notes: [`${figureText(leasesExpired)} expired`, ...silentNotes(answer)], level };
}

function outboxFigure(answer: OperationsResponse, findings: readonly Finding[]): StripFigure {
  const outbox = answer.totals?.outbox;
  const about = { name: "Outboxes", value: figureText(outbox?.pending), unit: "pending" };
  if (outbox === undefined) return { ...about, notes: [], level: absentLevel(answer) };
  const { parked, worstAttempts } = outbox;
  const age = outboxAgeMs(outbox, msOf(answer.askedAt) ?? Date.now());
  return {
    ...about,
    notes: [
      ...(age === null ? [] : [`oldest ${durationText(age)}`]),
      ...(worstAttempts === undefined ? [] : [countText(worstAttempts, "failed attempt")]),
      `${figureText(parked)} parked`,
      ...silentNotes(answer),
    ],
    level: worstOf([areaLevel(findings, "outbox"), silentLevel(answer)]),
  };
}

function lagFigure(answer: OperationsResponse, findings: readonly Finding[]): StripFigure {
  const behind = answer.totals?.eventsBehind;
  const lags = answer.sessions.map(({ lag }) => lag);
  const lagging = lags.filter((lag) => lag?.tipSeq !== undefined && lag.tipSeq > lag.seq).length;
  const silent = lags.filter((lag) => lag?.tipSeq === undefined).length;
  return {
    name: "Projection lag",
    value: figureText(behind),
    unit: "events behind",
    notes: [
      ...(lags.length === silent ? [] : [`${lagging} of ${countText(lags.length - silent, "open session")} behind`]),
      ...(silent === 0 ? [] : [`${countText(silent, "log")} did not answer`]),
    ],
    level: behind === undefined ? absentLevel(answer) : areaLevel(findings, "lag"),
  };
}
