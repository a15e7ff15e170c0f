/** The figures of a run of the golden set, for people and as data. Pure. */
import { deviations, isFalselyCompleted, type OrderResult } from "./ends.ts";
import type { GoldenOrder } from "./golden-order.ts";
import { boundedRateOf, rateOf, type BoundedRate, type Rate } from "./measures.ts";

/** Of the whole set, offline, at least so many orders complete. */
export const LEAST_COMPLETED_OFFLINE = 15;

/** One order's line. */
export type OrderReport = OrderResult & { readonly expected: string; readonly deviations: readonly string[]; readonly falselyCompleted: boolean };

/** A run's result. */
export type GoldenReport = {
  readonly eval: "golden";
  readonly offline: boolean;
  readonly orders: readonly OrderReport[];
  readonly totals: {
    readonly orders: number;
    readonly completed: number;
    readonly falselyCompleted: number;
    readonly asExpected: number;
    readonly firstPass: Rate | null;
    readonly visible: Rate | null;
    readonly holdout: BoundedRate | null;
    readonly overfitGap: number | null;
    readonly divergences: number;
    readonly amendments: number;
    readonly modelCalls: number;
    /** Time on the wall of the whole run, in whole milliseconds. */
    readonly durationMs: number;
  };
  /** What fails the run; empty when it holds. */
  readonly failures: readonly string[];
};

/** What the report is made from besides the results. */
export type GoldenRun = { readonly orders: readonly GoldenOrder[]; readonly offline: boolean; readonly whole: boolean; readonly durationMs: number };

/** Sums the results up and decides what fails the run. */
export function reportOf(results: readonly OrderResult[], { orders, offline, whole, durationMs }: GoldenRun): GoldenReport {
  const lines = results.map((result): OrderReport => {
    const order = orders.find(({ name }) => name === result.name);
    if (order === undefined) throw new TypeError(`${result.name} is no order of this run.`);
    const expected = offline ? order.expected.offline : order.expected.end;
    return { ...result, expected, deviations: deviations(order, result, offline), falselyCompleted: isFalselyCompleted(result) };
  });
  const completed = lines.filter(({ end }) => end === "COMPLETED").length;
  const visible = sumOf(lines.map(({ measures }) => measures?.visible ?? null));
  const holdout = sumOf(lines.map(({ measures }) => measures?.holdout ?? null));
  const sum = (pick: (line: OrderReport) => number | undefined): number => lines.reduce((total, line) => total + (pick(line) ?? 0), 0);
  return {
    eval: "golden",
    offline,
    orders: lines,
    totals: {
      orders: lines.length,
      completed,
      falselyCompleted: lines.filter(({ falselyCompleted }) => falselyCompleted).length,
      asExpected: lines.filter(({ deviations: found }) => found.length === 0).length,
      firstPass: rateOf(sumOf(lines.map(({ measures }) => measures?.firstPass ?? null))),
      visible: rateOf(visible),
      holdout: boundedRateOf(holdout),
      overfitGap: gapOf(rateOf(visible), rateOf(holdout)),
      divergences: sum(({ measures }) => measures?.divergences),
      amendments: sum(({ measures }) => measures?.amendments),
      modelCalls: sum(({ measures }) => measures?.modelCalls),
      durationMs: Math.round(durationMs),
    },
    failures: failuresOf(lines, { offline, whole, completed }),
  };
}

function failuresOf(lines: readonly OrderReport[], { offline, whole, completed }: { offline: boolean; whole: boolean; completed: number }): string[] {
  const failures = lines.filter(({ falselyCompleted }) => falselyCompleted).map(({ name }) => `${name} is falsely completed`);
  if (lines.length === 0) failures.push("no order was run");
  if (!offline) return failures;
  failures.push(...lines.flatMap(({ name, deviations: found }) => found.map((text) => `${name}: ${text}`)));
  if (whole && completed < LEAST_COMPLETED_OFFLINE) failures.push(`${completed} orders completed, at least ${LEAST_COMPLETED_OFFLINE} have to`);
  return failures;
}

function sumOf(rates: readonly (Rate | null)[]): { readonly passed: number; readonly failed: number } {
  let passed = 0;
  let total = 0;
  for (const rate of rates) {
    passed += rate?.passed ?? 0;
    total += rate?.total ?? 0;
  }
  return { passed, failed: total - passed };
}

function gapOf(visible: Rate | null, holdout: Rate | null): number | null {
  return visible === null || holdout === null ? null : visible.rate - holdout.rate;
}

const HEAD = ["order", "end", "first pass", "visible", "holdout", "95 %", "gap", "end holdout", "div", "amd", "calls", "s", "hidden", "false"] as const;

/** The report as a Markdown table with what fails below. */
export function textOf({ orders, totals, failures }: GoldenReport): string {
  const rows = orders.map((order) => rowOf(order));
  const { completed, falselyCompleted, asExpected } = totals;
  rows.push([
    "all",
    `${completed} of ${totals.orders} completed`,
    share(totals.firstPass),
    share(totals.visible),
    share(totals.holdout),
    interval(totals.holdout),
    percent(totals.overfitGap),
    "",
    String(totals.divergences),
    String(totals.amendments),
    String(totals.modelCalls),
    seconds(totals.durationMs),
    "",
    String(falselyCompleted),
  ]);
  const widths = HEAD.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  const verdict = failures.length === 0 ? [`${asExpected} of ${totals.orders} as expected, none falsely completed.`] : failures.map((text) => `FAILED ${text}`);
  return [line(HEAD), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.map(line), "", ...verdict].join("\n");
}

function rowOf({ name, end, expected, measures, hidden, durationMs, falselyCompleted, deviations: found }: OrderReport): string[] {
  return [
    name,
    found.length === 0 ? end : `${end} (expected ${expected})`,
    share(measures?.firstPass ?? null),
    share(measures?.visible ?? null),
    share(measures?.holdout ?? null),
    interval(measures?.holdout ?? null),
    percent(measures?.overfitGap ?? null),
    share(measures?.finalHoldout ?? null),
    String(measures?.divergences ?? 0),
    String(measures?.amendments ?? 0),
    String(measures?.modelCalls ?? 0),
    seconds(durationMs),
    hidden === null ? "-" : `${hidden.passed} of ${hidden.passed + hidden.failed}`,
    falselyCompleted ? "YES" : "no",
  ];
}

const percent = (rate: number | null): string => (rate === null ? "-" : `${Math.round(rate * 100)} %`);
const share = (rate: Rate | null): string => (rate === null ? "-" : `${rate.passed}/${rate.total}`);
const interval = (rate: BoundedRate | null): string => (rate === null ? "-" : `${Math.round(rate.low * 100)} to ${Math.round(rate.high * 100)} %`);
const seconds = (ms: number): string => (ms / 1000).toFixed(1);
