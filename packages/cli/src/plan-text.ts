/** A plan as a person reads it on a terminal. */
import type { PlanEstimate, PlannedAtom, PlannedClaim, PlannedPass, SimulatedPlan } from "@factory/planning";
import { budgetsText, claimsText, countedText, decisionText, gateName, PLAN_MOMENTS, rangeText, reasonOfPlan } from "@factory/planning/words";
import { cost, duration } from "./progress.ts";
import { oneLine, widthOf, wrapTo, type Paint, type Style } from "./terminal-text.ts";

/** How a plan is shown; without `columns` no line is broken. */
export type PlanDrawing = {
  /** The order as the caller named it. */
  readonly orderPath: string;
  /** Who answered the planning passes. */
  readonly answeredBy: string;
  readonly columns: number | undefined;
  readonly paint: Paint;
};

const MARKS = { PASS: ["✓", "green"], FAIL: ["✗", "red"], INCONCLUSIVE: ["?", "yellow"] } as const satisfies {
  readonly [outcome: string]: readonly [string, Style];
};
const PASS_MARKS = { answered: MARKS.PASS, uncertain: MARKS.INCONCLUSIVE, unanswered: MARKS.FAIL } as const;
/** Widest of a column that is aligned with those below it, in cells; what is longer pushes the rest of its line. */
const MOST_ALIGNED = 40;

/** Cells that the last column has at least: below, a terminal breaks the line better than we do. */
const LEAST_WRAPPED = 24;

/** The whole plan, several sections with an empty line between them. */
export function planText(plan: SimulatedPlan, drawing: PlanDrawing): string {
  const { paint } = drawing;
  const sections = [
    heading(plan, drawing),
    section("Claims", claimRows(plan.claims), drawing),
    section("Planning passes", plan.passes.flatMap(passRows), drawing),
    section(
      "Options for the function",
      plan.candidates.map(({ name, title, total, chosen, lostBecause }) => [chosen ? "→" : " ", name, total.toFixed(2), lostBecause ?? title]),
      drawing,
    ),
    section(
      "Invariants",
      plan.invariants.map(({ claimId, detector, matched, statement }) => [
        claimId,
        detector,
        matched.length === 0 ? statement : matched.map((words) => `"${words}"`).join(", "),
      ]),
      drawing,
    ),
    graphSection(plan, drawing),
    section(
      "Gates",
      plan.gates.flatMap((gate) => gateRows(gate, gate.gate === "intake" && plan.faults.length > 0)),
      drawing,
    ),
    plan.estimate === null ? [] : section("Estimate of a run", estimateRows(plan.estimate, plan.atoms), drawing),
    section("A person is asked", questionRows(plan), drawing),
    section(
      "Not known before a run",
      plan.unknown.map((text) => [text]),
      drawing,
    ),
    verdictLines(plan, drawing).map((line) => paint(plan.outcome === "planned" ? "green" : "red", line)),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

type Row = readonly string[];

/** A heading and rows below it; nothing without rows. */
function section(title: string, rows: readonly Row[], drawing: PlanDrawing): string[] {
  return rows.length === 0 ? [] : [drawing.paint("bold", title), ...table(rows, drawing)];
}

/** Rows with their columns below one another; the last one takes what is left of the line, and further lines. */
function table(rows: readonly Row[], { columns, paint }: PlanDrawing, indent = "  "): string[] {
  const plainRows = rows.map((row) => row.map((cell) => `${/^ */.exec(cell)?.[0] ?? ""}${oneLine(cell)}`));
  const widths: number[] = [];
  for (const row of plainRows)
    for (const [at, cell] of row.slice(0, -1).entries()) if (widthOf(cell) <= MOST_ALIGNED) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
  return plainRows.flatMap((row) => {
    const cells = row.slice(0, -1).map((cell, at) => `${cell}${" ".repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell)))}  `);
    const before = `${indent}${cells.join("")}`;
    const left = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(LEAST_WRAPPED, columns - widthOf(before));
    const [first = "", ...more] = columns === undefined ? row.slice(-1) : wrapTo(row.at(-1) ?? "", left);
    const below = " ".repeat(widthOf(before));
    return [painted(`${before}${first}`.trimEnd(), paint), ...more.map((text) => `${below}${text}`)];
  });
}

/** A line that begins with a mark, in the mark's colour: styles come last, since they take no cell. */
function painted(line: string, paint: Paint): string {
  const found = Object.values(MARKS).find(([mark]) => line.trimStart().startsWith(`${mark} `));
  if (found === undefined) return line;
  const [mark, style] = found;
  return line.replace(mark, paint(style, mark));
}

function heading({ order }: SimulatedPlan, { answeredBy, paint, ...rest }: PlanDrawing): string[] {
  const { reviewMode, budgetUsd, files, unknownSections, priority } = order;
  const rows: Row[] = [
    [
      "order",
      `review mode ${reviewMode ?? "undecided"}, priority ${priority}, ${budgetUsd === null ? "no budget" : `budget $${budgetUsd}`}, ${countedText(files.length, "file")}`,
    ],
    ["planned by", answeredBy],
    ...(unknownSections.length === 0 ? [] : [["not read", `sections that nothing acts on: ${unknownSections.join(", ")}`]]),
  ];
  return [paint("bold", oneLine(order.title)), ...table(rows, { answeredBy, paint, ...rest })];
}

function claimRows(claims: readonly PlannedClaim[]): Row[] {
  return claims.map((claim) => [claim.claimId, `line ${claim.line}`, claim.kind, decisionText(claim), claim.text]);
}

function passRows({ pass, outcome, modelId, modelCalls, repaired, title, explicitness, alternatives, detail }: PlannedPass): Row[] {
  const [mark] = PASS_MARKS[outcome];
  const calls = `${modelId ?? "no answer"}, ${countedText(modelCalls, "call")}${repaired ? " with a repair" : ""}`;
  return [
    [`${mark} ${pass}`, calls, detail ?? `${title ?? ""}${explicitness === "inferred" ? " (inferred)" : ""}`],
    ...alternatives.map(({ option, reason }) => ["", "", `not: ${option.replace(/[.:;\s]+$/, "")}: ${reason}`]),
  ];
}

function graphSection({ atoms, molecules, estimate }: SimulatedPlan, drawing: PlanDrawing): string[] {
  if (atoms.length === 0) return [];
  const chain = estimate === null ? "" : `, the longest chain has ${estimate.longestChain}`;
  return [
    drawing.paint("bold", `Work graph: ${countedText(atoms.length, "bead")} in ${countedText(molecules.length, "molecule")}${chain}`),
    ...molecules.flatMap(({ key, title }) => {
      const members = atoms.filter(({ molecule }) => molecule === key);
      return [`  ${drawing.paint("cyan", oneLine(title))}`, ...table(atomRows(members, atoms), drawing, "    ")];
    }),
  ];
}

/** An atom stands below what it waits for, and a step further in. */
function atomRows(members: readonly PlannedAtom[], atoms: readonly PlannedAtom[]): Row[] {
  const titles = new Map(atoms.map(({ key, title }) => [key, title]));
  const first = Math.min(...members.map(({ level }) => level));
  return members.map(({ key, title, role, level, writes, claims, owns, dependsOn }) => {
    const others = members.filter((atom) => atom.key !== key).map((atom) => atom.key);
    const all = others.length > 1 && dependsOn.length === others.length && others.every((other) => dependsOn.includes(other));
    const waits = all ? "all above" : dependsOn.map((parent) => titles.get(parent) ?? parent).join(", ");
    const writesText = writes.length === 0 ? "writes nothing" : writes.join(", ");
    return [`${"  ".repeat(level - first)}${title}`, role, writesText, claimsText(owns.length > 0 ? owns : claims), waits === "" ? "" : `after ${waits}`];
  });
}

/** @param toldBelow - whether what mends it stands below the plan, with its lines in the order */
function gateRows({ gate, outcome, checked, notChecked, remediation }: SimulatedPlan["gates"][number], toldBelow: boolean): Row[] {
  const [mark] = MARKS[outcome];
  const passed = checked.filter((check) => check.outcome === "PASS").length;
  return [
    [`${mark} ${gate}`, `${passed} of ${countedText(checked.length, "check")} passed${notChecked.length === 0 ? "" : `, ${notChecked.length} not checked`}`],
    ...(toldBelow ? [] : remediation.map((text) => ["", `mend: ${text}`])),
    ...notChecked.map(({ check, reason }) => ["", `not checked: ${check}: ${reason}`]),
  ];
}

function estimateRows(
  { beads, verifiedBeads, modelCalls, tokens, costUsd, unpriced, models, planningMs, basis }: PlanEstimate,
  atoms: readonly PlannedAtom[],
): Row[] {
  const names = Object.entries(models).map(([alias, members]) => `${alias} ${members.join(", then ")}`);
  const planning = planningMs === null ? "" : ` Planning took ${duration(planningMs)} when it was recorded.`;
  return [
    ["beads", `${beads}, of which the platform verifies ${verifiedBeads} without a model`],
    ["models", names.join("; ")],
    ["budgets", budgetsText(atoms, cost)],
    ["model calls", rangeText(modelCalls)],
    ["tokens", rangeText(tokens)],
    ["cost", costUsd === null ? `unknown: ${unpriced.join(", ")} has no price; set FACTORY_MODEL_PRICES` : rangeText(costUsd, cost)],
    ["duration", `unknown: nothing was measured that an estimate could rest on.${planning}`],
    ...basis.map((text): Row => ["basis", text]),
  ];
}

function questionRows({ questions, outcome }: SimulatedPlan): Row[] {
  if (questions.length === 0) return outcome === "planned" ? [["never, as far as the order decides it"]] : [];
  return questions.map(({ matter, state, certain, question }) => [certain ? "always" : "perhaps", PLAN_MOMENTS[state], matter, question]);
}

function verdictLines(plan: SimulatedPlan, { orderPath }: PlanDrawing): string[] {
  const { outcome, faults, refusals } = plan;
  switch (outcome) {
    case "planned":
      return ["Every gate passes. Nothing was sent: `npx factory submit` does that."];
    case "refused":
      return [
        `REFUSED: ${refusals.map(({ by, remediation }) => (by === "configuration" ? remediation.join(" ") : `${gateName(by)} refused.`)).join(" ")}`,
        ...faults.map(({ line, rule, fix }) => `${orderPath}:${line}: ${rule}: ${fix}`),
      ].map(oneLine);
    case "needs-person":
      return ["IN_REVIEW: planning stops until a person answers."];
    case "failed":
      return [oneLine(`FAILED: ${reasonOfPlan(plan)}`)];
    default:
      return outcome satisfies never;
  }
}
