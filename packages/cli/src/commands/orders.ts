/** Commands about an order before it is a session: validate, envelope. */
import { resolve } from "node:path";
import { toJsonString } from "@bufbuild/protobuf";
import { SubmitSessionRequestSchema } from "@factory/schemas/proto";
import { EXIT } from "../errors.ts";
import { readSubmission, signedRequest, type Submission } from "../submission.ts";
import { argument, type Command, type CommandContext } from "./command.ts";

/** Reads the order a command names; with faults they are printed and nothing is answered. */
export function readOrder(context: CommandContext): Submission | undefined {
  const path = argument(context, 0, "ORDER.md");
  const submission = readSubmission(resolve(context.directory, path));
  if (submission.parsed !== undefined) return submission;
  for (const { line, rule, fix } of submission.faults) {
    context.print(context.values["json"] === true ? JSON.stringify({ line, rule, fix }) : `${path}:${line}: ${rule}: ${fix}`);
  }
  return undefined;
}

export const validate: Command = {
  usage: "validate ORDER.md",
  summary: "check a work order without sending it; every fault with its line and fix",
  async run(context) {
    const submission = readOrder(context);
    const order = submission?.parsed;
    if (submission === undefined || order === undefined) return EXIT.refused;
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
  usage: "envelope ORDER.md",
  summary: "print a signed SubmitSession request that `buf curl -d @-` can send within 60 seconds",
  async run(context) {
    const submission = readOrder(context);
    if (submission === undefined) return EXIT.refused;
    context.print(toJsonString(SubmitSessionRequestSchema, await signedRequest(submission, context.credentials())));
    return EXIT.completed;
  },
};
