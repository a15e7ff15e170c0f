/** What every command of `factory` is made of. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { createFactoryClient, type FactoryClient } from "../client.ts";
import { readCredentials, readPlatformUrl, type Credentials } from "../credentials.ts";
import { UsageError } from "../errors.ts";

/** One command: how it is called, what it does, and how it runs; it answers its exit code. */
export type Command = {
  readonly usage: string;
  readonly summary: string;
  readonly options?: NonNullable<ParseArgsConfig["options"]>;
  /** One line an option, for `--help`. */
  readonly help?: readonly string[];
  /** True for a command that asks no platform: it takes neither `--url` nor an API key. */
  readonly offline?: true;
  run(context: CommandContext): Promise<number>;
};

export type CommandContext = {
  readonly positionals: readonly string[];
  readonly values: { readonly [name: string]: string | boolean | (string | boolean)[] | undefined };
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  credentials(): Credentials;
  client(): FactoryClient;
  print(text: string): void;
};

/** Options every command takes, and those of the commands that ask the platform. */
const COMMON = { help: { type: "boolean", short: "h" }, json: { type: "boolean" } } as const;
const ONLINE = { url: { type: "string" }, key: { type: "string" } } as const;

const JSON_HELP = "--json          one JSON object a line";

export const OFFLINE_HELP = [JSON_HELP] as const;

export const COMMON_HELP = [
  JSON_HELP,
  "--url URL       the platform's address (default: the running one, else http://127.0.0.1:8787)",
  "--key KEY       the API key (default: FACTORY_API_KEY, else .factory/dev-key.json)",
] as const;

/** Reads a command's arguments. @throws UsageError for an option or argument it does not take. */
export function contextOf(command: Command, args: readonly string[], env: NodeJS.ProcessEnv): CommandContext {
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options: { ...COMMON, ...(command.offline === true ? {} : ONLINE), ...command.options }, allowPositionals: true });
  } catch (err) {
    throw new UsageError(`${err instanceof Error ? err.message : String(err)}\nUsage: factory ${command.usage}`);
  }
  const directory = workingDirectory(env);
  const values: CommandContext["values"] = parsed.values;
  const text = (name: string): string | undefined => (typeof values[name] === "string" ? values[name] : undefined);
  const credentials = (): Credentials => readCredentials(directory, env, text("key"));
  return {
    positionals: parsed.positionals,
    values,
    directory,
    env,
    credentials,
    client: () => createFactoryClient({ url: text("url") ?? readPlatformUrl(directory, env), apiKey: credentials().apiKey }),
    print: (line) => void process.stdout.write(`${line}\n`),
  };
}

/** Where the caller stands: npm runs a script in the project's folder and keeps the caller's in INIT_CWD. */
function workingDirectory(env: NodeJS.ProcessEnv): string {
  return (env["npm_lifecycle_event"] === "factory" ? env["INIT_CWD"] : undefined) ?? process.cwd();
}

/** The argument at a place. @throws UsageError when it is missing. */
export function argument(context: CommandContext, index: number, name: string): string {
  const value = context.positionals[index];
  if (value === undefined) throw new UsageError(`${name} is missing; see --help.`);
  return value;
}

/** The text of an option, or undefined when it is not given. */
export function optionText(context: CommandContext, name: string): string | undefined {
  const value = context.values[name];
  return typeof value === "string" ? value : undefined;
}
