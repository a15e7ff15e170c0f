/**
 * The dispatch gate: nothing of a run is handed out without a clearance that is its own, whole, fresh and large enough. What a
 * clearance says by itself is read once ({@link readStanding}); what moves with the run and the clock is compared before
 * anything is handed out ({@link dispatchBlock}). Both are pure, never throw, and open for nothing that they cannot read.
 */
import {
  CLEARANCE_FIELDS,
  CLEARANCE_HEADROOM,
  CLEARANCE_TTL_MS,
  ERRORS,
  ORCHESTRATION_SURFACE,
  clearance as clearanceSchema,
  idSchema,
} from "@factory/schemas";
import type { AtomDirective, Clearance, DispatchBlock } from "@factory/schemas";

/** How far ahead of the coordinator's clock a clearance may be: two objects' clocks never agree to the millisecond. */
export const CLEARANCE_SKEW_MS = 60_000;

/** Longest part of a message that quotes what a stored clearance holds, in UTF-16 units. */
const MAX_QUOTED_CHARS = 200;
/** Things of one kind that a message names. */
const MAX_NAMED = 3;

/** The run that a clearance has to be for. */
export type GateSubject = {
  readonly sessionId: string;
  readonly runId: string;
  readonly assembly: string;
  /** Whether the object that holds the run was made for it. */
  readonly isOwn: boolean;
  /** The first of these ids that is no bead of the run, cancelled ones included; null when all of them are. */
  readonly firstStranger: (beadIds: readonly string[]) => string | null;
};

/** What is stored in the place of the run's clearance: its JSON, or null with the reason why there is none. */
export type StoredClearance = { readonly body: string | null; readonly reason: string | null };

/** Why nothing is handed out, with what could be read of the clearance. */
export type Blocked = { readonly code: DispatchBlock; readonly message: string; readonly clearanceId: string | null; readonly ceiling: number | null };

/** How a run stands by its clearance alone. */
export type Standing =
  | { readonly kind: "blocked"; readonly blocked: Blocked }
  /** `writtenAt` is the clearance's timestamp in epoch milliseconds. */
  | { readonly kind: "cleared"; readonly clearance: Clearance; readonly writtenAt: number };

/** A bead that only reads, with the tools that it may call and that have no schema. */
export type ResearchBead = { readonly beadId: string; readonly uncontracted: readonly string[] };

/** What of a run moves while it is carried out. */
export type RunFacts = {
  /** Beads, those that are cancelled or superseded left out. */
  readonly beads: number;
  readonly teams: ReadonlySet<string>;
  readonly research: readonly ResearchBead[];
};

/** Reads what is stored as a clearance of the run: once, since nothing of it changes until another is stored. */
export function readStanding(subject: GateSubject, { body, reason }: StoredClearance): Standing {
  if (!subject.isOwn || !idSchema("SES").safeParse(subject.sessionId).success) {
    return blockedAs("DISPATCH_NO_SESSION", `The run ${subject.runId} belongs to no session that could have cleared it.`);
  }
  if (body === null)
    return blockedAs(
      "DISPATCH_NO_CLEARANCE",
      reason === null ? ERRORS.DISPATCH_NO_CLEARANCE.message : `The run's clearance was taken away: ${quoted(reason)}.`,
    );
  const raw = objectIn(body);
  if (raw === null) return blockedAs("DISPATCH_MALFORMED", "The run's clearance is no JSON object.");
  const clearanceId = idIn(raw);
  const missing = CLEARANCE_FIELDS.filter((field) => isMissing(raw, field));
  if (missing.length > 0) return blockedAs("DISPATCH_MISSING_FIELD", `The run's clearance lacks ${missing.join(", ")}.`, clearanceId);
  const parsed = clearanceSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return blockedAs(
      "DISPATCH_MALFORMED",
      `The run's clearance cannot be read: ${quoted(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`)}.`,
      clearanceId,
    );
  }
  const fault = faultOf(subject, parsed.data);
  if (fault !== null) return blockedAs("DISPATCH_MALFORMED", fault, parsed.data.clearanceId, parsed.data.ceiling);
  return { kind: "cleared", clearance: parsed.data, writtenAt: Date.parse(parsed.data.timestamp) };
}

/** Why nothing of the run may be handed out now; null when everything may. */
export function dispatchBlock(standing: Standing, { beads, teams, research }: RunFacts, now: number): Blocked | null {
  if (standing.kind === "blocked") return standing.blocked;
  const { clearance, writtenAt } = standing;
  const { clearanceId, ceiling, askedFor, approvedTeams, toolContractRequired } = clearance;
  const block = (code: DispatchBlock, what: string): Blocked => ({ ...said(code, what), clearanceId, ceiling });
  // A date that is none compares as false with everything, so what is asked is whether it is one that counts.
  if (!(writtenAt - now <= CLEARANCE_SKEW_MS))
    return block("DISPATCH_MALFORMED", `The run's clearance is dated ${clearance.timestamp}, which has not come yet.`);
  if (isStale(writtenAt, now))
    return block("DISPATCH_STALE_CLEARANCE", `The run's clearance was written at ${clearance.timestamp} and counts for ${CLEARANCE_TTL_MS / 3_600_000} hours.`);
  if (beads > ceiling) return block("DISPATCH_CEILING_EXCEEDED", `The run has ${beads} beads; ${askedFor} were asked for and its clearance covers ${ceiling}.`);
  const uncontracted = research.find((bead) => bead.uncontracted.length > 0);
  if (uncontracted !== undefined) {
    const tools = uncontracted.uncontracted.slice(0, MAX_NAMED).join(", ");
    return block("DISPATCH_NO_TOOL_CONTRACT", `${uncontracted.beadId} only reads and may call ${quoted(tools)} without a schema.`);
  }
  const [first] = research;
  if (first !== undefined && !toolContractRequired)
    return block("DISPATCH_MALFORMED", `The run's clearance asks for no tool contract, and ${first.beadId} only reads.`);
  for (const team of teams)
    if (!approvedTeams.includes(team)) return block("DISPATCH_MALFORMED", `The run has beads of the team ${quoted(team)}, which its clearance does not name.`);
  return null;
}

/** The first moment at which a clearance of that time is stale, in epoch milliseconds. */
export function staleFrom(writtenAt: number): number {
  return writtenAt + CLEARANCE_TTL_MS + 1;
}

/** Tools that a directive permits and gives no schema for: one without parameters to check says nothing. */
export function uncontractedTools({ toolPolicy, toolSchemas }: Pick<AtomDirective, "toolPolicy" | "toolSchemas">): string[] {
  const contracted = new Set(toolSchemas.filter(({ parameters }) => Object.keys(parameters).length > 0).map(({ name }) => name));
  return toolPolicy.permitted.filter((name) => !contracted.has(name));
}

function isStale(writtenAt: number, now: number): boolean {
  return now >= staleFrom(writtenAt);
}

/** What a clearance that is whole says and must not say. */
function faultOf({ sessionId, assembly, firstStranger }: GateSubject, clearance: Clearance): string | null {
  const { askedFor, ceiling, orchestrationSurface, approvedSubTasks } = clearance;
  if (clearance.sessionId !== sessionId) return `The run's clearance is for the session ${clearance.sessionId}.`;
  if (clearance.assembly !== assembly) return `The run's clearance is for the assembly ${quoted(clearance.assembly)}.`;
  if (ceiling !== askedFor + CLEARANCE_HEADROOM)
    return `The run's clearance has the ceiling ${ceiling}; for ${askedFor} items it is ${askedFor + CLEARANCE_HEADROOM}.`;
  if (orchestrationSurface !== ORCHESTRATION_SURFACE)
    return `The run's clearance is for the surface ${quoted(orchestrationSurface)}, not ${ORCHESTRATION_SURFACE}.`;
  const stranger = firstStranger(approvedSubTasks);
  return stranger === null ? null : `The run's clearance names ${stranger}, which is no bead of the run.`;
}

function blockedAs(code: DispatchBlock, what: string, clearanceId: string | null = null, ceiling: number | null = null): Standing {
  return { kind: "blocked", blocked: { ...said(code, what), clearanceId, ceiling } };
}

/** What is wrong, and then what to do about it. */
function said(code: DispatchBlock, what: string): Pick<Blocked, "code" | "message"> {
  return { code, message: `${what} ${ERRORS[code].suggestion}` };
}

type RawClearance = { readonly [field: string]: unknown };

function objectIn(body: string): RawClearance | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // What is no JSON is told as that; the parser's own words would quote the stored bytes.
    return null;
  }
  // The cast holds: an object that is no list has fields by name.
  return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? (parsed as RawClearance) : null;
}

/** A field that is there and says nothing is missing all the same. */
function isMissing(raw: RawClearance, field: string): boolean {
  if (!Object.hasOwn(raw, field)) return true;
  const value = raw[field];
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function idIn(raw: RawClearance): string | null {
  const id = Object.hasOwn(raw, "clearanceId") ? idSchema("CLE").safeParse(raw["clearanceId"]) : null;
  return id?.success === true ? id.data : null;
}

/** Text of a clearance or a directive in one bounded line. */
function quoted(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, MAX_QUOTED_CHARS).toWellFormed();
}
