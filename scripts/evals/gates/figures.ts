/** From results to figures, and to the text that people read. */
import type { CodeMeasurement, MutantResult } from "./code-mutants.ts";
import type { DefectResult } from "./defects.ts";
import type { Baseline } from "./baseline.ts";
import { percent, rateOf, ratesBy } from "./rates.ts";
import type { Rate } from "./rates.ts";

const isKilled = ({ verdict }: DefectResult): boolean => verdict === "killed";
const isNoticed = ({ verdict }: MutantResult): boolean => verdict !== "survived";

/** Counts seeded defects of specifications. */
export function specificationFigures(results: readonly DefectResult[]): Baseline["specifications"] {
  return { total: rateOf(results, isKilled), operators: ratesBy(results, ({ operator }) => operator, isKilled) };
}

/** Counts mutants of code. */
export function codeFigures({ results }: CodeMeasurement): Baseline["code"] {
  return {
    total: rateOf(results, isNoticed),
    visibleOnly: rateOf(results, ({ verdict }) => verdict === "visible"),
    operators: ratesBy(results, ({ operator }) => operator, isNoticed),
  };
}

/** Survivors shown of each part; the JSON has all. */
const MAX_SHOWN = 40;

/** The specification part as text: one row an operator, then what got through. */
export function specificationText(results: readonly DefectResult[], says: ReadonlyMap<string, string>): string {
  const gates = ["parser", "intake", "coherence"] as const;
  const operators = ratesBy(results, ({ operator }) => operator, isKilled);
  const rows = Object.entries(operators).map(([operator, rate]) => {
    const own = results.filter((result) => result.operator === operator);
    const by = gates.map((gate) => String(own.filter((result) => result.gate === gate && isKilled(result)).length));
    const misnamed = own.filter(({ verdict }) => verdict === "misnamed").length;
    return [operator, String(rate.seeded), String(rate.killed), ...by, String(misnamed), percent(rate), says.get(operator) ?? ""];
  });
  const total = rateOf(results, isKilled);
  const survivors = results.filter((result) => !isKilled(result));
  return [
    "Defects of specifications, killed where a gate refuses and names what was damaged",
    table([["operator", "seeded", "killed", ...gates, "misnamed", "rate", "afterwards"], ...rows]),
    `${total.killed} of ${total.seeded} killed: ${percent(total)}`,
    ...listed("Survivors", survivors.map(survivingDefect)),
  ].join("\n");
}

function survivingDefect({ operator, orderId, site, names, verdict, gate, findings }: DefectResult): string {
  const said = verdict === "missed" ? "no gate refuses it" : `${gate} refuses it without naming ${names.join(" or ")}: ${findings.join(" ").slice(0, 200)}`;
  return `${operator} in ${orderId} at ${site}: ${said}`;
}

/** The code part as text: one row an operator and one an order, then the survivors. */
export function codeText({ results, uncompilable, without }: CodeMeasurement): string {
  const total = rateOf(results, isNoticed);
  const visible = rateOf(results, ({ verdict }) => verdict === "visible");
  return [
    "Mutants of accepted code, killed where a check of the order fails",
    rateTable("operator", results, ({ operator }) => operator),
    "",
    rateTable("order", results, ({ orderId }) => orderId),
    `${total.killed} of ${total.seeded} killed: ${percent(total)}; by visible checks alone ${percent(visible)}. ${uncompilable} more do not compile.`,
    ...(without.length === 0 ? [] : [`Without accepted code: ${without.join(", ")}`]),
    ...listed("Survivors", results.filter((result) => !isNoticed(result)).map(survivingMutant)),
  ].join("\n");
}

function rateTable(heading: string, results: readonly MutantResult[], nameOf: (result: MutantResult) => string): string {
  const visible = ratesBy(results, nameOf, ({ verdict }) => verdict === "visible");
  const rows = Object.entries(ratesBy(results, nameOf, isNoticed)).map(([name, rate]) => {
    const seen: Rate = visible[name] ?? { seeded: 0, killed: 0 };
    return [name, String(rate.seeded), String(seen.killed), String(rate.killed - seen.killed), percent(seen), percent(rate)];
  });
  return table([[heading, "mutants", "visible", "hidden only", "visible rate", "rate"], ...rows]);
}

function survivingMutant({ orderId, path, line, operator, original, replacement }: MutantResult): string {
  return `${orderId} ${path}:${line} ${operator}: ${short(original)} -> ${short(replacement)}`;
}

function short(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  return flat.length <= 60 ? flat : `${flat.slice(0, 57)}...`;
}

function listed(heading: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > MAX_SHOWN ? [`  and ${lines.length - MAX_SHOWN} more; --json prints all`] : [];
  return [`${heading}:`, ...lines.slice(0, MAX_SHOWN).map((line) => `  ${line}`), ...more];
}

/** Columns of equal width; numbers stand right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (/^\d/.test(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
