/** Escalations, registries and comments for tests. */
import { sessionIdOf, ulidId } from "@factory/schemas";
import type { EscalationBinding, LinearComment } from "@factory/schemas/rpc";
import { AUTHORITY_SCHEMA_VERSION } from "../authority/authority-registry.ts";
import type { AuthorityPerson, AuthorityRegistry } from "../authority/authority-registry.ts";
import type { Approver } from "../dispositions/proposal.ts";

/** The lines that every block but a rejection has. */
export const WHY_LINES: readonly string[] = ["rationale: The holdout is wrong.", "considered: go on; end it", "rejected: end it - the work is nearly done"];

/** A block as a person writes it. */
export function aBlock(verb: string, ...fields: readonly string[]): string {
  return [`DISPOSITION: ${verb}`, ...fields, ...(verb === "reject" ? [] : WHY_LINES)].join("\n");
}

/** The override that several tests vote on. */
export const SUSPEND = aBlock("override", "directive: force-suspend", "target: shop", "note: it leaks");

/** An escalation on a divergence of a session of its own. */
export function aBinding(changes: Partial<EscalationBinding> = {}): EscalationBinding {
  return {
    org: "acme",
    escalationId: ulidId("ESC"),
    sessionId: sessionIdOf("acme", "WO-1", changes.issueId ?? "issue-1"),
    assembly: "shop",
    reviewId: ulidId("REV"),
    matter: "divergence",
    action: "Run it again",
    actionDigest: "a".repeat(64),
    issueId: "issue-1",
    ...changes,
  };
}

/** A person's part in a decision. */
export function anApprover(name: string): Approver {
  return { member: name, linearUserId: `user-${name}`, name, commentId: `comment-${name}`, commentedAt: "2026-08-04T09:00:00.000Z" };
}

/** A person who may everything, unless `scopes` says otherwise; `user-<name>` in Linear. */
export function aPerson(name: string, changes: Partial<AuthorityPerson> = {}): AuthorityPerson {
  return {
    linearUserId: `user-${name}`,
    name,
    member: name,
    scopes: ["signal:commission", "signal:resume", "signal:patch", "signal:pipeline-config", "signal:override"],
    addedAt: "2026-08-04T09:00:00Z",
    addedBy: "root",
    ...changes,
  };
}

/** A registry of the organisation acme, shown in the team `team-acme`, and of another one. */
export function aRegistry(people: readonly AuthorityPerson[] = [aPerson("ada"), aPerson("grace"), aPerson("joan")]): AuthorityRegistry {
  return {
    schemaVersion: AUTHORITY_SCHEMA_VERSION,
    version: 1,
    orgs: [
      { org: "acme", team: { id: "team-acme", key: "FAC" }, people: [...people] },
      { org: "other", team: { id: "team-other", key: "OTH" }, people: [aPerson("mallory")] },
    ],
    approvals: { override: 2 },
  };
}

let comments = 0;

/** A comment of a person on the escalation's issue, each with ids of its own. */
export function aComment(author: string, body: string, changes: Partial<LinearComment> = {}): LinearComment {
  comments += 1;
  return {
    deliveryId: `delivery-${comments}`,
    commentId: `comment-${comments}`,
    issueId: "issue-1",
    authorId: `user-${author}`,
    authorName: author,
    body,
    createdAt: "2026-08-04T09:00:00.000Z",
    editedAt: null,
    ...changes,
  };
}
