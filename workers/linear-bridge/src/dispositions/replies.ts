/**
 * What the bridge says on an escalation's issue. Lines are plain text, which the writer of the organisation's issues escapes; none
 * contains the word that begins a disposition, whatever it repeats, so no reply is ever read as one.
 */
import { oneLine } from "@factory/governance/untrusted-text";
import type { DispositionVerb } from "@factory/schemas";
import type { AuthorityDenial } from "../authority/authority-registry.ts";

/** Longest line, in code points. */
const MAX_LINE = 1_000;

/** Lines that are safe to post: one line each, without the trigger. */
export function reply(...lines: readonly string[]): string[] {
  return lines.map((line) => oneLine(line, MAX_LINE).replaceAll(/(disposition)\s*:/gi, "$1 –"));
}

const HOW = "The description of this issue shows how to answer. Nothing was changed.";

/** A block that is not complete. */
export function faultsReply(faults: readonly string[]): string[] {
  return reply("This was not taken:", ...faults, HOW);
}

/** A person who is not registered; said once to each on an issue. */
export function unknownAuthorReply(denial: AuthorityDenial): string[] {
  return reply(
    {
      NO_REGISTRY: "Thank you. Nobody can decide here at the moment: no registry of who may is published, or it cannot be read.",
      UNKNOWN_ORG: "Thank you. Nobody can decide here at the moment: this organisation is not in the registry of who may.",
      OTHER_ORG: "Thank you. You are registered for another organisation and cannot decide for this one.",
      UNREGISTERED: "Thank you. Only registered people decide here, and you are not among them.",
    }[denial],
    "An admin of the factory can add you. Nothing was changed, and further comments of yours are not answered.",
  );
}

/** A registered person without the scope of the verb. */
export function scopeReply(verb: DispositionVerb, allowed: readonly DispositionVerb[]): string[] {
  return reply(
    `This was not taken: you may not use ${verb}. ${allowed.length === 0 ? "Nothing is allowed to you here." : `You may use ${allowed.join(", ")}.`}`,
  );
}

/** A disposition that the review does not take. */
export function misfitReply(fault: string): string[] {
  return reply(`This was not taken: ${fault}`, HOW);
}

/** What comes after the decision. */
export function decidedReply(decidedBy: string): string[] {
  return reply(`This was not taken: it is decided already, by ${decidedBy}.`);
}

/** What comes while another answer is on its way. */
export function underWayReply(names: string): string[] {
  return reply(`This was not taken: an answer by ${names} is on its way. If the review is still open after its result, write yours again.`);
}

/** An edit of a comment. */
export function editedReply(): string[] {
  return reply("A comment that is edited counts for nothing: what was decided before stays, and what was changed is not read. Write a new comment instead.");
}

/** The first of several votes. */
export function waitingReply(vote: { readonly name: string; readonly approvals: number; readonly needed: number; readonly expiresAt: string }): string[] {
  return reply(
    `Recorded: ${vote.name} proposes an override. ${vote.approvals} of ${vote.needed} people have agreed.`,
    `Another registered person has to post the very same block, every field included, before ${vote.expiresAt}. Then it is carried out; otherwise it lapses.`,
  );
}

/** The same person a second time. */
export function repeatedReply(expiresAt: string): string[] {
  return reply(`This was not counted again: an override needs different people, and yours is recorded already. It lapses at ${expiresAt}.`);
}

/** Another proposal while one waits. */
export function otherProposalReply(expiresAt: string): string[] {
  return reply(
    "This was not taken: another override is waiting on this issue, and this block is not the same in every field. That one stands as it was.",
    `Post the very same block to agree with it, or wait until it lapses at ${expiresAt}.`,
  );
}

/** A proposal that ran out. */
export function expiredReply(names: readonly string[], expiresAt: string): string[] {
  return reply(`The override that ${names.join(" and ")} proposed lapsed at ${expiresAt}: nobody else agreed in time. Nothing was changed.`);
}

/** A proposal that a decision elsewhere made void. */
export function voidReply(names: readonly string[], decision: string, decidedBy: string): string[] {
  return reply(`The review was decided elsewhere: ${decision} by ${decidedBy}. The override that ${names.join(" and ")} proposed is void.`);
}

/** The result of a decision. */
export type Result = {
  readonly verb: DispositionVerb;
  readonly names: readonly string[];
  readonly dispositionEventId: string;
  readonly reasonId: string | null;
  readonly detail: string;
  /** Whether the review waits for further people. */
  readonly reviewOpen: boolean;
};

/** What a decision that was carried out says, once. */
export function doneReply({ verb, names, dispositionEventId, reasonId, detail, reviewOpen }: Result): string[] {
  const record = `Record: ${dispositionEventId}${reasonId === null ? "" : `, ${reasonId}`}.`;
  return reply(
    `Done: ${verb}, decided by ${names.join(" and ")}.${detail === "" ? "" : ` ${detail}`}`,
    ...(reviewOpen ? ["The review is still open: it asks for further people."] : []),
    record,
  );
}

/** What a decision that was not carried out says, once. */
export function failedReply({ verb, names, dispositionEventId, detail }: Result): string[] {
  return reply(
    `This was not carried out: ${verb}, decided by ${names.join(" and ")}.`,
    detail,
    `Record: ${dispositionEventId}. As long as the review is open it can be answered anew.`,
  );
}
