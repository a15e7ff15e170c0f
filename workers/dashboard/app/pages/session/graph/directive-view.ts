/** What a person wants to know of a directive. */
import * as z from "zod/mini";

const strings = z.array(z.string());

const shown = z.object({
  instructions: z.string(),
  claimRefs: z.optional(strings),
  fileScope: z.optional(z.object({ read: strings, write: strings })),
  toolPolicy: z.optional(z.object({ permitted: strings })),
  retryPolicy: z.optional(z.object({ maxAttempts: z.number() })),
  budgetUsd: z.optional(z.number()),
  model: z.optional(z.object({ alias: z.string() })),
});

export type DirectiveView = z.infer<typeof shown>;

/** Null where the content is no directive that this page can read. */
export function directiveView(data: unknown): DirectiveView | null {
  const parsed = shown.safeParse(data);
  return parsed.success ? parsed.data : null;
}
