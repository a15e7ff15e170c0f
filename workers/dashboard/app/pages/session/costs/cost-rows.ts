/** Costs as rows of a table and bars of a chart, and as a sum over time. */
import type { EventPayload } from "@factory/schemas";
import { payloadSchema } from "../../../shared/event-payloads.ts";
import { durationText, moneyText } from "../../../ui/figure-text.ts";
import type { CostPart } from "./costs-query.ts";
import type { Dimension, Measure } from "./costs-search.ts";

export type CostTotal = CostPart["total"];

/** A part with the name that a person knows it by. */
export type CostRow = { readonly key: string; readonly name: string; readonly total: CostTotal };

/** A figure of a total; null when it is not known. */
export function valueOf(total: CostTotal, measure: Measure): number | null {
  const values: { readonly [M in Measure]: number | null } = {
    cost: total.costUsd,
    calls: total.calls,
    input: total.inputTokens,
    output: total.outputTokens,
    time: total.durationMs,
  };
  return values[measure];
}

export const MEASURE_TEXTS: { readonly [M in Measure]: string } = {
  cost: "Cost",
  calls: "Calls",
  input: "Tokens in",
  output: "Tokens out",
  time: "Time in calls",
};

/** A figure in its unit. */
export function measureText(value: number, measure: Measure): string {
  if (measure === "cost") return moneyText(value);
  return measure === "time" ? durationText(value) : Math.round(value).toLocaleString();
}

/** The measure to begin with: the first that has anything to compare. */
export function firstMeasure(total: CostTotal): Measure {
  const measures: readonly Measure[] = ["cost", "output", "input", "calls"];
  return measures.find((measure) => (valueOf(total, measure) ?? 0) > 0) ?? "calls";
}

/** What calls of no bead, team or purpose are called. */
const NONE: { readonly [D in Dimension]: string } = {
  bead: "Before there were beads",
  team: "No team",
  model: "Unknown model",
  purpose: "No purpose",
  alias: "No alias",
};

/** The parts, the largest first; what is not known comes last. */
export function costRows(parts: readonly CostPart[], by: Dimension, measure: Measure, beadName: (id: string) => string): CostRow[] {
  return parts
    .map(({ key, total }) => ({ key: key ?? "", name: key === null ? NONE[by] : by === "bead" ? beadName(key) : key, total }))
    .toSorted((a, b) => (valueOf(b.total, measure) ?? -1) - (valueOf(a.total, measure) ?? -1));
}

/** A model call of the log. */
export type CallEvent = { readonly seq: number; readonly occurredAt: string; readonly payload: unknown };

/** The sum up to an instant, in epoch milliseconds. */
export type SumPoint = { readonly at: number; readonly sum: number };

/** Points of a line that a chart shows; more would not be seen. */
const MAX_POINTS = 300;

/**
 * The sum of a measure over the calls, in order. Calls whose figure is not known add nothing, and are counted.
 *
 * @returns the points, and the calls that are not in the sum
 */
export function sumOverTime(events: readonly CallEvent[], measure: Measure): { readonly points: SumPoint[]; readonly unknown: number } {
  let sum = 0;
  let unknown = 0;
  const points = events
    .toSorted((a, b) => a.seq - b.seq)
    .map(({ occurredAt, payload }) => {
      const value = measureOf(payload, measure);
      if (value === null) unknown += 1;
      else sum += value;
      return { at: Date.parse(occurredAt), sum };
    });
  const every = Math.ceil(points.length / MAX_POINTS);
  return { points: points.filter((_, index) => index % every === 0 || index === points.length - 1), unknown };
}

function measureOf(payload: unknown, measure: Measure): number | null {
  const read = payloadSchema("MODEL_CALLED").safeParse(payload);
  if (!read.success) return null;
  // The schema is that of the kind.
  const call = read.data as EventPayload<"MODEL_CALLED">;
  const values: { readonly [M in Measure]: number | undefined } = {
    cost: call.costUsd,
    calls: 1,
    input: call.inputTokens,
    output: call.outputTokens,
    time: call.durationMs,
  };
  return values[measure] ?? null;
}

/** Calls as they were read and as they came live, each once. */
export function mergedCalls(read: readonly CallEvent[], live: readonly CallEvent[]): CallEvent[] {
  const last = read.reduce((max, { seq }) => Math.max(max, seq), 0);
  return [...read, ...live.filter(({ seq }) => seq > last)];
}
