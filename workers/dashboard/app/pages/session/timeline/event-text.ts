/** Every event of a log as one line in words. */
import type { EventKind, EventPayload } from "@factory/schemas";
import { payloadSchema } from "../../../shared/event-payloads.ts";
import type { Tone } from "../../../ui/badge.tsx";
import { countText, durationText, moneyText } from "../../../ui/figure-text.ts";
import { beadTone, wordsOf } from "../../../ui/state-badges.tsx";

const MS_PER_SECOND = 1_000;

/** An event as a line: what happened, and whether that is well, badly, or only said. */
export type EventLine = { readonly text: string; readonly tone: Tone };

/** Names a bead for a person; its id where nothing better is known. */
export type BeadName = (beadId: string) => string;

/** An event whose payload is of its kind. */
type ReadEvent = { readonly [Kind in EventKind]: { readonly kind: Kind; readonly payload: EventPayload<Kind> } }[EventKind];

const line = (tone: Tone, ...parts: readonly (string | undefined)[]): EventLine => ({
  tone,
  text: parts
    .filter((part) => part !== undefined && part !== "")
    .join(" ")
    .replaceAll(/\s+/g, " "),
});

/**
 * The line of an event.
 *
 * @param payload - as the log has it; one that lacks what its kind has is named by its kind, and fields of a newer platform are left out
 */
export function eventLine(kind: EventKind, payload: unknown, beadName: BeadName): EventLine {
  const read = payloadSchema(kind).safeParse(payload);
  if (!read.success) return line("warn", `${sentence(wordsOf(kind))} (this page does not know its content).`);
  // The kind chose the schema that the payload was just read by.
  return lineOf({ kind, payload: read.data } as ReadEvent, beadName);
}

function lineOf(event: ReadEvent, beadName: BeadName): EventLine {
  switch (event.kind) {
    case "SESSION_SUBMITTED":
      return line("busy", "The order was submitted:", event.payload.reason);
    case "CANDIDATE_SET_BUILT":
      return line("busy", `${event.payload.selected} was chosen`, instead(event.payload.alternatives));
    case "APPROVAL_GRANTED":
      return line("good", `${event.payload.approver} approved; the receipt is ${event.payload.approvalId}.`);
    case "COMPILATION_STARTED":
      return line("busy", "Compilation began:", event.payload.reason);
    case "COMPILATION_COMPLETE":
      return line("good", "Compilation is complete:", event.payload.reason);
    case "COMPILATION_FAILED":
      return failureLine("Compilation failed", event.payload);
    case "REVIEW_REQUIRED":
      return line("warn", `${sentence(wordsOf(event.payload.reviewType))}:`, event.payload.action);
    case "REVIEW_RESOLVED":
      return resolvedLine(event.payload);
    case "DEPLOYING":
      return line("busy", "Delivery began:", event.payload.reason);
    case "MONITORED":
      return line("good", "What was delivered is monitored:", event.payload.reason);
    case "BEAD_CLAIMED":
    case "BEAD_RELEASED":
    case "BEAD_FAILED":
    case "BEAD_RESCUED":
    case "BEAD_STATE_CHANGED":
      return beadLine(event.kind, event.payload);
    case "CONSENT_BEAD_DENIED":
      return line("bad", `${event.payload.toolName} was denied to ${quoted(beadName(event.payload.beadId))}:`, event.payload.reason);
    case "VERIFICATION_PRODUCED":
      return gateLine(event.payload, beadName);
    case "DIVERGENCE_DETECTED":
      return line("bad", `Divergence ${event.payload.divergenceType}${about(event.payload.claimRefs)}: ${event.payload.reason}`);
    case "AMENDMENT_PROPOSED":
      return amendmentLine("warn", "was proposed", event.payload);
    case "AMENDMENT_ADOPTED":
      return amendmentLine("good", "was adopted", event.payload);
    case "AMENDMENT_REJECTED":
      return amendmentLine("bad", "was rejected", event.payload);
    case "ARTIFACT_WRITTEN":
      return artifactLine(event.payload);
    case "EXECUTION_COMPLETE":
      return line("good", "Execution is complete:", event.payload.reason);
    case "EXECUTION_FAILED":
      return failureLine("Execution failed", event.payload);
    case "SESSION_COMPLETED":
      return line("good", "The session is completed:", event.payload.reason);
    case "SESSION_FAILED":
      return line("bad", "The session failed:", event.payload.reason);
    case "SESSION_CANCELLED":
      return line("idle", "The session was cancelled:", event.payload.reason);
    case "SESSION_REJECTED":
      return line("bad", "The session was rejected:", event.payload.reason);
    case "PASS_COMPLETED":
      return passLine(event.payload);
    case "CLARIFICATION_REQUESTED":
      return line("warn", `${quoted(beadName(event.payload.beadId))} asks:`, event.payload.question ?? "a question that the log does not hold.");
    case "CLARIFICATION_ANSWERED":
      return line("good", `${event.payload.answeredBy ?? "Somebody"} answered ${quoted(beadName(event.payload.beadId))}:`, event.payload.answer);
    case "BUDGET_EXHAUSTED":
      return line("bad", `The budget of ${moneyText(event.payload.budgetUsd)} is exhausted: ${spent(event.payload)}.`);
    case "MODEL_CALLED":
      return modelLine(event.payload, beadName);
    case "REVIEW_VOTE_RECORDED":
      return voteLine(event.payload);
    case "DISPATCH_BLOCKED":
      return line(
        "warn",
        `The run hands out no further work (${event.payload.code}):`,
        event.payload.message,
        `It has ${countText(event.payload.beads, "bead")}.`,
      );
    case "RUN_GRAPH_AMENDED":
      return line("warn", `${event.payload.decidedBy} changed the run's graph:`, event.payload.changes.join(", "), `(${event.payload.reason})`);
    default:
      return event satisfies never;
  }
}

const sentence = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
const quoted = (name: string): string => `“${name}”`;
const instead = (alternatives: readonly string[]): string => (alternatives.length === 0 ? "without an alternative." : `instead of ${alternatives.join(", ")}.`);
const about = (claims: readonly string[]): string => (claims.length === 0 ? "" : ` of ${claims.join(", ")}`);
const spent = ({ spentUsd, reservedUsd }: EventPayload<"BUDGET_EXHAUSTED">): string => `${moneyText(spentUsd)} spent, ${moneyText(reservedUsd)} reserved`;

function failureLine(what: string, { code, message, retryable }: EventPayload<"EXECUTION_FAILED">): EventLine {
  return line("bad", `${what} with ${code}: ${message}`, retryable ? "It may be tried again." : undefined);
}

const DECISION_TONES: { readonly [decision: string]: Tone } = { approved: "good", rejected: "bad", amended: "warn" };

function resolvedLine({ decision, decidedBy, note }: EventPayload<"REVIEW_RESOLVED">): EventLine {
  return line(DECISION_TONES[decision] ?? "idle", `${decidedBy} ${decision}${note === "" ? "." : `: ${note}`}`);
}

function voteLine({ approver, decision, approvals, needed, expiresAtUnixSec }: EventPayload<"REVIEW_VOTE_RECORDED">): EventLine {
  const until = new Date(expiresAtUnixSec * MS_PER_SECOND).toISOString();
  return line("busy", `${approver} ${decision}: ${approvals} of ${needed} approvals, until ${until}.`);
}

type BeadKind = "BEAD_CLAIMED" | "BEAD_RELEASED" | "BEAD_FAILED" | "BEAD_RESCUED" | "BEAD_STATE_CHANGED";

function beadLine(kind: BeadKind, payload: EventPayload<BeadKind>): EventLine {
  const { title, team, agentId, attempt, cycle, durationMs, reason, errorCode, toState } = payload;
  const again = [attempt > 1 ? `attempt ${attempt}` : "", cycle > 0 ? `cycle ${cycle}` : ""].filter((part) => part !== "").join(", ");
  const did: { readonly [Kind in BeadKind]: string } = {
    BEAD_CLAIMED: `${agentId ?? "An agent"} of ${team} took ${quoted(title)}`,
    BEAD_RELEASED: `${quoted(title)} is done`,
    BEAD_FAILED: `${quoted(title)} failed${errorCode === undefined ? "" : ` with ${errorCode}`}`,
    BEAD_RESCUED: `${quoted(title)} was taken back from ${agentId ?? "its agent"}, whose lease had expired`,
    BEAD_STATE_CHANGED: `${quoted(title)} is ${wordsOf(toState)}`,
  };
  const tail = [again === "" ? "" : `(${again})`, durationMs === undefined ? "" : `after ${durationText(durationMs)}`].filter((part) => part !== "").join(" ");
  const why = reason === undefined || reason === "" ? "." : `: ${reason}`;
  return line(kind === "BEAD_RESCUED" ? "warn" : beadTone(toState), `${did[kind]}${tail === "" ? "" : ` ${tail}`}${why}`);
}

const OUTCOMES: { readonly [Outcome in EventPayload<"VERIFICATION_PRODUCED">["outcome"]]: { readonly tone: Tone; readonly text: string } } = {
  PASS: { tone: "good", text: "passed" },
  FAIL: { tone: "bad", text: "failed" },
  INCONCLUSIVE: { tone: "warn", text: "is inconclusive" },
};

function gateLine({ verificationType, outcome, subjectId, summary }: EventPayload<"VERIFICATION_PRODUCED">, beadName: BeadName): EventLine {
  const { tone, text } = OUTCOMES[outcome];
  const subject = subjectId.startsWith("BEAD-") ? ` for ${quoted(beadName(subjectId))}` : "";
  return line(tone, `Gate ${wordsOf(verificationType)} ${text}${subject}: ${summary}`);
}

function amendmentLine(tone: Tone, what: string, { scope, faultAttribution, divergenceReason }: EventPayload<"AMENDMENT_PROPOSED">): EventLine {
  return line(tone, `An amendment of the ${wordsOf(scope)} ${what} (${wordsOf(faultAttribution)}): ${divergenceReason}`);
}

function artifactLine({ artifactId, artifactType, metadata }: EventPayload<"ARTIFACT_WRITTEN">): EventLine {
  const title = metadata?.["title"];
  const type = artifactType ?? "An artifact";
  // The id says nothing to a person where there is a title; it is in the details.
  return line("idle", typeof title === "string" ? `${type} was written: ${title}` : `${type} was written as ${artifactId}.`);
}

function passLine({ pass, artifactType, modelCalls, durationMs, repaired }: EventPayload<"PASS_COMPLETED">): EventLine {
  const how = `${durationText(durationMs)}, ${countText(modelCalls, "model call")}${repaired ? ", repaired" : ""}`;
  return line("busy", `Pass ${pass} made ${withArticle(artifactType)} in ${how}.`);
}

const withArticle = (noun: string): string => `${/^[aeiou]/i.test(noun) ? "an" : "a"} ${noun}`;

/** A call ends with the provider's reason to stop, or with the code of its error. */
const CALL_FAILED = /^(?:error|[A-Z][A-Z_]+)$/;

function modelLine(
  { provider, modelId, purpose, beadId, inputTokens, outputTokens, costUsd, durationMs, outcome }: EventPayload<"MODEL_CALLED">,
  beadName: BeadName,
): EventLine {
  const tokens = inputTokens === undefined && outputTokens === undefined ? "tokens unknown" : `${shown(inputTokens)} tokens in, ${shown(outputTokens)} out`;
  const price = costUsd === undefined ? "price unknown" : moneyText(costUsd);
  const whom = beadId === undefined ? "" : ` for ${quoted(beadName(beadId))}`;
  return line(
    CALL_FAILED.test(outcome) ? "bad" : "idle",
    `${purpose} called ${provider}:${modelId}${whom}: ${outcome}, ${tokens}, ${durationText(durationMs)}, ${price}.`,
  );
}

const shown = (tokens: number | undefined): string => (tokens === undefined ? "–" : tokens.toLocaleString());
