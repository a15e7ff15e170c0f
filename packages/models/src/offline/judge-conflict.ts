/** Answers to questions of judgement: that there is none. */

import { z } from "zod";

const reviewTask = z.looseObject({ specification: z.looseObject({ title: z.string() }) });

/** Fits the answer that `judge-conflict` asks for. */
export type OfflineConflictAnswer = { readonly verdict: "unknown"; readonly reason: string };

/** Whether two pieces of prose contradict each other cannot be read from their structure, so it stays unknown. */
export function judgeConflict(advice: string): OfflineConflictAnswer {
  return { verdict: "unknown", reason: `The offline model does not judge prose. ${advice}` };
}

/** Fits the answer that `review-intent` asks for. */
export type OfflineReviewAnswer = {
  readonly verdict: "uncertain";
  readonly reason: string;
  readonly findings: readonly {
    readonly kind: "invented";
    readonly verdict: "uncertain";
    readonly subject: string;
    readonly quote: string;
    readonly lines: readonly number[];
    readonly detail: string;
  }[];
};

/** Whether two texts say the same is read by people and language models; every review stays uncertain. */
export function reviewIntent(task: unknown, advice: string): OfflineReviewAnswer {
  const reason = `The offline model does not judge prose. ${advice}`;
  const parsed = reviewTask.safeParse(task);
  const quote = parsed.success ? parsed.data.specification.title : "";
  return { verdict: "uncertain", reason, findings: [{ kind: "invented", verdict: "uncertain", subject: "title", quote, lines: [], detail: reason }] };
}

/** Fits the answer that `review-run` asks for. */
export type OfflineRunAnswer = { readonly verdict: "uncertain"; readonly reason: string; readonly findings: readonly never[] };

/** The same of delivered code. */
export function reviewRun(advice: string): OfflineRunAnswer {
  return { verdict: "uncertain", reason: `The offline model does not judge code. ${advice}`, findings: [] };
}
