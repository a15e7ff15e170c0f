/** The answer to a question of judgement: that there is none. */

/** Fits the answer that `judge-conflict` asks for. */
export type OfflineConflictAnswer = { readonly verdict: "unknown"; readonly reason: string };

/** Whether two pieces of prose contradict each other cannot be read from their structure, so it stays unknown. */
export function judgeConflict(advice: string): OfflineConflictAnswer {
  return { verdict: "unknown", reason: `The offline model does not judge prose. ${advice}` };
}
