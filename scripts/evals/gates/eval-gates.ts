/**
 * `pnpm eval:gates`: how good the gates are. Seeds defects into specifications and asks gates 0 and 1, mutates accepted
 * code and asks the checks of its order. Exits 1 when a kill rate is below what must hold or below the committed baseline,
 * 2 when it is called wrongly. Figures go to stdout, progress to stderr.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REPOSITORY } from "../../lib/repository.ts";
import { baselineSchema, shortfalls } from "./baseline.ts";
import type { Baseline, Figures } from "./baseline.ts";
import { measureCode } from "./code-mutants.ts";
import type { CodeMeasurement } from "./code-mutants.ts";
import { readCorpus } from "./corpus.ts";
import type { CorpusOrder } from "./corpus.ts";
import { measureDefects } from "./defects.ts";
import type { DefectResult } from "./defects.ts";
import { codeFigures, codeText, specificationFigures, specificationText } from "./figures.ts";
import { graphOf, judgeGraph, judgeOrder } from "./gates-under-test.ts";
import { graphOperators } from "./graph-operators/index.ts";
import { HELP, readOptions } from "./options.ts";
import type { Options } from "./options.ts";
import { orderOperators } from "./order-operators.ts";

const BASELINE = join(REPOSITORY, "evals", "gates", "baseline.json");
/** Defects of one operator in one order: two sites show an operator, and the whole sample takes seconds. */
const DEFECTS_PER_OPERATOR = 2;
/** Mutants of one order, of which two thirds compile: with two dozen orders some hundred, half a minute on two cores. */
const MUTANTS_PER_ORDER = 6;

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

function measureSpecifications(corpus: readonly CorpusOrder[], seed: string, perOperator: number): DefectResult[] {
  return corpus.flatMap((one) => {
    const choice = { seed, perOperator };
    const results = [
      ...measureDefects(one.id, { text: one.text, baseTree: one.baseTree, order: one.order }, orderOperators(), judgeOrder(one.id), choice),
      ...measureDefects(one.id, graphOf(one), graphOperators(), judgeGraph, choice),
    ];
    progress(`${one.id}: ${results.length} defects, ${results.filter(({ verdict }) => verdict !== "killed").length} survived`);
    return results;
  });
}

type Measured = { readonly specifications?: readonly DefectResult[]; readonly code?: CodeMeasurement };

async function measure({ all, seed, golden, parts }: Options): Promise<Measured> {
  const corpus = readCorpus(golden);
  progress(`${corpus.length} orders`);
  return {
    ...(parts.includes("specifications") ? { specifications: measureSpecifications(corpus, seed, all ? Infinity : DEFECTS_PER_OPERATOR) } : {}),
    ...(parts.includes("code") ? { code: await measureCode(corpus, { seed, perOrder: all ? Infinity : MUTANTS_PER_ORDER, offline: all }, progress) } : {}),
  };
}

function figuresOf({ specifications, code }: Measured, seed: string): Figures {
  return {
    seed,
    ...(specifications === undefined ? {} : { specifications: specificationFigures(specifications) }),
    ...(code === undefined ? {} : { code: codeFigures(code) }),
  };
}

function readBaseline(): Baseline | undefined {
  return existsSync(BASELINE) ? baselineSchema.parse(JSON.parse(readFileSync(BASELINE, "utf8"))) : undefined;
}

function textOf({ specifications, code }: Measured): string {
  const says = new Map([...orderOperators(), ...graphOperators()].map((operator) => [operator.name, operator.says]));
  return [...(specifications === undefined ? [] : [specificationText(specifications, says)]), ...(code === undefined ? [] : [codeText(code)])].join("\n\n");
}

async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (err) {
    if (!(err instanceof TypeError)) throw err;
    process.stderr.write(`${err.message}\n\n${HELP}`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const measured = await measure(options);
  // The sample that the baseline is of has a seed of its own name; everything is another set.
  const figures = figuresOf(measured, options.all ? `all of ${options.seed}` : options.seed);
  if (options.update) writeFileSync(BASELINE, `${JSON.stringify(baselineSchema.parse(figures), null, 2)}\n`);
  const problems = shortfalls(figures, options.update ? undefined : readBaseline());
  if (options.json) console.log(JSON.stringify({ figures, shortfalls: problems, ...measured }));
  else console.log([textOf(measured), "", ...(problems.length === 0 ? ["Every rate holds."] : problems)].join("\n"));
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = await main();
