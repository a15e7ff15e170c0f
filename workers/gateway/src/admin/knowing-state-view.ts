/** What governs a role, in words for people: why each part gives what it gives, and who said so when. Pure. */
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { amendmentContent, consentContent, policyContent, trustContent } from "@factory/bead-graph";
import { leastAutonomy } from "@factory/schemas";
import type { GetKnowingStateResponseSchema, GovernanceEntrySchema, GoverningPartSchema, OpenAmendmentSchema } from "@factory/schemas/proto";
import type { GoverningPart, KnowingStateBead, KnowingStateSnapshot } from "@factory/schemas/rpc";

/** What was read of an org's bead graph for one role and subject; lines are newest first. */
export type GovernanceRead = {
  readonly snapshot: KnowingStateSnapshot;
  readonly lines: { readonly rolePolicy: Line; readonly orgPolicy: Line; readonly trust: Line; readonly consent: Line };
  readonly openAmendments: readonly KnowingStateBead[];
};
type Line = readonly KnowingStateBead[];

/** Everything the API answers about a role's knowing-state. */
export function knowingStateView({ snapshot, lines, openAmendments }: GovernanceRead, nowMs: number): MessageInitShape<typeof GetKnowingStateResponseSchema> {
  const { role, subjectId, policy, trust, consent, headsDigest } = snapshot;
  const history = [...lines.rolePolicy, ...lines.orgPolicy, ...lines.trust, ...lines.consent].sort((a, b) => b.writtenAt - a.writtenAt);
  return {
    role,
    subjectId,
    autonomy: leastAutonomy([policy.autonomy, trust.autonomy, consent.autonomy]),
    policy: partOf(policy, policyReason(snapshot, lines.rolePolicy[0] ?? lines.orgPolicy[0], nowMs)),
    trust: partOf(trust, trustReason(snapshot, lines.trust[0], nowMs)),
    consent: partOf(consent, consentReason(snapshot, lines.consent[0], nowMs)),
    policyScope: policy.scope ?? "",
    // The cast holds: the schema of a policy's rules is JSON.
    rules: policy.rules as JsonObject,
    ...(trust.score === null ? {} : { trustScore: trust.score }),
    grants: [...consent.grants],
    headsDigest,
    openAmendments: openAmendments.map(amendmentView),
    history: history.map(entryOf),
  };
}

function partOf({ beadId, standing, autonomy }: GoverningPart, reason: string): MessageInitShape<typeof GoverningPartSchema> {
  return { beadId: beadId ?? "", standing, autonomy, reason };
}

function policyReason({ role, policy }: KnowingStateSnapshot, last: KnowingStateBead | undefined, nowMs: number): string {
  switch (policy.standing) {
    case "active":
      return policy.scope === "org"
        ? `The organisation's policy allows ${policy.autonomy}; the role has none in force.`
        : `The policy of ${policy.scope ?? role} allows ${policy.autonomy}.`;
    case "missing":
      return `No policy was ever written for role:${role} or the organisation.`;
    case "inactive":
      return `The last policy is not in force: ${termReason(last, nowMs)}.`;
    case "unreadable":
      return "The policy cannot be read, so nothing is allowed.";
    default:
      return policy.standing satisfies never;
  }
}

function trustReason({ subjectId, trust }: KnowingStateSnapshot, last: KnowingStateBead | undefined, nowMs: number): string {
  switch (trust.standing) {
    case "active":
      return `The score ${trust.score ?? 0} gives ${trust.autonomy}.`;
    case "missing":
      return `Nobody ever said how far ${subjectId} is trusted.`;
    case "inactive":
      return `The last trust is not in force: ${termReason(last, nowMs)}.`;
    case "unreadable":
      return "The trust cannot be read, so there is none.";
    default:
      return trust.standing satisfies never;
  }
}

function consentReason({ role, consent }: KnowingStateSnapshot, last: KnowingStateBead | undefined, nowMs: number): string {
  switch (consent.standing) {
    case "active":
      return `${consent.grants.length} tools and actions are consented to.`;
    case "missing":
      return `No consent was ever given to ${role}.`;
    case "inactive":
      return `The last consent is not in force: ${termReason(last, nowMs)}.`;
    case "unreadable":
      return "The consent cannot be read, so there is none.";
    default:
      return consent.standing satisfies never;
  }
}

/** Why a bead that governs is not in force. */
function termReason(bead: KnowingStateBead | undefined, nowMs: number): string {
  const content = bead?.content ?? {};
  const text = (key: string): string | undefined => (typeof content[key] === "string" ? content[key] : undefined);
  const status = text("status");
  if (status !== undefined && status !== "APPROVED" && status !== "ACTIVE") return [`it is ${status}`, text("rationale")].filter(Boolean).join(": ");
  const from = text("effective_at");
  if (from !== undefined && Date.parse(from) > nowMs) return `it takes effect at ${from}`;
  const until = text("expires_at") ?? text("expiry");
  return until !== undefined && Date.parse(until) <= nowMs ? `it expired at ${until}` : "its content does not allow it";
}

function amendmentView(bead: KnowingStateBead): MessageInitShape<typeof OpenAmendmentSchema> {
  const shown = { beadId: bead.id, proposedAt: timestampFromMs(bead.writtenAt) };
  const parsed = amendmentContent.safeParse(bead.content);
  if (!parsed.success) return shown;
  const { target_type: targetType, target_id: targetId, rationale, artifact_graph_amendment_id: amendmentId = "" } = parsed.data;
  return { ...shown, targetType, targetId, rationale, amendmentId };
}

function entryOf(bead: KnowingStateBead): MessageInitShape<typeof GovernanceEntrySchema> {
  const { subject, summary } = entryText(bead);
  return { beadId: bead.id, type: bead.type, subject, summary, writtenBy: bead.writtenBy, writtenAt: timestampFromMs(bead.writtenAt) };
}

function entryText({ type, content }: KnowingStateBead): { readonly subject: string; readonly summary: string } {
  const policy = type === "policy" ? policyContent.safeParse(content) : undefined;
  if (policy?.success === true) {
    const { scope, autonomy, rules, effective_at: from, expires_at: until } = policy.data;
    const count = (rule: string, word: string): string[] => (Array.isArray(rules[rule]) ? [`${rules[rule].length} ${word}`] : []);
    return {
      subject: scope,
      summary: [autonomy, ...count("tools", "tools"), ...count("guidance", "sentences of guidance"), `from ${from}`, ...untilText(until)].join(", "),
    };
  }
  const trust = type === "trust" ? trustContent.safeParse(content) : undefined;
  if (trust?.success === true) {
    const { subject_id: subject, status, trust_score: score, rationale, expiry } = trust.data;
    return { subject, summary: `${[`${status} ${score}`, ...untilText(expiry)].join(", ")}: ${rationale}` };
  }
  const consent = type === "consent" ? consentContent.safeParse(content) : undefined;
  if (consent?.success === true) {
    const { role_id: subject, status, grants, expires_at: until } = consent.data;
    return { subject, summary: [`${status}: ${grants.join(", ") || "no tools"}`, ...untilText(until)].join(", ") };
  }
  return { subject: "", summary: "The content cannot be read." };
}

function untilText(until: string | undefined): string[] {
  return until === undefined ? [] : [`until ${until}`];
}
