/** The WGSP envelope a work order travels in. See `contracts.md` 1 and the reference on the edges, 6.3. */
import { z } from "zod";
import { idSchema } from "./ids.ts";
import { workspacePath } from "./checks.ts";
import { REVIEW_MODES } from "./states.ts";

/** Largest order, in UTF-8 bytes: 1 MiB. */
export const MAX_ORDER_BYTES = 1_048_576;
/** Largest submission with its files, in UTF-8 bytes: 8 MiB. */
export const MAX_SUBMISSION_BYTES = 8 * 1_048_576;
/** How old a signature may be, and how far in the future, in milliseconds. */
export const ENVELOPE_FRESHNESS_MS = 60_000;

const party = z.strictObject({ kernelId: z.string().min(1).max(128), agentId: z.string().min(1).max(128) });

export const compilationConfig = z.strictObject({
  targetRuntime: z.string().max(64).optional(),
  language: z.string().max(64).optional(),
  maxIterations: z.number().int().min(0).max(3).optional(),
  enableAmendments: z.boolean().optional(),
  reviewMode: z.enum(REVIEW_MODES).optional(),
  budgetUsd: z.number().nonnegative().optional(),
});
export type CompilationConfig = z.infer<typeof compilationConfig>;

export const attachedFile = z.strictObject({ path: workspacePath, content: z.string() });
export type AttachedFile = z.infer<typeof attachedFile>;

export const envelope = z.strictObject({
  schemaVersion: z.literal("1.0.0"),
  envelopeId: z.string().regex(/^env_[0-9a-zA-Z-]{8,64}$/, "must be env_ and 8 to 64 letters, digits or dashes"),
  correlationId: z.string().max(80).optional(),
  parentEnvelopeId: z.string().max(80).optional(),
  timestamp: z.iso.datetime({ offset: true }),
  source: party,
  target: party,
  identity: z.strictObject({ actorId: z.string().min(1).max(128), actorType: z.enum(["agent", "human", "system"]) }),
  session: z.strictObject({ assemblyId: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "must be a slug of lower-case letters, digits and dashes") }),
  governance: z.strictObject({
    workOrderId: idSchema("WO"),
    evidenceChainRoot: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  purposeId: idSchema("BCO"),
  payload: z.strictObject({
    workOrder: z.string().min(1),
    files: z.array(attachedFile).max(2_000),
    config: compilationConfig,
  }),
  keyId: z.string().min(1).max(128),
  signedAt: z.iso.datetime({ offset: true }),
});
export type Envelope = z.infer<typeof envelope>;

/** Signature algorithms of an envelope. */
export const SIGNATURE_ALGORITHMS = ["HMAC-SHA256", "Ed25519"] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];
