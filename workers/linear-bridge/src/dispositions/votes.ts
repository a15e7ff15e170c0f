/**
 * Votes on an override: different people on one digest within an hour. At most one proposal waits on an escalation; another wording
 * is another proposal and leaves it as it is. All of it happens in the caller's transaction, so of votes at the same moment one is
 * the first.
 */
import type { EscalationBinding } from "@factory/schemas/rpc";
import { mayUse, personOf } from "../authority/authority-registry.ts";
import type { AuthorityRegistry } from "../authority/authority-registry.ts";
import type { DispositionDeps } from "./disposition.ts";
import type { Proposal } from "./disposition-store.ts";
import { sayEffect } from "./effects.ts";
import type { ParsedDisposition } from "./grammar.ts";
import { proposalDigest } from "./proposal.ts";
import type { Approver } from "./proposal.ts";
import { expiredReply, voidReply } from "./replies.ts";

/** How long a proposal waits for the others, in milliseconds. */
export const OVERRIDE_TTL_MS = 60 * 60_000;
/** Timer that ends a proposal. */
export const EXPIRY_TIMER = "expiry";

/** What became of a vote. `expiresAt` is RFC 3339 UTC. */
export type Vote =
  | { readonly kind: "agreed"; readonly approvers: readonly [Approver, ...Approver[]] }
  | { readonly kind: "waiting"; readonly approvals: number; readonly needed: number; readonly expiresAt: string }
  | { readonly kind: "repeated" | "other"; readonly expiresAt: string };

/** Counts votes. */
export class Votes {
  readonly #deps: Pick<DispositionDeps, "store" | "outbox" | "now">;

  constructor(deps: Pick<DispositionDeps, "store" | "outbox" | "now">) {
    this.#deps = deps;
  }

  /** Takes the vote of a person who may. */
  vote(binding: EscalationBinding, disposition: ParsedDisposition, approver: Approver, registry: AuthorityRegistry): Vote {
    const { store, now } = this.#deps;
    this.expire(binding);
    const digest = proposalDigest(disposition, binding);
    if (store.openProposal() === null) store.propose(digest, disposition, now() + OVERRIDE_TTL_MS);
    const proposal = store.openProposal();
    if (proposal === null) throw new Error("A proposal that was just made is not there.");
    const expiresAt = new Date(proposal.expiresAt).toISOString();
    if (proposal.digest !== digest) return { kind: "other", expiresAt };
    const standing = this.#standing(binding, proposal, registry);
    if (standing.some(({ member }) => member === approver.member)) return { kind: "repeated", expiresAt };
    store.vote(proposal.proposalId, approver);
    const needed = registry.approvals.override;
    const [first = approver, ...others] = [...standing, approver].toSorted((a, b) => (a.member < b.member ? -1 : 1));
    if (others.length + 1 < needed) return { kind: "waiting", approvals: others.length + 1, needed, expiresAt };
    store.endProposal(proposal.proposalId, "agreed");
    return { kind: "agreed", approvers: [first, ...others] };
  }

  /** Ends a proposal whose time is up, and tells so. */
  expire(binding: EscalationBinding): void {
    const { store, outbox, now } = this.#deps;
    const proposal = store.openProposal();
    if (proposal === null || proposal.expiresAt > now()) return;
    store.endProposal(proposal.proposalId, "expired");
    outbox.enqueue(sayEffect(binding, `expired:${proposal.proposalId}`, expiredReply(namesOf(proposal), new Date(proposal.expiresAt).toISOString())));
  }

  /** Ends a proposal because the review was decided, and tells so. */
  voidOpen(binding: EscalationBinding, decision: string, decidedBy: string): void {
    const { store, outbox } = this.#deps;
    this.expire(binding);
    const proposal = store.openProposal();
    if (proposal === null) return;
    store.endProposal(proposal.proposalId, "void");
    outbox.enqueue(sayEffect(binding, `void:${proposal.proposalId}`, voidReply(namesOf(proposal), decision, decidedBy)));
  }

  /** The votes that still count: who has lost the right since has no part in the decision. */
  #standing({ org }: EscalationBinding, { proposalId, votes }: Proposal, registry: AuthorityRegistry): Approver[] {
    return votes.filter(({ linearUserId, member }) => {
      const found = personOf(registry, org, linearUserId);
      const stands = found.ok && found.person.member === member && mayUse(found.person, "override");
      if (!stands) this.#deps.store.dropVote(proposalId, member);
      return stands;
    });
  }
}

function namesOf({ votes }: Proposal): string[] {
  return votes.map(({ name }) => name);
}
