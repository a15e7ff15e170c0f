/** What `factory --help` and `factory <command> --help` print. */
import { COMMON_HELP, OFFLINE_HELP, type Command } from "./commands/command.ts";

/** Commands by name, and what they are for. */
export type CommandGroup = { readonly title: string; readonly commands: { readonly [name: string]: Command } };

/** Every command with its summary, by what it is for. */
export function overviewText(groups: readonly CommandGroup[]): string {
  const width = Math.max(...groups.flatMap(({ commands }) => Object.keys(commands)).map((name) => name.length));
  const blocks = groups.map(({ title, commands }) => [
    title,
    ...Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    "",
  ]);
  return [
    "Usage: factory <command> [options]",
    "",
    ...blocks.flat(),
    "`factory <command> --help` tells more. Exit codes: 0 completed, 1 failed, 2 usage, 3 refused, 4 needs a person.",
  ].join("\n");
}

/** How a command is called, what it does, and its options in two columns; sentences that are about no option follow. */
export function helpText(command: Command): string {
  const lines = [...(command.help ?? []), ...(command.offline === true ? OFFLINE_HELP : COMMON_HELP)];
  const options = lines.flatMap((line) => columnsOf(line) ?? []);
  const width = Math.max(...options.map(({ name }) => name.length));
  const sentences = lines.filter((line) => columnsOf(line) === null);
  return [
    ...usageLines(command.usage),
    "",
    `  ${command.summary}`,
    "",
    ...options.map(({ name, text }) => `  ${name.padEnd(width)}  ${text}`),
    ...(sentences.length === 0 ? [] : ["", ...sentences.map((sentence) => `  ${sentence}`)]),
  ].join("\n");
}

/** One line for each way to call the command: they are parted by a bar that the command's name follows. */
function usageLines(usage: string): string[] {
  const [name = ""] = usage.split(" ", 1);
  const [first = "", ...others] = usage.split(` | ${name} `);
  return [`Usage: factory ${first}`, ...others.map((other) => `       factory ${name} ${other}`)];
}

/** What a line of help is about and what it says of it, parted by two spaces or more; null for a sentence. */
function columnsOf(line: string): { readonly name: string; readonly text: string } | null {
  const [, name, text] = /^(\S.*?) {2,}(\S.*)$/.exec(line) ?? [];
  return name === undefined || text === undefined ? null : { name, text };
}
