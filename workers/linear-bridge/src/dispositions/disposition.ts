/**
 * The decisions on one escalation: what a comment means, whether its author may, whether others have to agree, and what becomes of
 * it. A comment is taken once, with everything that follows from it in the same transaction.
 */
import { digestOf, refuse } from "@factory/schemas";
import type { ErrorCode, Result } from "@factory/schemas";
import type { Outbox, Scheduler, StoragePort } from "@factory/durable";
import type { CommentOutcome, EscalationBinding, LinearComment } from "@factory/schemas/rpc";
import { mayUse, personOf, verbsOf } from "../authority/authority-registry.ts";
import type { AuthorityPerson, AuthorityRegistry } from "../authority/authority-registry.ts";
import { decisionEffects, sayEffect } from "./effects.ts";
import type { EffectPayload } from "./effects.ts";
import { parseDisposition } from "./grammar.ts";
import type { ParsedComment, ParsedDisposition } from "./grammar.ts";
import { misfit } from "./matters.ts";
import { decidesReview } from "./proposal.ts";
import type { Approver, Decision } from "./proposal.ts";
import { dispositionEvent } from "./records.ts";
import * as replies from "./replies.ts";
import type { DispositionStore, StoredDecision } from "./disposition-store.ts";
import { Votes } from "./votes.ts";

/** Timer that asks the desk how a signal ended. */
export const OUTCOME_TIMER = "outcome";
/** First wait before the desk is asked, in milliseconds; doubled up to {@link LONGEST_OUTCOME_WAIT_MS}. */
const OUTCOME_WAIT_MS = 500;
const LONGEST_OUTCOME_WAIT_MS = 60_000;

/** What the decisions on an escalation need. */
export interface DispositionDeps {
  readonly storage: StoragePort;
  readonly store: DispositionStore;
  readonly outbox: Pick<Outbox, "enqueue">;
  readonly scheduler: Pick<Scheduler, "schedule">;
  /** Null: nobody may. @throws FactoryError UNAVAILABLE when it is not known. */
  readonly authority: () => Promise<AuthorityRegistry | null>;
  /** Whether the object is the one of the escalation. */
  readonly isFor: (binding: EscalationBinding) => boolean;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

const ignored = (reason: string): CommentOutcome => ({ outcome: "ignored", reason });

/** Decides what comments come to. */
export class DispositionDesk {
  readonly #deps: DispositionDeps;
  readonly #votes: Votes;

  constructor(deps: DispositionDeps) {
    this.#deps = deps;
    this.#votes = new Votes(deps);
  }

  /** Binds the object. INTEGRITY for another object's escalation, and for another binding than the first. */
  bind(binding: EscalationBinding): Result {
    const { storage, store, isFor } = this.#deps;
    if (!isFor(binding)) return refuse("INTEGRITY", `${binding.escalationId} of ${binding.org} is another object's.`);
    return storage.transactionSync(() => {
      const known = store.binding();
      if (known === null) store.bind(binding);
      else if (digestOf(known) !== digestOf(binding)) return refuse("INTEGRITY", `${binding.escalationId} is bound to something else.`);
      return { ok: true };
    });
  }

  /** Takes a comment. FAILED_PRECONDITION before {@link DispositionDesk.bind}. @throws FactoryError UNAVAILABLE when who may is not known. */
  async comment(comment: LinearComment): Promise<Result<{ taken: CommentOutcome }>> {
    const { storage, store, now } = this.#deps;
    const binding = store.binding();
    if (binding === null) return refuse("FAILED_PRECONDITION", "The escalation is not bound yet.");
    if (comment.issueId !== binding.issueId) return { ok: true, taken: ignored("The comment is on another issue.") };
    const parsed = parseDisposition(comment.body);
    if (parsed.kind === "none") return { ok: true, taken: ignored("The comment holds no disposition.") };
    const known = store.outcomeOf(comment);
    if (known !== null) return { ok: true, taken: known };
    const registry = await this.#deps.authority();
    return storage.transactionSync(() => {
      // Another delivery may have been taken while the registry was read.
      const taken = store.outcomeOf(comment) ?? this.#take(binding, comment, parsed, registry);
      if (store.outcomeOf(comment) === null) store.keepOutcome(comment, taken, now());
      return { ok: true, taken };
    });
  }

  /** The review was decided; what waits for further people is void. The same review again changes nothing. */
  close(reviewId: string, decision: string, decidedBy: string): Result<{ decidedHere: boolean }> {
    const { storage, store, now } = this.#deps;
    return storage.transactionSync(() => {
      const binding = store.binding();
      if (binding !== null && binding.reviewId !== reviewId) return refuse("NOT_FOUND", `${reviewId} is not the review of this escalation.`);
      const decidedHere = store.answer()?.decision.approvers.some(({ member }) => member === decidedBy) === true;
      if (store.closing(reviewId) !== null) return { ok: true, decidedHere };
      store.close(reviewId, { decision, decidedBy }, now());
      if (binding !== null) this.#votes.voidOpen(binding, decision, decidedBy);
      return { ok: true, decidedHere };
    });
  }

  /** Ends proposals whose time is up, and tells so. */
  expire(): void {
    this.#deps.storage.transactionSync(() => {
      const binding = this.#deps.store.binding();
      if (binding !== null) this.#votes.expire(binding);
    });
  }

  /** When the proposal that waits lapses, in epoch milliseconds; null when none does. */
  expiresAt(): number | null {
    return this.#deps.store.openProposal()?.expiresAt ?? null;
  }

  /**
   * The decision was carried out: told once.
   *
   * @param reviewOpen - whether the review waits for further people: then another answer may follow
   */
  done(dispositionEventId: string, detail: string, reviewOpen: boolean): void {
    this.#end(dispositionEventId, "done", detail, reviewOpen);
  }

  /** The decision was not carried out: told once, and another one may follow. */
  failed(dispositionEventId: string, detail: string): void {
    this.#end(dispositionEventId, "refused", detail, false);
  }

  /** The desk has taken the signal; it is asked for the end. */
  async awaitOutcome(dispositionEventId: string): Promise<void> {
    const { store } = this.#deps;
    if (store.decision(dispositionEventId)?.phase === "delivering") store.move(dispositionEventId, "awaiting");
    await this.askAgain(0);
  }

  /** Sets the timer that asks for the end of what the desk has taken. @param asked - how often it was asked in vain */
  askAgain(asked: number): Promise<void> {
    const { scheduler, now } = this.#deps;
    const wait = Math.min(LONGEST_OUTCOME_WAIT_MS, OUTCOME_WAIT_MS * 2 ** Math.min(asked, 10));
    return scheduler.schedule(OUTCOME_TIMER, now() + wait, { asked });
  }

  /** A delivery that is no longer tried: its decision is over. */
  parked(payload: EffectPayload, reason: string): void {
    if (payload.kind !== "say") this.failed(payload.dispositionEventId, reason);
  }

  #take(
    binding: EscalationBinding,
    comment: LinearComment,
    parsed: Exclude<ParsedComment, { kind: "none" }>,
    registry: AuthorityRegistry | null,
  ): CommentOutcome {
    const { store } = this.#deps;
    const found = personOf(registry, binding.org, comment.authorId);
    if (registry === null || !found.ok) {
      const denial = found.ok ? "NO_REGISTRY" : found.denial;
      if (!store.firstNotice(`unknown:${comment.authorId}`)) return ignored(`The author may not decide (${denial}) and was told so.`);
      return this.#refuse(binding, comment, "PERMISSION_DENIED", replies.unknownAuthorReply(denial));
    }
    if (comment.editedAt !== null) {
      if (store.firstNotice(`edited:${comment.commentId}`)) this.#say(binding, `edited:${comment.commentId}`, replies.editedReply());
      return ignored("An edited comment never acts.");
    }
    if (parsed.kind === "refused") return this.#refuse(binding, comment, "INVALID_ARGUMENT", replies.faultsReply(parsed.faults));
    const { disposition } = parsed;
    const { person } = found;
    if (!mayUse(person, disposition.verb)) return this.#refuse(binding, comment, "PERMISSION_DENIED", replies.scopeReply(disposition.verb, verbsOf(person)));
    const taken = this.#answered(binding, disposition);
    if (taken !== null) return this.#refuse(binding, comment, taken.code, taken.lines);
    const fault = misfit(disposition, binding.matter);
    if (fault !== null) return this.#refuse(binding, comment, "FAILED_PRECONDITION", replies.misfitReply(fault));
    const approver = approverOf(person, comment);
    if (disposition.verb !== "override") return this.#accept(binding, { disposition, approvers: [approver] });
    return this.#override(binding, comment, disposition, approver, registry);
  }

  #override(
    binding: EscalationBinding,
    comment: LinearComment,
    disposition: ParsedDisposition,
    approver: Approver,
    registry: AuthorityRegistry,
  ): CommentOutcome {
    const vote = this.#votes.vote(binding, disposition, approver, registry);
    switch (vote.kind) {
      case "agreed":
        return this.#accept(binding, { disposition, approvers: vote.approvers });
      case "waiting": {
        const { approvals, needed, expiresAt } = vote;
        this.#say(binding, `vote:${comment.commentId}`, replies.waitingReply({ name: approver.name, approvals, needed, expiresAt }));
        return { outcome: "waiting", approvals, needed, expiresAt };
      }
      case "repeated":
        return this.#refuse(binding, comment, "APPROVER_REPEATED", replies.repeatedReply(vote.expiresAt));
      case "other":
        return this.#refuse(binding, comment, "ACTION_DIGEST_MISMATCH", replies.otherProposalReply(vote.expiresAt));
      default: {
        const unknown: never = vote;
        return unknown;
      }
    }
  }

  /** What a further answer to the review is told; null while it is free. What does not answer the review may follow its end. */
  #answered({ reviewId }: EscalationBinding, disposition: ParsedDisposition): { readonly code: ErrorCode; readonly lines: readonly string[] } | null {
    const { store } = this.#deps;
    if (!decidesReview(disposition)) return null;
    const closing = store.closing(reviewId);
    const answer = store.answer();
    if (answer === null) return closing === null ? null : { code: "REVIEW_CLOSED", lines: replies.decidedReply(closing.decidedBy) };
    const names = namesOf(answer).join(" and ");
    if (answer.phase === "done" || closing !== null) return { code: "REVIEW_CLOSED", lines: replies.decidedReply(names) };
    return { code: "FAILED_PRECONDITION", lines: replies.underWayReply(names) };
  }

  #accept(binding: EscalationBinding, given: Omit<Decision, "decidedAt">): CommentOutcome {
    const { store, outbox, now } = this.#deps;
    const decision: Decision = { ...given, decidedAt: new Date(now()).toISOString() };
    const { verb } = decision.disposition;
    const { id } = dispositionEvent(decision, binding);
    store.addDecision(id, decision, decidesReview(decision.disposition));
    for (const effect of decisionEffects(binding, id, verb === "reject" ? "dispose" : "signal")) outbox.enqueue(effect);
    return { outcome: "taken", verb, dispositionEventId: id };
  }

  #refuse(binding: EscalationBinding, { commentId }: LinearComment, code: ErrorCode, lines: readonly string[]): CommentOutcome {
    this.#say(binding, `refused:${commentId}`, lines);
    return { outcome: "refused", code, message: lines.join(" ") };
  }

  #say(binding: EscalationBinding, about: string, lines: readonly string[]): void {
    this.#deps.outbox.enqueue(sayEffect(binding, about, lines));
  }

  #end(dispositionEventId: string, phase: "done" | "refused", detail: string, reviewOpen: boolean): void {
    const { storage, store } = this.#deps;
    storage.transactionSync(() => {
      const binding = store.binding();
      const stored = store.decision(dispositionEventId);
      if (binding === null || stored === null || stored.phase === "done" || stored.phase === "refused") return;
      store.move(dispositionEventId, phase, detail);
      if (reviewOpen) store.leaveOpen(dispositionEventId);
      const { verb } = stored.decision.disposition;
      const result = { verb, names: namesOf(stored), dispositionEventId, reasonId: stored.record?.reasonId ?? null, detail, reviewOpen };
      this.#say(binding, `result:${dispositionEventId}`, phase === "done" ? replies.doneReply(result) : replies.failedReply(result));
    });
  }
}

function namesOf({ decision }: Pick<StoredDecision, "decision">): string[] {
  return decision.approvers.map(({ name }) => name);
}

function approverOf({ member, linearUserId, name }: AuthorityPerson, { commentId, createdAt }: LinearComment): Approver {
  return { member, linearUserId, name, commentId, commentedAt: createdAt };
}
