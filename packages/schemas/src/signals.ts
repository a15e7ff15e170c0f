/**
 * We-layer signals: what people outside decide about work inside, as it arrives at `/signals` behind a disposition token, and
 * what the factory tells them. Every type here has a handler. Unknown fields are refused, so nothing is signed that is not read.
 *
 * @see `contracts.md` 4
 */
import { z } from "zod";
import { idSchema } from "./ids.ts";

const text = z.string().min(1).max(16_384);
const slug = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "must be a slug of lower-case letters, digits and dashes");
const digest = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 digest in hexadecimal");

/** What every signal in names: the decision it carries and the record that says why. Both ids are in its token too. */
const common = {
  dispositionEventId: idSchema("DSP"),
  elucidationArtifactId: idSchema("ELC"),
  issuedAt: z.iso.datetime({ offset: true }),
  assemblyId: slug,
};

/** The exact thing that is decided on: a review of a session, by the digest of the action it shows. */
const onReview = { sessionId: idSchema("SES"), reviewId: idSchema("REV"), actionDigest: digest };

const affectedAssemblyIds = z.array(slug).min(1).max(64);

/** Approves what waits for approval: the intent specification of a session is compiled, built and delivered. */
export const commissioningSignal = z.strictObject({ signalType: z.literal("CommissioningSignal"), ...common, ...onReview, note: text.optional() });
/** Lets a session go on that waits for a person; with a note the note is the answer. */
export const resumeSignal = z.strictObject({ signalType: z.literal("ResumeSignal"), ...common, ...onReview, note: text.optional() });
/** Authorises a change of the work itself: the note is the instruction that the next attempt carries. */
export const patchAuthSignal = z.strictObject({
  signalType: z.literal("PatchAuthSignal"),
  ...common,
  ...onReview,
  /** The artifact that is changed: a hypothesis, an amendment, a directive or the review itself. */
  patchId: z.string().min(1).max(128),
  affectedAssemblyIds,
  note: text,
});
/** Authorises a change of how a run may work: its budget or its ceiling. */
export const pipelineConfigAuthSignal = z.strictObject({
  signalType: z.literal("PipelineConfigAuthSignal"),
  ...common,
  ...onReview,
  /** The request that is granted. */
  configChangeId: z.string().min(1).max(128),
  affectedAssemblyIds,
  /** For a budget the new one, `50 USD`; else why. */
  note: text.optional(),
});
/** What two people may order together. */
export const OVERRIDE_DIRECTIVES = ["force-suspend", "force-resume", "emergency-patch"] as const;
export type OverrideDirective = (typeof OVERRIDE_DIRECTIVES)[number];
/**
 * Ordered by two people. `force-suspend` takes the clearance of every open run of the assembly, or of the organisation where none is
 * named, and refuses new work; `force-resume` gives it back; `emergency-patch` answers an open review with an instruction, whatever
 * number of approvals it asks for.
 */
export const overrideSignal = z.strictObject({
  signalType: z.literal("OverrideSignal"),
  ...common,
  directive: z.enum(OVERRIDE_DIRECTIVES),
  /** Absent: the whole organisation. */
  targetAssemblyId: slug.optional(),
  /** Only for `emergency-patch`. */
  review: z.strictObject(onReview).optional(),
  patchId: z.string().min(1).max(128).optional(),
  note: text,
  /** The two people, as the registry knows them. */
  approvers: z.array(z.string().min(1).max(128)).min(2).max(8),
});

/** Signals that come in. */
export const inboundSignal = z.discriminatedUnion("signalType", [commissioningSignal, resumeSignal, patchAuthSignal, pipelineConfigAuthSignal, overrideSignal]);
export type InboundSignal = z.infer<typeof inboundSignal>;
export type SignalType = InboundSignal["signalType"];

/** Scope of a disposition token that each signal type needs: `signal:<kind>`. */
export const SIGNAL_SCOPES = {
  CommissioningSignal: "signal:commission",
  ResumeSignal: "signal:resume",
  PatchAuthSignal: "signal:patch",
  PipelineConfigAuthSignal: "signal:pipeline-config",
  OverrideSignal: "signal:override",
} as const satisfies Record<SignalType, `signal:${string}`>;
export type SignalScope = (typeof SIGNAL_SCOPES)[SignalType];

/** Verbs of a disposition, as a person writes them. `reject` needs what `resume` needs. */
export const DISPOSITION_VERBS = ["resume", "commission", "patch", "pipeline-config", "override", "reject"] as const;
export type DispositionVerb = (typeof DISPOSITION_VERBS)[number];

/** Work that waits for a person, as it is told outside. */
export const escalationEvent = z.strictObject({
  type: z.literal("EscalationEvent"),
  escalationId: idSchema("ESC"),
  assemblyId: slug,
  sessionId: idSchema("SES").optional(),
  reviewId: idSchema("REV").optional(),
  divergenceIds: z.array(idSchema("DIV")).max(256),
  hypothesisChain: z.array(idSchema("HYP")).max(256),
  suspensionState: z.enum(["none", "waiting", "suspended"]),
  openDivergenceCount: z.number().int().nonnegative(),
  requestedAction: text,
  producedAt: z.iso.datetime({ offset: true }),
  producedBy: z.string().min(1).max(128),
});
export type EscalationEvent = z.infer<typeof escalationEvent>;

/** How an assembly does. */
export const healthSummary = z.strictObject({
  type: z.literal("HealthSummary"),
  assemblies: z.array(
    z.strictObject({
      assemblyId: slug,
      lifecycleState: z.enum(["active", "idle", "suspended"]),
      lastCommissionAt: z.iso.datetime({ offset: true }).nullable(),
      openDivergences: z.number().int().nonnegative(),
      openReviews: z.number().int().nonnegative(),
    }),
  ),
  producedAt: z.iso.datetime({ offset: true }),
});
export type HealthSummary = z.infer<typeof healthSummary>;

/** The verdict that closed what a disposition had set going. */
export const verdictClosureRecord = z.strictObject({
  type: z.literal("VerdictClosureRecord"),
  vcrId: idSchema("VCR"),
  dispositionEventId: idSchema("DSP"),
  verdictType: z.enum(["coherence", "fidelity"]),
  verdict: z.enum(["favorable", "unfavorable"]),
  atomId: idSchema("ATOM").optional(),
  assemblyId: slug,
  sessionId: idSchema("SES").optional(),
  producedAt: z.iso.datetime({ offset: true }),
});
export type VerdictClosureRecord = z.infer<typeof verdictClosureRecord>;

/** What the factory and other kernels tell the We-layer, each in a signed envelope. */
export const outboundSignal = z.discriminatedUnion("type", [escalationEvent, healthSummary, verdictClosureRecord]);
export type OutboundSignal = z.infer<typeof outboundSignal>;
