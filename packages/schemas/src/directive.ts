/** AtomDirective and TaskResult: what an operative is told and what it answers. See `domain.md` 8. */
import { z } from "zod";
import { successCheckSchema, workspacePath } from "./checks.ts";
import { idSchema } from "./ids.ts";

export const ROLES = ["coder", "integrator", "verifier:outcome"] as const;
export type Role = (typeof ROLES)[number];

/** A file put read-only under `/spec` of the workspace. */
export const specFile = z.strictObject({ path: workspacePath, content: z.string() });

export const toolSchema = z.strictObject({ name: z.string(), description: z.string(), parameters: z.record(z.string(), z.json()) });

export const atomDirective = z.strictObject({
  directiveId: idSchema("DIR"),
  atomId: idSchema("ATOM"),
  workGraphId: idSchema("WG"),
  runId: idSchema("RUN"),
  assembly: z.string(),
  team: z.string(),
  role: z.enum(ROLES),
  gearId: idSchema("GEAR"),
  title: z.string(),
  instructions: z.string().min(1),
  claimRefs: z.array(z.string()).min(1),
  fileScope: z.strictObject({ read: z.array(z.string()), write: z.array(z.string()) }),
  specFiles: z.array(specFile),
  toolPolicy: z.strictObject({ permitted: z.array(z.string()) }),
  toolSchemas: z.array(toolSchema),
  invariantIds: z.array(z.string()),
  dependsOn: z.array(z.strictObject({ atomId: idSchema("ATOM"), required: z.boolean() })),
  successCheck: successCheckSchema,
  retryPolicy: z.strictObject({ maxAttempts: z.number().int().min(1).max(5), backoffMs: z.number().int().nonnegative() }),
  timeoutMs: z.number().int().min(1_000).max(900_000),
  model: z.strictObject({ alias: z.string(), thinking: z.enum(["none", "low", "medium", "high"]) }),
  budgetUsd: z.number().nonnegative(),
  elucidationArtifactId: z.string(),
  policyBeadId: z.string(),
});
export type AtomDirective = z.infer<typeof atomDirective>;

/** What an operative's model must end with. COMPLETE is a request to be checked, never a state. */
export const taskResult = z.strictObject({
  status: z.enum(["COMPLETE", "NEEDS_CLARIFICATION", "BLOCKED"]),
  reasoning: z.string(),
  blockers: z.array(z.string()),
  assumptionsMade: z.array(z.string()),
  verifiedFacts: z.array(z.string()),
  clarificationNeeded: z.string().optional(),
});
export type TaskResult = z.infer<typeof taskResult>;

/** Upper bound of one file in a change set, in UTF-8 bytes: 1 MiB. */
export const MAX_FILE_BYTES = 1_048_576;

/** One file of a change set; contents are blobs. `baseDigest` null: the file did not exist; `digest` null: it is deleted. */
export const changeEntry = z.strictObject({
  path: workspacePath,
  baseDigest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  bytes: z.number().int().nonnegative(),
});
export type ChangeEntry = z.infer<typeof changeEntry>;

/** A tree: path -> SHA-256 of the file's bytes. */
export type Tree = { readonly [path: string]: string };
