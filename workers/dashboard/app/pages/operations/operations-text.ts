/** Words for what the platform answers about its operations. */
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { ObjectKind, type DurableObjectHealth, type OutboxHealth } from "@factory/schemas/proto";
import { countText, durationText } from "../../ui/figure-text.ts";

/** What stands for a figure that is not known. */
export const UNKNOWN = "–";

const KINDS: { readonly [kind in ObjectKind]: string } = {
  [ObjectKind.UNSPECIFIED]: "object",
  [ObjectKind.SESSION]: "session",
  [ObjectKind.MEDIATION]: "mediation",
  [ObjectKind.COORDINATOR]: "coordinator",
  [ObjectKind.OPERATIVE]: "operative",
  [ObjectKind.SESSION_LOG]: "session log",
  [ObjectKind.ASSEMBLY_LOG]: "assembly log",
  [ObjectKind.ARTIFACT_GRAPH]: "artifact graph",
  [ObjectKind.SOURCE_GRAPH]: "source graph",
  [ObjectKind.BEAD_GRAPH]: "bead graph",
  [ObjectKind.CAPACITY]: "capacity",
  [ObjectKind.DIRECTORY]: "directory",
  [ObjectKind.SIGNAL_DESK]: "signal desk",
  [ObjectKind.LINEAR_PROJECTION]: "Linear projection",
};

/** A kind that this page does not know yet, because the platform is newer, is an object. */
export const kindText = (kind: ObjectKind): string => KINDS[kind] ?? "object";

/** The kind, and of an operative its slot, which its name ends with. */
export const objectTitle = ({ kind, name }: Pick<DurableObjectHealth, "kind" | "name">): string =>
  kind === ObjectKind.OPERATIVE ? `${kindText(kind)} ${name.split(":").at(-1) ?? ""}` : kindText(kind);

/** Epoch milliseconds; null when it is absent. */
export const msOf = (at: Timestamp | undefined): number | null => (at === undefined ? null : timestampMs(at));

/** RFC 3339; null when it is absent. */
export const instantOf = (at: Timestamp | undefined): string | null => (at === undefined ? null : new Date(timestampMs(at)).toISOString());

/** Age of the oldest message that is not delivered, in milliseconds; null when there is none. */
export function outboxAgeMs({ oldestAt }: Pick<OutboxHealth, "oldestAt">, now: number): number | null {
  const at = msOf(oldestAt);
  return at === null ? null : Math.max(0, now - at);
}

/** "empty", "3 pending, oldest 12.0 s, tried 4 times, 1 parked"; a dash where there is no outbox or it is not known. */
export function outboxText(outbox: OutboxHealth | undefined, now: number): string {
  if (outbox === undefined) return UNKNOWN;
  const { pending, parked, worstAttempts } = outbox;
  if (pending === 0 && parked === 0) return "empty";
  const age = outboxAgeMs(outbox, now);
  return [
    `${pending} pending`,
    ...(age === null ? [] : [`oldest ${durationText(age)}`]),
    ...(worstAttempts === undefined || worstAttempts === 0 ? [] : [`tried ${countText(worstAttempts, "time")}`]),
    ...(parked === 0 ? [] : [`${parked} parked`]),
  ].join(", ");
}

/** A share as a percentage, with as many digits as a small one needs; a dash where there is none. */
export function shareText(share: number | undefined): string {
  if (share === undefined) return UNKNOWN;
  return new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: share > 0 && share < 0.1 ? 1 : 0 }).format(share);
}

/** "last hour", "last day", "last 900 s". */
export function windowText(seconds: number): string {
  if (seconds === 3_600) return "last hour";
  return seconds === 86_400 ? "last day" : `last ${seconds} s`;
}

/** The end of an id, after its kind, for where a column of them is narrow: "SES-…7CDXZVW". */
export function shortId(id: string): string {
  const [kind, rest = ""] = id.split("-", 2);
  return rest.length <= 10 ? id : `${kind}-…${rest.slice(-7)}`;
}
