/** Work orders of any size for benchmarks and tests: many small functions, some of which use others. */

import { MAX_MOLECULE_CODERS } from "@factory/compiler";

/** All linear: the examples that are shown pin each of them down, so a run is load and not luck. */
const KINDS = [
  { verb: "add", apply: (value: number, by: number) => value + by, text: (by: number) => `adds ${by} to its argument` },
  { verb: "scale", apply: (value: number, by: number) => value * by, text: (by: number) => `multiplies its argument by ${by}` },
  { verb: "lack", apply: (value: number, by: number) => by - value, text: (by: number) => `is what its argument lacks of ${by}` },
] as const;

const ARGUMENTS = [0, 7, 12, 31, 50];

type Unit = { readonly name: string; readonly criterion: string; readonly apply: (value: number) => number };

function unitAt(index: number, earlier: readonly Unit[]): Unit {
  const kind = KINDS[index % KINDS.length] ?? KINDS[0];
  const by = 3 + (index % 17);
  const name = `${kind.verb}${index + 1}`;
  // Every fourth unit uses the one before it, so that the graph has depth and not only width.
  const base = index % 4 === 3 ? earlier.at(-1) : undefined;
  if (base === undefined) return { name, criterion: `\`${name}\` ${kind.text(by)}.`, apply: (value) => kind.apply(value, by) };
  return { name, criterion: `\`${name}\` takes what \`${base.name}\` gives and adds ${by}.`, apply: (value) => base.apply(value) + by };
}

/** The index, and the outcomes of the parts and of the whole. */
const beadsOf = (functions: number): number => functions + Math.ceil(functions / MAX_MOLECULE_CODERS) + 2;

/**
 * How many functions an order may have for its run to have at most so many beads, and how many beads that are.
 *
 * @throws RangeError when not even one function fits
 */
export function functionsFor(beads: number): { readonly functions: number; readonly beads: number } {
  let functions = 0;
  while (beadsOf(functions + 1) <= beads) functions += 1;
  if (functions === 0) throw new RangeError(`A run has at least ${beadsOf(1)} beads, not ${beads}.`);
  return { functions, beads: beadsOf(functions) };
}

/** Markdown of an order with this many functions; every fourth depends on the one before it. */
export function generatedOrder(functions: number): string {
  const units: Unit[] = [];
  for (let index = 0; index < functions; index++) units.push(unitAt(index, units));
  const signatures = units.map(({ name }) => `export function ${name}(value: number): number;`);
  const examples = units.flatMap(({ name, apply }) => ARGUMENTS.map((value) => `${name}(${value}) => ${apply(value)}`));
  return [
    "---",
    `title: ${functions} small functions`,
    "review_mode: auto",
    "---",
    "",
    "## Problem",
    "",
    "A generated load needs many small units of work.",
    "",
    "## Goal",
    "",
    `${functions} functions, each proved by its examples.`,
    "",
    "## Acceptance criteria",
    "",
    ...units.map(({ criterion }, index) => `${index + 1}. ${criterion}`),
    "",
    "```ts",
    ...signatures,
    "```",
    "",
    "```examples",
    ...examples,
    "```",
    "",
  ].join("\n");
}
