/**
 * `pnpm bench:search`: the offline model's program search on functions with examples it is shown and cases it is not, at
 * the product's limits. Prints one JSON object: how many were found and hold, and how long a search takes.
 */
import { SYNTHESIS_CASES, type SynthesisCase } from "../../packages/models/src/offline/search/synthesis.cases.ts";
import { parseFunction } from "../../packages/models/src/offline/search/interpret.ts";
import { outcomeOf, synthesize, type TaskExample } from "../../packages/models/src/offline/search/synthesize.ts";
import { sameValue } from "../../packages/models/src/offline/search/values.ts";

type Verdict = "holds" | "overfits" | "none";

function holds(source: string, cases: readonly TaskExample[]): boolean {
  const run = parseFunction(source)?.link({});
  return (
    run !== undefined &&
    cases.every((item) => {
      const outcome = outcomeOf(run, item.args);
      return "throws" in item ? "threw" in outcome && outcome.threw === item.throws : "value" in outcome && sameValue(outcome.value, item.expected);
    })
  );
}

async function measure({ name, params, returnType, visible, hidden, words }: SynthesisCase): Promise<{ name: string; verdict: Verdict; ms: number }> {
  const started = performance.now();
  const result = await synthesize({ name, params, returnType, file: `src/${name}.ts`, examples: visible, dependencies: [], words });
  const ms = performance.now() - started;
  if (!result.found) return { name, verdict: "none", ms };
  return { name, verdict: holds(result.source, hidden) ? "holds" : "overfits", ms };
}

const measured: Awaited<ReturnType<typeof measure>>[] = [];
for (const one of SYNTHESIS_CASES) measured.push(await measure(one));
const times = measured.map(({ ms }) => ms).toSorted((a, b) => a - b);
const at = (share: number): number => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN);
const named = (verdict: Verdict): string[] => measured.filter((one) => one.verdict === verdict).map(({ name }) => name);
console.log(
  JSON.stringify(
    {
      bench: "search",
      node: process.version,
      functions: measured.length,
      holds: named("holds").length,
      overfits: named("overfits"),
      none: named("none"),
      p50Ms: at(0.5),
      p90Ms: at(0.9),
      maxMs: at(1),
    },
    null,
    2,
  ),
);
