/** An operative's report: the last text of its model, read as a TaskResult and bounded. */
import { parseAnswer } from "@factory/models";
import { taskResult } from "@factory/schemas";
import type { TaskResult } from "@factory/schemas";
import { z } from "zod";

/** Bounds of a report: it goes into rows, events and prompts. */
export const REPORT_LIMITS = {
  /** UTF-16 units of one text. */
  textChars: 4_000,
  /** Entries of one list. */
  entries: 50,
} as const;

/** Fields beyond the schema's are dropped: models like to add some, and nothing reads them. */
const reportSchema = z
  .object(taskResult.shape)
  .refine((report) => report.status !== "NEEDS_CLARIFICATION" || (report.clarificationNeeded ?? "").trim() !== "", {
    path: ["clarificationNeeded"],
    message: "must hold the question when the status is NEEDS_CLARIFICATION",
  });

export type ParsedReport = { readonly ok: true; readonly report: TaskResult } | { readonly ok: false; readonly issues: readonly string[] };

/** Reads a report out of a model's text; fences and prose around the JSON are no harm. */
export function parseReport(text: string): ParsedReport {
  const parsed = parseAnswer(text, reportSchema);
  return parsed.ok ? { ok: true, report: bounded(parsed.value) } : parsed;
}

/** The report of an attempt that asked a question. */
export function clarificationReport(question: string): TaskResult {
  return {
    status: "NEEDS_CLARIFICATION",
    reasoning: "The directive cannot be carried out without an answer.",
    blockers: [],
    assumptionsMade: [],
    verifiedFacts: [],
    clarificationNeeded: question,
  };
}

function bounded(report: z.infer<typeof reportSchema>): TaskResult {
  const { status, reasoning, blockers, assumptionsMade, verifiedFacts, clarificationNeeded } = report;
  return {
    status,
    reasoning: text(reasoning),
    blockers: list(blockers),
    assumptionsMade: list(assumptionsMade),
    verifiedFacts: list(verifiedFacts),
    ...(clarificationNeeded === undefined ? {} : { clarificationNeeded: text(clarificationNeeded) }),
  };
}

function text(value: string): string {
  const { textChars } = REPORT_LIMITS;
  return value.length <= textChars ? value : `${value.slice(0, textChars)} [${value.length - textChars} characters cut]`;
}

function list(values: readonly string[]): string[] {
  const { entries } = REPORT_LIMITS;
  const shown = values.slice(0, entries).map(text);
  return values.length <= entries ? shown : [...shown, `[${values.length - entries} entries cut]`];
}
