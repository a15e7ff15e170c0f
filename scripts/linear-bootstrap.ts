/** `npm run linear:bootstrap`: what Linear needs before the factory shows its work there. Running it again changes nothing. */
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_AUTHORITY, isLoopback, LINEAR_API_URL } from "./lib/host-options.ts";
import { REPOSITORY, STATE } from "./lib/repository.ts";
import { AuthorityFileError, authorityText, readAuthorityFile } from "./linear/authority-file.ts";
import { publishRegistry } from "./linear/publish-registry.ts";
import { setUpLinear } from "./linear/set-up.ts";
import { SetupError, type SetupStep, type StepOutcome } from "./linear/setup-step.ts";
import { runWrangler, type Wrangler } from "./linear/wrangler.ts";

const SECRET_FILE = join(STATE, "linear-webhook-secret");
const REGISTRY_FILE = join(STATE, "linear-authority.json");
const WEBHOOK_PATH = "/webhooks/linear";
const EXIT = { done: 0, problem: 1, usage: 2 } as const;

const HELP = `Usage: LINEAR_API_KEY=... npm run linear:bootstrap -- --url URL [options]

Sets Linear up for the organisations of the authority registry: makes the labels that a team misses and one webhook a team, looks
at the workflow, and publishes the registry. What is there stays; running it again changes nothing and says so.

  --url URL            the factory's address as Linear reaches it (default FACTORY_URL); comments go to URL${WEBHOOK_PATH}
  --authority FILE     the registry (default ${DEFAULT_AUTHORITY})
  --secret-file FILE   where the secret of the webhooks is kept, mode 0600 (default ${relative(REPOSITORY, SECRET_FILE)})
  --apply              run wrangler to publish the registry and to give the secret to the bridge, instead of printing its commands
  --dry-run            only say what would be done
  --json               one JSON object a line; the last one is the result

Environment:
  LINEAR_API_KEY   a personal API key of somebody who administers the workspace
  LINEAR_API_URL   the GraphQL API (default ${LINEAR_API_URL})

A platform on this machine (npm start) publishes the registry itself and takes the secret as FACTORY_LINEAR_WEBHOOK_SECRET.

Exit codes: 0 done, 1 something is left that only a person can mend, 2 usage.`;

/** Where the command gets and puts things; the process's own unless a test says otherwise. */
export type BootstrapSurroundings = {
  readonly env: NodeJS.ProcessEnv;
  readonly print: (line: string) => void;
  readonly printError: (line: string) => void;
  readonly wrangler: Wrangler;
  /** Where the registry stands as JSON for wrangler. */
  readonly registryFile: string;
};

class UsageError extends Error {}

/** Runs the command. @returns its exit code */
export async function linearBootstrap(args: readonly string[], surroundings: BootstrapSurroundings): Promise<number> {
  const { print, printError } = surroundings;
  try {
    const options = optionsOf(args, surroundings.env);
    if (options === null) {
      print(HELP);
      return EXIT.done;
    }
    return await setUp(options, surroundings);
  } catch (err) {
    if (!(err instanceof UsageError || err instanceof AuthorityFileError || err instanceof SetupError)) throw err;
    printError(err.message);
    return err instanceof UsageError ? EXIT.usage : EXIT.problem;
  }
}

type Options = NonNullable<ReturnType<typeof optionsOf>>;

async function setUp({ json, authority, ...options }: Options, { print, wrangler, registryFile }: BootstrapSurroundings): Promise<number> {
  const registry = readAuthorityFile(authority);
  if (!json) print(`The file has ${authorityText(registry)}.`);
  const steps = [
    ...(await setUpLinear({ ...options, registry, wrangler })),
    await publishRegistry(registry, { file: registryFile, apply: options.apply, dryRun: options.dryRun, wrangler }),
  ];
  for (const line of json ? jsonLines(steps) : textLines(steps)) print(line);
  return steps.some(({ outcome }) => outcome === "problem") ? EXIT.problem : EXIT.done;
}

/** What the arguments ask for; null for help. @throws UsageError */
function optionsOf(args: readonly string[], env: NodeJS.ProcessEnv) {
  const values = valuesOf(args);
  if (values.help === true) return null;
  const apiKey = env["LINEAR_API_KEY"]?.trim() ?? "";
  if (apiKey === "") throw new UsageError("LINEAR_API_KEY is not set. Make a personal API key in Linear (Settings, Security & access) and set it.");
  const apiUrl = addressOf("LINEAR_API_URL", env["LINEAR_API_URL"] ?? LINEAR_API_URL);
  // The key goes there.
  if (apiUrl.protocol !== "https:" && !isLoopback(apiUrl))
    throw new UsageError(`LINEAR_API_URL must be https, since the API key is sent there, not ${apiUrl.href}.`);
  const url = values.url ?? env["FACTORY_URL"] ?? "";
  if (url === "") throw new UsageError("Say with --url where Linear reaches the factory, for example --url https://factory.example.com.");
  const factory = addressOf("--url", url);
  if (!isLoopback(apiUrl) && (factory.protocol !== "https:" || isLoopback(factory)))
    throw new UsageError(`Linear sends only to a public https address, not to ${factory.href}.`);
  return {
    apiKey,
    apiUrl: apiUrl.href,
    webhookUrl: new URL(WEBHOOK_PATH, factory).href,
    authority: values.authority === undefined ? join(REPOSITORY, DEFAULT_AUTHORITY) : resolve(values.authority),
    secretFile: values["secret-file"] === undefined ? SECRET_FILE : resolve(values["secret-file"]),
    apply: values.apply === true,
    dryRun: values["dry-run"] === true,
    json: values.json === true,
  };
}

function valuesOf(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: "string" },
        authority: { type: "string" },
        "secret-file": { type: "string" },
        apply: { type: "boolean" },
        "dry-run": { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (err) {
    throw new UsageError(`${err instanceof Error ? err.message : String(err)}\n\n${HELP}`, { cause: err });
  }
}

function addressOf(name: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol))
    throw new UsageError(`${name} must be an address that begins with http:// or https://, not ${JSON.stringify(text)}.`);
  return url;
}

const MARKS: { readonly [O in StepOutcome]: string } = { unchanged: " ", changed: "+", planned: "~", left: ">", problem: "!" };

/** A line a thing that is not as it was; of what is unchanged, how many. */
function textLines(steps: readonly SetupStep[]): string[] {
  const told = steps.filter(({ outcome }) => outcome !== "unchanged");
  return [...told.map(({ outcome, org, text }) => `${MARKS[outcome]} ${org === undefined ? "" : `${org}: `}${text}`), summary(counts(steps))];
}

function jsonLines(steps: readonly SetupStep[]): string[] {
  return [...steps, { result: counts(steps) }].map((line) => JSON.stringify(line));
}

function counts(steps: readonly SetupStep[]): Record<StepOutcome, number> {
  const of = (wanted: StepOutcome): number => steps.filter(({ outcome }) => outcome === wanted).length;
  return { unchanged: of("unchanged"), changed: of("changed"), planned: of("planned"), left: of("left"), problem: of("problem") };
}

function summary({ unchanged, changed, planned, left, problem }: Record<StepOutcome, number>): string {
  const parts = [
    changed === 0 ? "Nothing was changed" : `${changed} changed`,
    `${unchanged} as they should be`,
    ...(planned === 0 ? [] : [`${planned} would be made`]),
    ...(left === 0 ? [] : [`${left} left to you`]),
    ...(problem === 0 ? [] : [`${problem} to mend`]),
  ];
  return `${parts.join(", ")}.`;
}

if (import.meta.main) {
  process.exitCode = await linearBootstrap(process.argv.slice(2), {
    env: process.env,
    print: console.log,
    printError: console.error,
    wrangler: runWrangler,
    registryFile: REGISTRY_FILE,
  });
}
