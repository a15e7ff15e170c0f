/** What the commands about organisations, members and keys have in common. */
import { toJson, type DescMessage, type JsonObject, type MessageShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { EXIT, UsageError } from "../errors.ts";
import { ABSENT } from "../text-table.ts";
import { optionText, type CommandContext } from "./command.ts";

/** Said below a secret that is shown. */
export const SHOWN_ONCE = "It is shown once and stored nowhere: keep it where only its holder can read it.";

const SECONDS: { readonly [unit: string]: number } = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Names that an option lists, given once or several times; empty without it. */
export function listOf(context: CommandContext, name: string): string[] {
  const given = context.values[name];
  if (!Array.isArray(given)) return [];
  return given.flatMap((text) => (typeof text === "string" ? text.split(",").map((part) => part.trim()) : [])).filter((part) => part !== "");
}

/** The text of an option that is needed. @throws UsageError without it */
export function needed(context: CommandContext, name: string, why: string): string {
  const text = optionText(context, name);
  if (text === undefined || text.trim() === "") throw new UsageError(`--${name} is needed: ${why}; see --help.`);
  return text;
}

/** Seconds of a span such as 90s, 30m, 24h or 7d. @throws UsageError for another text */
export function spanOf(context: CommandContext, name: string, fallback: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(optionText(context, name) ?? fallback) ?? [];
  const seconds = SECONDS[unit ?? ""];
  if (count === undefined || seconds === undefined) throw new UsageError(`--${name} is a span of time, such as 90s, 30m, 24h or 7d; see --help.`);
  return Number(count) * seconds;
}

/** The time of `--expires`, or undefined without it. @throws UsageError for a text that is none */
export function expiryOf(context: CommandContext): Timestamp | undefined {
  const text = optionText(context, "expires");
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError("--expires is a time, such as 2027-01-01T00:00:00Z; see --help.");
  return timestampFromMs(at);
}

/** A time as people read it; a dash where there is none. */
export function moment(at: Timestamp | undefined): string {
  return at === undefined
    ? ABSENT
    : timestampDate(at)
        .toISOString()
        .replace(/\.\d+Z$/, "Z");
}

/** Prints an answer's fields as the one line of `--json`, with `more` beside them, or its lines for people. */
export function tell<D extends DescMessage>(
  context: CommandContext,
  schema: D,
  answer: MessageShape<D>,
  lines: () => readonly string[],
  more: { readonly [field: string]: string } = {},
): number {
  if (context.values["json"] === true) {
    // A message's JSON is an object.
    const fields = toJson(schema, answer, { alwaysEmitImplicit: true }) as JsonObject;
    context.print(JSON.stringify({ outcome: "COMPLETED", ...fields, ...more }));
  } else {
    for (const line of lines()) context.print(line);
  }
  return EXIT.completed;
}

/** Refuses arguments beyond those that a verb takes. @throws UsageError */
export function atMost(context: CommandContext, count: number, usage: string): void {
  if (context.positionals.length > count) throw new UsageError(`Too many arguments.\nUsage: factory ${usage}`);
}
