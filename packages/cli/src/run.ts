/** The `factory` command: picks the command, runs it, and turns failures into text and exit codes. */
import { admin } from "./commands/admin.ts";
import { contextOf, type Command } from "./commands/command.ts";
import { consent } from "./commands/consent.ts";
import { deliverable, evidence } from "./commands/delivery.ts";
import { knowingState, trust } from "./commands/governance.ts";
import { key } from "./commands/key.ts";
import { impact, lineage, why } from "./commands/lineage.ts";
import { member } from "./commands/member.ts";
import { envelope, validate } from "./commands/orders.ts";
import { org } from "./commands/org.ts";
import { plan } from "./commands/plan.ts";
import { policy } from "./commands/policy.ts";
import { amend, approve, reject } from "./commands/reviews.ts";
import { cancel, events, status, submit } from "./commands/sessions.ts";
import { verify } from "./commands/verify.ts";
import { whoami } from "./commands/whoami.ts";
import { errorText } from "./error-text.ts";
import { EXIT, UsageError } from "./errors.ts";
import { helpText, overviewText, type CommandGroup } from "./help.ts";

/** By what they are for, in the order in which a person comes to need them. */
const GROUPS: readonly CommandGroup[] = [
  { title: "Before an order is sent", commands: { plan, validate, envelope } },
  { title: "Sessions", commands: { submit, status, events, approve, reject, amend, cancel } },
  { title: "What came of one", commands: { deliverable, evidence, verify } },
  { title: "Why it is so", commands: { why, lineage, impact } },
  { title: "What governs agents and people", commands: { "knowing-state": knowingState, trust, consent, policy } },
  { title: "Your organisation", commands: { whoami, org, member, key } },
  { title: "Operations", commands: { admin } },
];

const COMMANDS: { readonly [name: string]: Command } = Object.assign({}, ...GROUPS.map(({ commands }) => commands));

/** Runs one command line and answers its exit code. */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [name = "", ...rest] = args;
  if (name === "" || name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(`${overviewText(GROUPS)}\n`);
    return name === "" ? EXIT.usage : EXIT.completed;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  try {
    if (command === undefined) throw new UsageError(`There is no command ${JSON.stringify(name)}.\n\n${overviewText(GROUPS)}`);
    const context = contextOf(command, rest, env);
    if (context.values["help"] === true) {
      context.print(helpText(command));
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
