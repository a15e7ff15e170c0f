/** The `factory` command: picks the command, runs it, and turns failures into text and exit codes. */
import { admin } from "./commands/admin.ts";
import { COMMON_HELP, OFFLINE_HELP, contextOf, type Command } from "./commands/command.ts";
import { consent } from "./commands/consent.ts";
import { deliverable, evidence } from "./commands/delivery.ts";
import { knowingState, trust } from "./commands/governance.ts";
import { impact, lineage, why } from "./commands/lineage.ts";
import { envelope, validate } from "./commands/orders.ts";
import { plan } from "./commands/plan.ts";
import { policy } from "./commands/policy.ts";
import { amend, approve, reject } from "./commands/reviews.ts";
import { cancel, events, status, submit } from "./commands/sessions.ts";
import { verify } from "./commands/verify.ts";
import { errorText } from "./error-text.ts";
import { EXIT, UsageError } from "./errors.ts";

const COMMANDS: { readonly [name: string]: Command } = {
  submit,
  status,
  events,
  approve,
  reject,
  amend,
  cancel,
  evidence,
  deliverable,
  verify,
  validate,
  plan,
  envelope,
  lineage,
  why,
  impact,
  "knowing-state": knowingState,
  trust,
  consent,
  policy,
  admin,
};

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    "Usage: factory <command> [options]",
    "",
    ...lines,
    "",
    "`factory <command> --help` tells more. Exit codes: 0 completed, 1 failed, 2 usage, 3 refused, 4 needs a person.",
  ].join("\n");
}

function helpOf(command: Command): string {
  return [
    `Usage: factory ${command.usage}`,
    "",
    `  ${command.summary}`,
    "",
    ...[...(command.help ?? []), ...(command.offline === true ? OFFLINE_HELP : COMMON_HELP)].map((line) => `  ${line}`),
  ].join("\n");
}

/** Runs one command line and answers its exit code. */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [name = "", ...rest] = args;
  if (name === "" || name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(`${overview()}\n`);
    return name === "" ? EXIT.usage : EXIT.completed;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  try {
    if (command === undefined) throw new UsageError(`There is no command ${JSON.stringify(name)}.\n\n${overview()}`);
    const context = contextOf(command, rest, env);
    if (context.values["help"] === true) {
      context.print(helpOf(command));
      return EXIT.completed;
    }
    return await command.run(context);
  } catch (err) {
    const { text, code } = errorText(err);
    process.stderr.write(`${text}\n`);
    // The last line of `--json` is a result, whatever the exit code.
    if (rest.includes("--json")) process.stdout.write(`${JSON.stringify({ outcome: code === EXIT.refused ? "REFUSED" : "FAILED", reason: text })}\n`);
    return code;
  }
}
