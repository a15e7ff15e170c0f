/** `factory plan`: what an order would become, without a platform and without spending. */
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Cassette } from "@factory/models";
import type { PlanOutcome, SimulatedPlan } from "@factory/planning";
import type { PlanModels, PlanSource } from "@factory/planning/models";
import { reasonOfPlan } from "@factory/planning/words";
import { FactoryError } from "@factory/schemas";
import { EXIT, UsageError } from "../errors.ts";
import type { Outcome } from "../outcome.ts";
import { planText } from "../plan-text.ts";
import { paintFor } from "../terminal-text.ts";
import { argument, optionText, type Command, type CommandContext } from "./command.ts";
import { FILES_HELP, FILES_OPTION, readOrder } from "./orders.ts";
import { standardOutput } from "./sessions.ts";

/** Largest cassette that is read, in bytes: 32 MiB. */
const MAX_CASSETTE_BYTES = 33_554_432;

/** How a plan ends the command, in the words of `contracts.md` 6. */
const ENDS: { readonly [O in PlanOutcome]: { readonly outcome: Outcome; readonly exit: number } } = {
  planned: { outcome: "COMPLETED", exit: EXIT.completed },
  refused: { outcome: "REFUSED", exit: EXIT.refused },
  "needs-person": { outcome: "IN_REVIEW", exit: EXIT.needsPerson },
  failed: { outcome: "FAILED", exit: EXIT.failed },
};

export const plan: Command = {
  usage: "plan ORDER.md [--cassette FILE | --record FILE] [--mermaid] [--files GLOB]...",
  summary: "what an order would become: claims, options, work graph, gates, cost, and where a person is asked",
  offline: true,
  options: { cassette: { type: "string" }, record: { type: "string" }, mermaid: { type: "boolean" }, ...FILES_OPTION },
  help: [
    "--cassette FILE  have the planning passes answered by what was recorded (default: by the offline model)",
    "--record FILE   ask the models of FACTORY_MODELS at MODEL_BASE_URL, which SPENDS, and keep their answers in FILE",
    "--mermaid       print the work graph as a Mermaid flowchart and nothing else",
    FILES_HELP,
    "No platform is needed. The estimate is for the models of FACTORY_MODELS with the prices of FACTORY_MODEL_PRICES.",
    "Exit codes: 0 every gate passes, 1 a model gave no answer, 2 usage, 3 refused, 4 planning stops until a person answers.",
  ],
  async run(context) {
    if (context.values["json"] === true && context.values["mermaid"] === true) throw new UsageError("--json and --mermaid exclude each other; see --help.");
    const submission = readOrder(context);
    if (submission?.parsed === undefined) return EXIT.refused;
    const { text, parsed: order, files } = submission;
    const { models, keep } = await prepare(context);
    const { simulatePlan } = await import("@factory/planning");
    try {
      const simulated = await simulatePlan({ text, order, files, ...models });
      await print(context, simulated, models);
      return ENDS[simulated.outcome].exit;
    } finally {
      // What was answered was paid for, however the plan ended.
      keep();
    }
  },
};

type Prepared = { readonly models: PlanModels; readonly keep: () => void };

/** The model library is loaded only here: no other command needs it, and it takes longer than most of them run. */
async function prepare(context: CommandContext): Promise<Prepared> {
  const [played, recorded] = [optionText(context, "cassette"), optionText(context, "record")];
  if (played !== undefined && recorded !== undefined) throw new UsageError("--cassette and --record exclude each other; see --help.");
  const [{ Cassette: Tape, configuredModels }, { planModels }] = await Promise.all([import("@factory/models"), import("@factory/planning/models")]);
  const nothing = (): void => undefined;
  return usable(() => {
    if (played !== undefined)
      return { models: planModels({ kind: "cassette", cassette: Tape.parse(readCassette(context, played)) }, context.env), keep: nothing };
    if (recorded === undefined) return { models: planModels({ kind: "offline" }, context.env), keep: nothing };
    if (configuredModels(context.env)["factory/architect"]?.every((name) => name === "offline") !== false)
      throw new UsageError('--record needs a model to ask: set FACTORY_MODELS such as {"factory/architect":"openai:<model>"} and MODEL_BASE_URL; see --help.');
    const cassette = existing(context, recorded, Tape);
    const source: PlanSource = { kind: "record", cassette };
    const models = planModels(source, context.env);
    // Before anything is spent it is sure that the answers can be kept.
    writeCassette(context, recorded, cassette);
    process.stderr.write(`Recording: the planning questions go to ${context.env["MODEL_BASE_URL"] ?? ""}. This spends.\n`);
    const keep = (): void => {
      writeCassette(context, recorded, cassette);
      process.stderr.write(`${recorded} holds ${cassette.size} answers.\n`);
    };
    return { models, keep };
  });
}

/** What a person has to correct is a fault of the call, whoever found it. */
function usable<T>(read: () => T): T {
  try {
    return read();
  } catch (err) {
    if (err instanceof FactoryError && (err.code === "MODEL_CONFIG" || err.code === "INVALID_ARGUMENT")) throw new UsageError(`${err.message} See --help.`);
    throw err;
  }
}

/** A cassette that is there is added to: one file may hold the answers of many orders. */
function existing(context: CommandContext, path: string, Tape: typeof Cassette): Cassette {
  const there = statSync(resolve(context.directory, path), { throwIfNoEntry: false }) !== undefined;
  return there ? Tape.parse(readCassette(context, path)) : new Tape();
}

function readCassette(context: CommandContext, path: string): string {
  const whole = resolve(context.directory, path);
  try {
    if (statSync(whole).size > MAX_CASSETTE_BYTES) throw new UsageError(`${path} is larger than ${MAX_CASSETTE_BYTES} bytes.`);
    return readFileSync(whole, "utf8");
  } catch (err) {
    if (err instanceof UsageError) throw err;
    throw new UsageError(`${path} cannot be read: ${err instanceof Error ? err.message : String(err)}`);
  }
}

/** Written beside and moved into place, so that what was recorded before is never lost half-way. */
function writeCassette(context: CommandContext, path: string, cassette: Cassette): void {
  const whole = resolve(context.directory, path);
  const draft = `${whole}.${process.pid}.part`;
  try {
    writeFileSync(draft, cassette.serialize());
    renameSync(draft, whole);
  } catch (err) {
    throw new UsageError(`${path} cannot be written: ${err instanceof Error ? err.message : String(err)}`);
  }
}

async function print(context: CommandContext, simulated: SimulatedPlan, { answeredBy }: PlanModels): Promise<void> {
  const { outcome } = ENDS[simulated.outcome];
  const reason = reasonOfPlan(simulated);
  if (context.values["json"] === true) {
    context.print(JSON.stringify({ outcome, ...(reason === "" ? {} : { reason }), plan: simulated }));
    return;
  }
  if (context.values["mermaid"] === true) {
    const { mermaidOf } = await import("@factory/planning");
    process.stdout.write(mermaidOf(simulated));
    if (reason !== "") process.stderr.write(`${outcome}: ${reason}\n`);
    return;
  }
  const { isTTY, columns } = standardOutput();
  context.print(
    planText(simulated, { answeredBy, orderPath: argument(context, 0, "ORDER.md"), columns: isTTY ? columns : undefined, paint: paintFor(isTTY, context.env) }),
  );
}
