/** `factory admin health` and `factory admin operations`. */
import { toJson, type DescMessage, type JsonObject, type MessageShape } from "@bufbuild/protobuf";
import { ObjectHealthResponseSchema, OperationsResponseSchema } from "@factory/schemas/proto";
import { EXIT, UsageError } from "../errors.ts";
import { healthLines, operationsLines } from "../operations-text.ts";
import { argument, optionText, type CommandContext } from "./command.ts";

/** Prints the health of each object of a session. */
export async function health(context: CommandContext): Promise<number> {
  const sessionId = argument(context, 1, "SESSION");
  const answer = await context.client().admin.objectHealth({ sessionId });
  if (context.values["json"] === true) printJson(context, ObjectHealthResponseSchema, answer);
  else for (const line of healthLines(answer)) context.print(line);
  return EXIT.completed;
}

/** Prints how the organisation's operations do. */
export async function operations(context: CommandContext): Promise<number> {
  const answer = await context.client().admin.operations({ limit: limitOf(context), deadLetters: 0 });
  if (context.values["json"] === true) printJson(context, OperationsResponseSchema, answer);
  else for (const line of operationsLines(answer)) context.print(line);
  return EXIT.completed;
}

/** Counts of zero are written, so that what is left out is what is not known. */
function printJson<Desc extends DescMessage>(context: CommandContext, schema: Desc, answer: MessageShape<Desc>): void {
  // The JSON of a message that is no well-known type is an object.
  const json = toJson(schema, answer, { alwaysEmitImplicit: true }) as JsonObject;
  context.print(JSON.stringify({ outcome: "COMPLETED", ...json }));
}

/** `--limit`; 0 where it is not given, which leaves the number to the gateway. @throws UsageError for what is no limit. */
export function limitOf(context: CommandContext): number {
  const text = optionText(context, "limit");
  if (text === undefined) return 0;
  if (!/^[1-9]\d{0,2}$/.test(text) || Number(text) > 100) throw new UsageError("--limit is a number from 1 to 100.");
  return Number(text);
}
