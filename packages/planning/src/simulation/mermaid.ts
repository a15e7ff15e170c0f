/** A plan's work graph as a Mermaid flowchart: one subgraph a molecule, one arrow a dependency. */
import type { PlannedAtom, SimulatedPlan } from "./plan.ts";

/** Shapes by what an atom does: outcome atoms decide. */
const OUTCOME_ROLE = "verifier:outcome";

/**
 * The flowchart of a plan. The same plan gives the same bytes.
 *
 * @see https://mermaid.js.org/syntax/flowchart.html
 */
export function mermaidOf({ order, atoms, molecules, outcome }: Pick<SimulatedPlan, "order" | "atoms" | "molecules" | "outcome">): string {
  // Names in the source are places: what an order calls things may be a word of the language, such as `end`.
  const nodes = new Map(atoms.map(({ key }, index) => [key, `a${index + 1}`]));
  const lines = [
    "---",
    `title: ${JSON.stringify(plain(order.title))}`,
    "---",
    "flowchart TD",
    ...(atoms.length === 0 ? [`  nothing["${label(outcome === "planned" ? "There is nothing to do." : "There is no work graph.")}"]`] : []),
    ...molecules.flatMap(({ key, title }, index) => [
      `  subgraph m${index + 1}["${label(title)}"]`,
      ...atoms.filter(({ molecule }) => molecule === key).map((atom) => `    ${nodes.get(atom.key)}${shapeOf(atom)}`),
      "  end",
    ]),
    ...atoms.flatMap(({ key, dependsOn }) => dependsOn.flatMap((parent) => (nodes.has(parent) ? [`  ${nodes.get(parent)} --> ${nodes.get(key)}`] : []))),
  ];
  return `${lines.join("\n")}\n`;
}

function shapeOf({ title, role, writes, owns }: PlannedAtom): string {
  const text = [title, [role, writes.join(", ")].filter((part) => part !== "").join(": "), owns.join(" ")]
    .filter((part) => part !== "")
    .map(label)
    .join("<br/>");
  return role === OUTCOME_ROLE ? `{{"${text}"}}` : `["${text}"]`;
}

/** One line without control characters. */
const plain = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();

/** Characters that the language or HTML reads, as entity codes. */
const label = (text: string): string => plain(text).replaceAll(/[#&<>"`\\;%{}[\]|]/g, (character) => `#${character.charCodeAt(0)};`);
