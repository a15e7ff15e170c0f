/**
 * What stands in Linear. Whatever a model, an order or a person has written goes through the one choke point; the rest is said
 * here. A comment never holds the word that begins a disposition, not even in a quotation: only an escalation's description
 * prints the grammar, and descriptions are read by nobody but people.
 */
import { markdownBlock, markdownText, oneLine } from "@factory/governance/untrusted-text";
import { reviewEffect, REVIEW_DECISIONS } from "@factory/schemas";
import type { EventPayload } from "@factory/schemas";
import { z } from "zod";
import type { Trailer } from "./intents.ts";
import type { Escalation, FollowedBead, FollowedSession } from "./model.ts";

/** Longest title of an issue, in code points: Linear takes more, a board shows less. */
export const MAX_TITLE = 120;
/** Longest text of somebody else in one issue, in code points. */
const MAX_QUOTED = 6_000;

/** A title: one line of plain text. */
export function titleOf(kind: string, text: string): string {
  return oneLine(`${kind}: ${text}`, MAX_TITLE);
}

/** Where a person sees more; empty where no address is configured. */
export type Links = { readonly session: (sessionId: string) => string | null };

/** Links to the dashboard under the factory's public address. */
export function linksTo(factoryUrl: string): Links {
  const base = factoryUrl.replace(/\/+$/, "");
  return { session: (sessionId) => (/^https?:\/\//.test(base) ? `${base}/sessions/${encodeURIComponent(sessionId)}` : null) };
}

/** What is ours by its shape, an id or a digest, and is copied as it stands. */
const OWN_ID = /^(?:[A-Z]{2,8}-[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{64})$/;

/** Facts as a list, those that are not known left out. */
function facts(entries: readonly (readonly [name: string, value: string | null])[]): string {
  return entries
    .flatMap(([name, value]) =>
      value === null || value === "" ? [] : [`- ${markdownText(name)}: ${OWN_ID.test(value) ? `\`${value}\`` : markdownText(value)}`],
    )
    .join("\n");
}

function linkLine(links: Links, sessionId: string): string[] {
  const url = links.session(sessionId);
  return url === null ? [] : [`[Session in the dashboard](${url})`];
}

const paragraphs = (parts: readonly string[]): string => parts.filter((part) => part !== "").join("\n\n");

/** The issue of a session. */
export function sessionText(session: FollowedSession, submittedBy: string, links: Links): string {
  return paragraphs([
    "A work order that the factory works on. What is decided on it is asked for in issues under this one.",
    facts([
      ["Work order", session.workOrderId],
      ["Assembly", session.assembly],
      ["Session", session.sessionId],
      ["Submitted by", submittedBy],
    ]),
    ...linkLine(links, session.sessionId),
  ]);
}

/** What is read of a directive; a stored one may be of an earlier shape. */
export const shownDirective = z.object({
  instructions: z.string(),
  claimRefs: z.array(z.string()).default([]),
  dependsOn: z.array(z.object({ atomId: z.string() })).default([]),
  policyBeadId: z.string().nullish(),
});
export type ShownDirective = z.infer<typeof shownDirective>;

/** The issue of a bead. Without its directive it says what the events say. */
export function beadText(session: FollowedSession, bead: FollowedBead, directive: ShownDirective | null, links: Links): string {
  return paragraphs([
    facts([
      ["Bead", bead.beadId],
      ["Atom", bead.atomId],
      ["Team", bead.team],
      ["Role", bead.role],
      ["Claims", directive === null ? null : directive.claimRefs.join(", ")],
      ["Directive", bead.directiveId],
      ["Work graph", bead.workGraphId === "" ? null : `${bead.workGraphId}, version ${bead.version}`],
      ["Session", session.sessionId],
    ]),
    directive === null ? "Its instruction is not in the lineage." : `Instruction:\n\n${markdownBlock(directive.instructions, MAX_QUOTED)}`,
    ...linkLine(links, session.sessionId),
  ]);
}

/** The issue of a divergence. */
export function divergenceText(session: FollowedSession, divergence: EventPayload<"DIVERGENCE_DETECTED">, severity: string, links: Links): string {
  return paragraphs([
    facts([
      ["Divergence", divergence.divergenceId],
      ["Type", divergence.divergenceType],
      ["Severity", severity],
      ["Claims", divergence.claimRefs.join(", ")],
      ["Bead", divergence.beadId ?? null],
      ["Session", session.sessionId],
    ]),
    `Expected:\n\n${markdownBlock(divergence.expected, MAX_QUOTED)}`,
    `Observed:\n\n${markdownBlock(divergence.observed, MAX_QUOTED)}`,
    ...linkLine(links, session.sessionId),
  ]);
}

/** The issue in which a person is asked: what, on which facts, and how it is answered. */
export function escalationText(
  session: FollowedSession,
  escalation: Escalation,
  prompt: EventPayload<"REVIEW_REQUIRED">,
  grammar: string,
  links: Links,
): string {
  const stage = prompt.context?.["stage"];
  const effects = REVIEW_DECISIONS.flatMap((decision) => {
    const effect = reviewEffect(escalation.matter, typeof stage === "string" ? stage : "", decision);
    return effect === undefined ? [] : [`- ${decision}: ${markdownText(effect)}`];
  });
  return paragraphs([
    "The factory waits for a person.",
    `What is asked:\n\n${markdownBlock(prompt.promptText, MAX_QUOTED)}`,
    facts([
      ["Decision on", prompt.action],
      ["Digest of exactly that", prompt.actionDigest],
      ["Matter", escalation.matter],
      ["Work order", `${session.workOrderId} ${session.title}`],
      ["Assembly", escalation.assembly],
      ["Session", session.sessionId],
      ["Review", escalation.reviewId],
      ["Escalation", escalation.escalationId],
      ["Until", prompt.deadlineUnixSec === undefined ? null : new Date(prompt.deadlineUnixSec * 1_000).toISOString()],
      ...contextFacts(prompt),
    ]),
    effects.length === 0 ? "" : `What each answer does:\n\n${effects.join("\n")}`,
    `Answer with a comment on this issue:\n\n${grammar}`,
    ...linkLine(links, session.sessionId),
  ]);
}

/** Names of a prompt's context that the rest of the text says already. */
const SAID = new Set(["matter", "stage"]);

function contextFacts({ context }: EventPayload<"REVIEW_REQUIRED">): (readonly [string, string])[] {
  return Object.entries(context ?? {}).flatMap(([name, value]) => {
    if (SAID.has(name) || value === null) return [];
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    return [[oneLine(name, 60), oneLine(shown, 500)] as const];
  });
}

/** A comment on a decided escalation. */
export function decidedText(decision: string, decidedBy: string, note: string): string {
  return paragraphs([`Decided: **${markdownText(decision)}** by ${markdownText(decidedBy)}.`, note === "" ? "" : markdownBlock(note, MAX_QUOTED)]);
}

/** A comment on a vote that did not decide yet. */
export function voteText(vote: EventPayload<"REVIEW_VOTE_RECORDED">): string {
  const until = new Date(vote.expiresAtUnixSec * 1_000).toISOString();
  return `${markdownText(vote.approver)} says ${markdownText(vote.decision)}: ${vote.approvals} of ${vote.needed} people so far. A vote counts until ${until}.`;
}

/** A comment on a run that the dispatch gate holds. */
export function blockedText({ code, message, beads, ceiling }: EventPayload<"DISPATCH_BLOCKED">): string {
  return paragraphs([
    `Nothing is handed out: **${markdownText(code)}**.`,
    markdownText(message),
    `The run has ${beads} beads; its clearance covers ${ceiling === undefined ? "an unknown number" : String(ceiling)}.`,
  ]);
}

/** A comment on an amendment. */
export function amendmentText(amendment: EventPayload<"AMENDMENT_ADOPTED">): string {
  return paragraphs([
    `Amendment ${markdownText(amendment.amendmentId)}: **${amendment.amendmentState.toLowerCase()}**.`,
    facts([
      ["Because", amendment.divergenceReason],
      ["At fault", amendment.faultAttribution],
      ["Scope", amendment.scope],
      ["Hypothesis", amendment.hypothesisId],
      ["Specification now", amendment.specificationId ?? null],
      ["Beads", amendment.beadIds.join(", ")],
    ]),
  ]);
}

/** A comment on a failure. */
export function failureText(what: string, { code, message }: EventPayload<"COMPILATION_FAILED">): string {
  return paragraphs([`${what}: **${markdownText(code)}**.`, markdownBlock(message, MAX_QUOTED)]);
}

/** The last comment of a session. */
export function endText(terminal: EventPayload<"SESSION_COMPLETED">, leftOut: number): string {
  return paragraphs([
    `The session has ended: **${terminal.outcome.toLowerCase()}**.`,
    markdownText(terminal.reason),
    leftOut === 0 ? "" : `${leftOut} further beads have no issue here; the dashboard has all of them.`,
  ]);
}

/** Trailers as one block, in the form they have under a commit message. */
export function trailerBlock(trailers: readonly Trailer[]): string {
  return markdownBlock(trailers.map(([name, value]) => `Factory-${name}: ${oneLine(value, 200)}`).join("\n"), 20_000);
}
