/**
 * Content of the eight bead types. What governs (policy, trust, consent, amendment) is strict: a misspelt expiry must not
 * be read as none. Records of what happened may carry further fields.
 *
 * @see `domain.md` 4
 */
import { AUTONOMY, FactoryError, idSchema } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { z } from "zod";

/** A bead's type. */
export type BeadType = KnowingStateBead["type"];

const text = z.string().min(1);
const moment = z.iso.datetime({ offset: true });
const beadId = idSchema("KSB");
const open = z.record(z.string(), z.json());

/** What an agent in a scope may do, from a moment on. */
export const policyContent = z.strictObject({
  /** `org`, or `role:<role>`, which wins over it. */
  scope: text,
  rules: open,
  autonomy: z.enum(AUTONOMY),
  effective_at: moment,
  expires_at: moment.optional(),
});

/** How far a subject is trusted. */
export const trustContent = z.strictObject({
  subject_id: text,
  subject_type: text,
  status: z.enum(["PENDING", "APPROVED", "SUSPENDED", "REVOKED"]),
  trust_score: z.number().min(0).max(1),
  rationale: z.string(),
  evidence_refs: z.array(z.string()),
  expiry: moment.optional(),
});

/** That an agent set out to do something, under which policy and trust. The nonce tells two executions apart; a retry keeps it. */
export const executionContent = z.looseObject({
  subject_id: text,
  action: text,
  autonomy_level: z.enum(AUTONOMY),
  trust_bead_id: beadId,
  policy_bead_id: beadId,
  rationale: z.string(),
  nonce: text,
  artifact_graph_execution_id: text.optional(),
});

/** How an execution ended. */
export const outcomeContent = z.looseObject({
  execution_bead_id: beadId,
  status: z.enum(["SUCCESS", "PARTIAL", "FAILURE", "DISPUTED"]),
  summary: z.string(),
  metrics: open.optional(),
  triggers_amendment: z.boolean(),
  artifact_graph_divergence_id: text.optional(),
});

/** A proposed change and what became of it. */
export const amendmentContent = z.strictObject({
  target_id: text,
  target_type: z.enum(["policy", "trust", "specification"]),
  proposed_change: open,
  rationale: z.string(),
  /** The outcome or divergence that asked for it, or `human`. */
  triggered_by: text,
  status: z.enum(["PROPOSED", "ADOPTED", "REJECTED", "SUPERSEDED"]),
  reviewed_by: text.optional(),
  reviewed_at: moment.optional(),
  if_adopted_produces: text.optional(),
  artifact_graph_amendment_id: text.optional(),
});

/** What a role may use. */
export const consentContent = z.strictObject({
  role_id: text,
  /** Tool names and actions. */
  grants: z.array(text),
  status: z.enum(["ACTIVE", "REVOKED"]),
  granted_by: text,
  granted_at: moment,
  expires_at: moment.optional(),
  /** The grant that a revocation ends; the same as `supersedes`. */
  revokes: beadId.optional(),
});

/** That a person or an authority has to look. It is open until a bead that supersedes it says when it was resolved. */
export const escalationContent = z
  .looseObject({
    trigger_bead_id: beadId,
    reason: text,
    escalated_to: text,
    resolved_at: moment.optional(),
    resolution: z.string().optional(),
    resolution_bead_id: beadId.optional(),
  })
  .refine(({ resolved_at, resolution, resolution_bead_id }) => resolved_at !== undefined || (resolution === undefined && resolution_bead_id === undefined), {
    path: ["resolved_at"],
    error: "is when the resolution was given",
  });

/** Who wrote a bead; the store adds one to every write. When is the audit bead's `writtenAt`, which is not hashed. */
export const auditContent = z.strictObject({
  audited_bead_id: beadId,
  audited_type: text,
  action: z.enum(["CREATE", "SUPERSEDE", "ESCALATE", "CONSENT_GRANT", "CONSENT_REVOKE"]),
  actor_id: text,
  session_id: text,
});

/** Schema of each type's content. */
export const BEAD_CONTENT = {
  policy: policyContent,
  trust: trustContent,
  execution: executionContent,
  outcome: outcomeContent,
  amendment: amendmentContent,
  consent: consentContent,
  escalation: escalationContent,
  audit: auditContent,
} as const satisfies Record<BeadType, z.ZodType>;

/** The parsed content of a type. */
export type BeadContent<T extends BeadType> = z.infer<(typeof BEAD_CONTENT)[T]>;

/** A bead's type with its parsed content, for a `switch` over the type. */
export type TypedContent = { [T in BeadType]: { readonly type: T; readonly content: BeadContent<T> } }[BeadType];

/**
 * Content checked by its type.
 *
 * @throws FactoryError INVALID_ARGUMENT with each issue
 */
export function typedContent(type: BeadType, content: unknown): TypedContent {
  if (!Object.hasOwn(BEAD_CONTENT, type)) throw new FactoryError("INVALID_ARGUMENT", `"${type}" is no type of a bead.`);
  const parsed = BEAD_CONTENT[type].safeParse(content);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join("."), message }));
    throw new FactoryError("INVALID_ARGUMENT", `The content of the ${type} bead: ${issues[0]?.path ?? ""} ${issues[0]?.message ?? ""}.`, { issues });
  }
  // The cast rejoins type and content: the schema was chosen by the type.
  return { type, content: parsed.data } as TypedContent;
}

/** What a bead is about: beads of one type and subject form one line of succession. */
export function subjectOf({ type, content }: TypedContent): string {
  switch (type) {
    case "policy":
      return content.scope;
    case "trust":
      return content.subject_id;
    case "consent":
      return content.role_id;
    case "execution":
      return content.subject_id;
    case "outcome":
      return content.execution_bead_id;
    case "amendment":
      return `${content.target_type}:${content.target_id}`;
    case "escalation":
      return content.trigger_bead_id;
    case "audit":
      return content.audited_bead_id;
    default:
      throw new TypeError(`No subject for ${JSON.stringify(type satisfies never)}.`);
  }
}

/** Beads that the content names, with the type each has to have; null for any. */
export function referencesOf({ type, content }: TypedContent): readonly { readonly id: string; readonly type: BeadType | null }[] {
  switch (type) {
    case "execution":
      return [
        { id: content.policy_bead_id, type: "policy" },
        { id: content.trust_bead_id, type: "trust" },
      ];
    case "outcome":
      return [{ id: content.execution_bead_id, type: "execution" }];
    case "amendment":
      return content.target_type === "specification" ? [] : [{ id: content.target_id, type: content.target_type }];
    case "escalation":
      return [content.trigger_bead_id, ...(content.resolution_bead_id === undefined ? [] : [content.resolution_bead_id])].map((id) => ({ id, type: null }));
    case "policy":
    case "trust":
    case "consent":
    case "audit":
      return [];
    default:
      throw new TypeError(`No references for ${JSON.stringify(type satisfies never)}.`);
  }
}
