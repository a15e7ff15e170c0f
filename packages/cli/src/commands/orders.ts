/** Commands about an order before it is a session: validate, envelope. */
import { resolve } from "node:path";
import { toJsonString } from "@bufbuild/protobuf";
import type { OrderFault, WorkOrder } from "@factory/schemas";
import { SubmitSessionRequestSchema } from "@factory/schemas/proto";
import { intakeFaults } from "@factory/compiler";
import { EXIT } from "../errors.ts";
import { readSubmission, signedRequest, type Submission } from "../submission.ts";
import { argument, type Command, type CommandContext } from "./command.ts";

/** Options of a command that reads an order with its files. */
export const FILES_OPTION = { files: { type: "string", multiple: true } } as const;
export const FILES_HELP = "--files GLOB    attach files, relative to the order; may be repeated";

/** Reads the order a command names; with faults they are printed and nothing is answered. */
export function readOrder(context: CommandContext): Submission | undefined {
  const path = argument(context, 0, "ORDER.md");
  const more = context.values["files"];
  const submission = readSubmission(resolve(context.directory, path), Array.isArray(more) ? more.map(String) : []);
  if (submission.parsed !== undefined) return submission;
  printFaults(context, path, submission.faults);
  return undefined;
}

function printFaults(context: CommandContext, path: string, faults: readonly OrderFault[]): void {
  const json = context.values["json"] === true;
  for (const { line, rule, fix } of faults) context.print(json ? JSON.stringify({ line, rule, fix }) : `${path}:${line}: ${rule}: ${fix}`);
  if (json) context.print(JSON.stringify({ outcome: "REFUSED", reason: `${path} has ${faults.length} faults.`, faults: faults.length }));
}

/** What the intake gate will refuse the order for. */
function refusals({ files }: Submission, order: WorkOrder): OrderFault[] {
  return intakeFaults({ order, baseTree: Object.fromEntries(files.map(({ path, content }) => [path, content])) });
}

export const validate: Command = {
  usage: "validate ORDER.md",
  summary: "check a work order without sending it, as the parser and the intake gate do; every fault with its line and fix",
  options: FILES_OPTION,
  help: [FILES_HELP],
  async run(context) {
    const submission = readOrder(context);
    const order = submission?.parsed;
    if (submission === undefined || order === undefined) return EXIT.refused;
    const faults = refusals(submission, order);
    if (faults.length > 0) {
      printFaults(context, argument(context, 0, "ORDER.md"), faults);
      return EXIT.refused;
    }
    const counts = {
      criteria: order.acceptanceCriteria.length,
      functions: order.functions.length,
      examples: order.examples.length,
      files: submission.files.length,
    };
    context.print(
      context.values["json"] === true
        ? JSON.stringify({ ok: true, title: order.title, ...counts })
        : `${order.title}: ${Object.entries(counts)
            .map(([name, count]) => `${count} ${name}`)
            .join(", ")}`,
    );
    return EXIT.completed;
  },
};

export const envelope: Command = {
  usage: "envelope ORDER.md [--files GLOB]...",
  summary: "print a signed SubmitSession request that `buf curl -d @-` can send within 60 seconds",
  options: FILES_OPTION,
  help: [FILES_HELP],
  async run(context) {
    const submission = readOrder(context);
    if (submission === undefined) return EXIT.refused;
    context.print(toJsonString(SubmitSessionRequestSchema, await signedRequest(submission, context.credentials())));
    return EXIT.completed;
  },
};
