/** What is wrong with one object, by what it says of itself. */
import { ObjectStanding, type DurableObjectHealth } from "@factory/schemas/proto";
import { countText, bytesText, durationText } from "../../ui/figure-text.ts";
import { msOf, outboxAgeMs } from "./operations-text.ts";
import { ALARM_LATE_MS, FAILED_ATTEMPTS, LEASE_OVERDUE_MS, levelOf, OBJECT_BYTES, OUTBOX_AGE_MS, worstOf, type Level } from "./operations-thresholds.ts";

/** Which of an object's parts is in trouble; `standing` is whether it answers at all. */
export type TroubleArea = "standing" | "outbox" | "timers" | "leases" | "storage";

/** One thing that is wrong: a sentence's end after the object's name, and what to do about it. */
export type Trouble = { readonly area: TroubleArea; readonly level: Level; readonly text: string; readonly remedy: string };

/** The troubles of an object at an instant in epoch milliseconds; none of one that is well or was never used. */
export function troublesOf(object: DurableObjectHealth, now: number): readonly Trouble[] {
  switch (object.standing) {
    case ObjectStanding.NEVER_USED:
      return [];
    case ObjectStanding.SILENT:
      return [
        {
          area: "standing",
          level: "bad",
          text: `did not answer: ${object.problem ?? "no reason was given"}`,
          remedy: "An object that restarts answers the next time. If this one stays silent, read the log of its Worker.",
        },
      ];
    case ObjectStanding.ANSWERED:
      return answeredTroubles(object, now).filter(({ level }) => level !== "ok" && level !== "none");
    default:
      return [
        {
          area: "standing",
          level: "unknown",
          text: "may or may not be well: this page does not know its standing",
          remedy: "Load the page again; the platform is newer than it.",
        },
      ];
  }
}

/** How an object stands: `none` for one that was never used. */
export function objectLevel(object: DurableObjectHealth, now: number): Level {
  if (object.standing === ObjectStanding.NEVER_USED) return "none";
  return worstOf(["ok", ...troublesOf(object, now).map(({ level }) => level)]);
}

function answeredTroubles(object: DurableObjectHealth, now: number): readonly Trouble[] {
  return [...outboxTroubles(object, now), ...timerTroubles(object, now), ...leaseTroubles(object, now), ...storageTroubles(object)];
}

function outboxTroubles({ outbox }: DurableObjectHealth, now: number): readonly Trouble[] {
  if (outbox === undefined) return [];
  const { parked, pending, worstAttempts } = outbox;
  if (parked > 0) {
    const remedy = "Its last error says why. A session takes them up again every 15 minutes; mend the receiver before that.";
    return [{ area: "outbox", level: "bad", text: `has ${countText(parked, "message")} that ${parked === 1 ? "is" : "are"} no longer tried`, remedy }];
  }
  if (pending === 0) return [];
  const age = outboxAgeMs(outbox, now);
  const level = worstOf([levelOf(age ?? undefined, OUTBOX_AGE_MS), levelOf(worstAttempts ?? 0, FAILED_ATTEMPTS)]);
  const waits = age === null ? "" : `, the oldest for ${durationText(age)}`;
  const tried = (worstAttempts ?? 0) === 0 ? "" : ` and ${countText(worstAttempts ?? 0, "failed attempt")}`;
  const remedy = "It goes on trying with longer waits. Look for a Worker that is not ok, or for an object that does not answer.";
  return [{ area: "outbox", level, text: `has ${countText(pending, "undelivered message")}${waits}${tried}`, remedy }];
}

function timerTroubles({ failingTimers, nextAlarm }: DurableObjectHealth, now: number): readonly Trouble[] {
  const alarm = msOf(nextAlarm);
  const late = alarm === null ? 0 : now - alarm;
  return [
    ...failingTimers.map(({ name, failures }) => ({
      area: "timers" as const,
      level: levelOf(failures, FAILED_ATTEMPTS),
      text: `has a timer, ${name}, that failed ${countText(failures, "time")} in a row`,
      remedy: "It runs again by itself, with longer waits. Its last error says what it runs into.",
    })),
    {
      area: "timers",
      level: levelOf(late, ALARM_LATE_MS),
      text: `has an alarm that is ${durationText(late)} late`,
      remedy: "The next call to the object sets its alarm again; opening the session is one.",
    },
  ];
}

function leaseTroubles({ leases }: DurableObjectHealth, now: number): readonly Trouble[] {
  const overdue = leases.filter(({ expired }) => expired).map(({ leaseUntil }) => now - (msOf(leaseUntil) ?? Number.NaN));
  if (overdue.length === 0) return [];
  const longest = Math.max(...overdue);
  const since = Number.isNaN(longest) ? "" : `, the longest ${durationText(Math.max(0, longest))} ago`;
  const remedy = "Its next tick takes them back and hands the beads out again. If none comes, cancel the session and submit its order anew.";
  return [{ area: "leases", level: levelOf(longest, LEASE_OVERDUE_MS), text: `holds ${countText(overdue.length, "lease")} that expired${since}`, remedy }];
}

function storageTroubles({ storageBytes }: DurableObjectHealth): readonly Trouble[] {
  if (storageBytes === undefined) return [];
  const bytes = Number(storageBytes);
  const remedy = "The platform refuses writes at 10 GiB. Give new work another assembly.";
  return [{ area: "storage", level: levelOf(bytes, OBJECT_BYTES), text: `stores ${bytesText(bytes)}`, remedy }];
}
