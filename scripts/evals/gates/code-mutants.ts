/** Mutates the accepted code of orders and asks their checks. */
import { compileWorkGraph } from "@factory/compiler";
import { checkReport } from "@factory/schemas";
import type { Sandbox } from "@factory/verification";
import pMap from "p-map";
import { startSandbox } from "../../platform/sandbox-supervisor.ts";
import { offlineSolution } from "./accepted-code.ts";
import { CompileCheck } from "./compiles.ts";
import { compileRequestOf } from "./corpus.ts";
import type { CorpusOrder } from "./corpus.ts";
import { graphOf } from "./gates-under-test.ts";
import { MutantChecks } from "./mutant-checks.ts";
import type { AcceptedCode, MutantVerdict } from "./mutant-checks.ts";
import { mutantsOf } from "./mutants.ts";
import type { Mutant } from "./mutants.ts";
import { sample } from "./sampling.ts";

/** One mutant with what became of it. */
export type MutantResult = Omit<Mutant, "source"> & { readonly orderId: string; readonly verdict: MutantVerdict };

/** What the code part measured. */
export type CodeMeasurement = {
  readonly results: readonly MutantResult[];
  /** Mutants that the type checker refuses: counted nowhere else. */
  readonly uncompilable: number;
  /** Orders without accepted code. */
  readonly without: readonly string[];
};

export type MutantChoice = {
  readonly seed: string;
  /** Most mutants of one order. */
  readonly perOrder: number;
  /** Whether the offline model writes the code of orders without a committed solution: a search that takes seconds an order. */
  readonly offline: boolean;
};

/** Jobs in flight: what the sandbox runs at once on the machine the project is sized for. */
const JOBS = 4;

/**
 * Measures the code of every order that has some.
 *
 * @param onProgress - told what is being done, a line each
 * @throws Error when a committed solution is not accepted, or when the sandbox gives no verdict
 */
export async function measureCode(corpus: readonly CorpusOrder[], choice: MutantChoice, onProgress: (line: string) => void): Promise<CodeMeasurement> {
  const handle = await startSandbox();
  const sandbox: Sandbox = { check: async (job) => checkReport.parse(await handle.check(job)) };
  const results: MutantResult[] = [];
  const without: string[] = [];
  let uncompilable = 0;
  try {
    for (const order of corpus) {
      const code = await codeOf(order, choice.offline);
      if (code === undefined) {
        without.push(order.id);
        continue;
      }
      const checks = new MutantChecks(code, sandbox);
      const problems = await checks.problems();
      // What the offline model writes first may fail a hidden example, as it may in a session; a committed solution may not.
      if (problems.length > 0 && order.solution !== undefined) throw new Error(`The code of ${order.id} is not accepted: ${problems.join(" ")}`);
      if (problems.length > 0) {
        without.push(order.id);
        continue;
      }
      const found = await measureOrder(code, checks, choice);
      results.push(...found.results);
      uncompilable += found.uncompilable;
      onProgress(`${order.id}: ${found.results.length} mutants, ${found.results.filter(({ verdict }) => verdict === "survived").length} survived`);
    }
  } finally {
    await handle.stop();
  }
  return { results, uncompilable, without };
}

async function codeOf(order: CorpusOrder, offline: boolean): Promise<AcceptedCode | undefined> {
  const solution = order.solution ?? (offline ? await offlineSolution(compileWorkGraph(compileRequestOf(order))) : undefined);
  if (solution === undefined) return undefined;
  return { orderId: order.id, files: new Map([...Object.entries(order.baseTree), ...solution]), delivered: [...solution.keys()], graph: graphOf(order) };
}

async function measureOrder(
  code: AcceptedCode,
  checks: MutantChecks,
  { seed, perOrder }: Omit<MutantChoice, "offline">,
): Promise<Pick<CodeMeasurement, "results" | "uncompilable">> {
  const { chosen, uncompilable } = await chosenMutants(code, seed, perOrder);
  const results = await pMap(
    chosen,
    async (mutant): Promise<MutantResult> => {
      const { source: _source, ...rest } = mutant;
      return { ...rest, orderId: code.orderId, verdict: await checks.judge(mutant) };
    },
    { concurrency: JOBS },
  );
  return { results, uncompilable };
}

/** Mutants that compile. Compiling costs more than choosing, so that of a sample only its members are tried. */
async function chosenMutants(code: AcceptedCode, seed: string, perOrder: number): Promise<{ readonly chosen: Mutant[]; readonly uncompilable: number }> {
  const sources = new Map([...code.files].filter(([path]) => code.delivered.includes(path) && path.startsWith("src/")));
  const all = await mutantsOf(sources);
  using compiles = new CompileCheck(new Map([...code.files].filter(([path]) => path.startsWith("src/"))));
  const tried = sample(all, ({ id }) => `${code.orderId}\0${id}`, seed, perOrder);
  const chosen = tried.filter(({ path, source }) => compiles.accepts(path, source));
  return { chosen, uncompilable: tried.length - chosen.length };
}
