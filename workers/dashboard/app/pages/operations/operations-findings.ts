/** What an operator should know about an answer: sentences in the order in which they should be read, each with what to do. */
import type { DurableObjectHealth, OperationsResponse, SessionOperations } from "@factory/schemas/proto";
import { countText, durationText } from "../../ui/figure-text.ts";
import { troublesOf, type TroubleArea } from "./object-troubles.ts";
import type { Still } from "./operations-history.ts";
import { msOf, objectTitle, shareText, shortId, windowText } from "./operations-text.ts";
import { DEAD_LAST_DAY, LAG_STILL_MS, LEVELS, levelOf, rescueLevel, worstOf, type Level } from "./operations-thresholds.ts";

/** What a finding is about. */
export type FindingArea = TroubleArea | "workers" | "letters" | "rescues" | "lag" | "sessions";

/** Something that is not well, or not known. */
export type Finding = {
  readonly id: string;
  readonly area: FindingArea;
  readonly level: Level;
  readonly text: string;
  /** What to do about it. */
  readonly remedy: string;
  /** The open session it is about; null for what is not one session's. */
  readonly sessionId: string | null;
};

/** Since when each session's read model stands still; see the history. */
export type StillSessions = ReadonlyMap<string, Still>;

/** Everything that is not well or not known, the worst first. */
export function findingsOf(answer: OperationsResponse, still: StillSessions): readonly Finding[] {
  const now = msOf(answer.askedAt) ?? Date.now();
  const found = [
    ...workerFindings(answer),
    ...letterFindings(answer),
    ...rescueFindings(answer),
    ...answer.organisation.flatMap((object) => objectFindings(object, null, now)),
    ...answer.sessions.flatMap((session) => sessionFindings(session, still, now)),
    ...(answer.moreSessions ? [moreFinding(answer.sessions.length)] : []),
  ].filter(({ level }) => level !== "ok" && level !== "none");
  return found.toSorted((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level));
}

/** How the whole stands: well only when everything is known to be. */
export const verdictOf = (findings: readonly Finding[]): Level => worstOf(["ok", ...findings.map(({ level }) => level)]);

/** How one part stands by what was found of it. */
export const areaLevel = (findings: readonly Finding[], area: FindingArea): Level => verdictOf(findings.filter((finding) => finding.area === area));

/** The verdict as a sentence. */
export function verdictText(findings: readonly Finding[]): string {
  const count = (level: Level): number => findings.filter((finding) => finding.level === level).length;
  const [bad, warn, unknown] = [count("bad"), count("warn"), count("unknown")];
  const needs = bad === 0 ? null : `${countText(bad, "thing needs", "things need")} an operator`;
  const watch = warn === 0 ? null : `${countText(warn, "thing")} to watch`;
  const open = unknown === 0 ? null : `${countText(unknown, "thing is", "things are")} not known`;
  return [needs, watch, open].filter((part) => part !== null).join(", ") || "Nothing needs an operator";
}

function workerFindings({ workers }: OperationsResponse): readonly Finding[] {
  const about = { area: "workers" as const, sessionId: null, remedy: "Read its log, and what was deployed last. GET /health asks it again." };
  if (workers.length === 0) return [{ ...about, id: "workers", level: "unknown", text: "No Worker was asked how it does." }];
  return workers
    .filter(({ ok }) => !ok)
    .map(({ worker, detail }) => ({
      ...about,
      id: `worker ${worker}`,
      level: "bad",
      text: `The Worker ${worker} is not ok: ${detail ?? "it gave no reason"}.`,
    }));
}

function letterFindings({ deadLetters }: OperationsResponse): readonly Finding[] {
  const about = { id: "dead letters", area: "letters" as const, sessionId: null };
  if (deadLetters === undefined)
    return [{ ...about, level: "unknown", text: "Dead letters are not known.", remedy: "Look at the health of the Worker graphql." }];
  const lastDay = Number(deadLetters.lastDay);
  const text = `${countText(lastDay, "message")} died in the last day.`;
  return [{ ...about, level: levelOf(lastDay, DEAD_LAST_DAY), text, remedy: "Work goes on without them; their reasons are under Dead letters." }];
}

function rescueFindings({ rescueRates }: OperationsResponse): readonly Finding[] {
  // The shortest window says how it is now; the longer ones are of the past.
  const [now] = rescueRates.toSorted((a, b) => a.windowSeconds - b.windowSeconds);
  const about = { id: "rescues", area: "rescues" as const, sessionId: null };
  if (now === undefined)
    return [{ ...about, level: "unknown", text: "How often leases are rescued is not known.", remedy: "Look at the health of the Worker graphql." }];
  const [claims, rescues] = [Number(now.claims), Number(now.rescues)];
  const rate = now.rate === undefined ? "" : ` (${shareText(now.rate)})`;
  const text = `${countText(rescues, "lease was", "leases were")} taken back for ${countText(claims, "claim")} in the ${windowText(now.windowSeconds)}${rate}.`;
  const remedy = "Operatives were silent for two minutes: look at what their objects say of their last failure.";
  return [{ ...about, level: rescueLevel({ claims, rescues }), text, remedy }];
}

function sessionFindings(session: SessionOperations, still: StillSessions, now: number): readonly Finding[] {
  return [...session.objects.flatMap((object) => objectFindings(object, session.sessionId, now)), ...lagFindings(session, still, now)];
}

function objectFindings(object: DurableObjectHealth, sessionId: string | null, now: number): readonly Finding[] {
  const whose = sessionId === null ? `The organisation's ${objectTitle(object)}` : `The ${objectTitle(object)} of ${shortId(sessionId)}`;
  return troublesOf(object, now).map(({ area, level, text, remedy }, index) => ({
    id: `${sessionId ?? "org"} ${object.name} ${index}`,
    area,
    level,
    text: `${whose} ${text}.`,
    remedy,
    sessionId,
  }));
}

function lagFindings({ sessionId, lag }: SessionOperations, still: StillSessions, now: number): readonly Finding[] {
  const about = { area: "lag" as const, sessionId, remedy: `npx factory admin reproject ${sessionId}` };
  const name = shortId(sessionId);
  if (lag?.tipSeq === undefined) {
    const remedy = "Open its objects: the session log says whether it answers.";
    return [
      { ...about, id: `${sessionId} lag`, level: "unknown", remedy, text: `How far the read model is behind ${name} is not known: its log did not answer.` },
    ];
  }
  const since = still.get(sessionId)?.since;
  const behind = countText(Number(lag.tipSeq - lag.seq), "event");
  return [
    ...(since === undefined
      ? []
      : [
          {
            ...about,
            id: `${sessionId} lag`,
            level: levelOf(now - since, LAG_STILL_MS),
            text: `The read model is ${behind} behind the log of ${name} and has not moved for ${durationText(now - since)}.`,
          },
        ]),
    ...(lag.quarantined === 0
      ? []
      : [
          {
            ...about,
            id: `${sessionId} quarantine`,
            level: "warn" as const,
            text: `${countText(lag.quarantined, "event")} of ${name} could not be read and ${lag.quarantined === 1 ? "is" : "are"} kept apart.`,
          },
        ]),
  ];
}

function moreFinding(shown: number): Finding {
  const text = `Only the ${countText(shown, "newest open session")} ${shown === 1 ? "was" : "were"} asked; sums and sentences are without the others.`;
  const remedy = "Ask the objects of one that is not listed: npx factory admin health SESSION";
  return { id: "more sessions", area: "sessions", level: "unknown", text, remedy, sessionId: null };
}
