/** Which configuration holds: the envelope's, filled in by the order's front matter. */
import type { CompilationConfig, ReviewMode, WorkOrder } from "@factory/schemas";
import { isSupportedLanguage } from "./front-matter.ts";

/** The configuration a session runs under: the review mode is always decided. */
export type ResolvedConfig = CompilationConfig & { readonly reviewMode: ReviewMode };

export type ConfigResult =
  | { readonly ok: true; readonly config: ResolvedConfig; readonly assembly: string }
  | { readonly ok: false; readonly code: "ENVELOPE_CONTRADICTION" | "INVALID_ARGUMENT"; readonly fields: readonly string[]; readonly message: string };

/** A person decides unless someone says otherwise. */
const DEFAULT_REVIEW_MODE: ReviewMode = "human";

/**
 * Merges an envelope's configuration with the order's front matter. Front matter fills what the envelope leaves empty;
 * a field both state with different values is a contradiction, never a silent choice.
 *
 * @param order - a parsed order; its `reviewMode`, `language`, `targetRuntime`, `budgetUsd` and `assembly` are what the front matter says
 * @param envelope - the envelope's `payload.config`
 * @param assembly - the envelope's `session.assemblyId`
 */
export function resolveConfig(order: WorkOrder, envelope: CompilationConfig, assembly: string): ConfigResult {
  const language = envelope.language !== undefined && isSupportedLanguage(envelope.language) ? "typescript" : envelope.language;
  const contradictions = (
    [
      ["reviewMode", "review_mode", order.reviewMode, envelope.reviewMode],
      ["language", "language", order.language, language],
      ["targetRuntime", "target_runtime", order.targetRuntime, envelope.targetRuntime],
      ["budgetUsd", "budget_usd", order.budgetUsd, envelope.budgetUsd],
      ["assemblyId", "assembly", order.assembly, assembly],
    ] as const
  ).filter(([, , front, outer]) => front !== undefined && outer !== undefined && front !== outer);
  if (contradictions.length > 0) {
    const told = contradictions.map(
      ([field, key, front, outer]) => `${field} is ${String(outer)} in the envelope and ${key} is ${String(front)} in the front matter`,
    );
    return {
      ok: false,
      code: "ENVELOPE_CONTRADICTION",
      fields: contradictions.map(([field]) => field),
      message: `${told.join("; ")}. Make them agree or leave one out.`,
    };
  }
  if (language !== undefined && language !== "typescript") {
    return { ok: false, code: "INVALID_ARGUMENT", fields: ["language"], message: `The language \`${language}\` cannot be delivered. Use typescript.` };
  }
  return { ok: true, config: merged(order, envelope), assembly };
}

function merged(order: WorkOrder, envelope: CompilationConfig): ResolvedConfig {
  const targetRuntime = envelope.targetRuntime ?? order.targetRuntime;
  const budgetUsd = envelope.budgetUsd ?? order.budgetUsd;
  return {
    ...envelope,
    language: "typescript",
    reviewMode: envelope.reviewMode ?? order.reviewMode ?? DEFAULT_REVIEW_MODE,
    ...(targetRuntime === undefined ? {} : { targetRuntime }),
    ...(budgetUsd === undefined ? {} : { budgetUsd }),
  };
}
