/**
 * The command for policies. Those of the knowing-state are put in force: checked here by line, then by the platform; shown before
 * anything is written. Those that say who may do what are part of the factory; their tests are run here.
 */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { policyDiff, readPolicies, type PolicyFault, type ReadPolicy } from "@factory/governance/policies";
import { ErrorDetailSchema, type ApplyPolicyResponse } from "@factory/schemas/proto";
import type { FactoryClient } from "../client.ts";
import { EXIT, UsageError } from "../errors.ts";
import { paintDiff } from "../paint-diff.ts";
import { oneLine, paintFor } from "../terminal-text.ts";
import { argument, type Command, type CommandContext } from "./command.ts";
import { standardOutput } from "./sessions.ts";

/** Largest policy file, in bytes: 1 MiB. */
const MAX_FILE_BYTES = 1_048_576;

const USAGE = "policy apply FILE.yaml [--dry-run] | policy test [DIR]";

export const policy: Command = {
  usage: USAGE,
  summary: "put a policy for agents in force, or see what it would change; test the policies that say who may do what",
  options: { "dry-run": { type: "boolean" } },
  help: [
    "--dry-run       show what would change and write nothing",
    "test            asks no platform; DIR is packages/governance/policies unless it is named",
  ],
  async run(context) {
    const verb = argument(context, 0, "apply or test");
    if (verb === "test") {
      // The engine takes longer to load than most commands take.
      const { policyTest } = await import("./policy-test.ts");
      return policyTest(context, context.positionals[1]);
    }
    if (verb !== "apply") throw new UsageError(`There is no \`policy ${verb}\`.\nUsage: factory ${USAGE}`);
    const path = argument(context, 1, "FILE.yaml");
    const { policies, faults } = readPolicies(readText(resolve(context.directory, path)));
    if (faults.length > 0) return refused(context, path, faults);
    const previews = await Promise.all(policies.map((read) => preview(context.client(), read)));
    const problems = previews.flatMap((result) => ("faults" in result ? result.faults : []));
    if (problems.length > 0) return refused(context, path, problems);
    return apply(
      context,
      previews.flatMap((result) => ("faults" in result ? [] : [result])),
    );
  },
};

function readText(path: string): string {
  try {
    if (statSync(path).size > MAX_FILE_BYTES) throw new UsageError(`${path} is larger than ${MAX_FILE_BYTES} bytes.`);
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  } catch (err) {
    if (err instanceof UsageError) throw err;
    throw new UsageError(`${path} cannot be read: ${err instanceof Error ? err.message : String(err)}`);
  }
}

/** Prints each fault by its line, in line order. */
function refused(context: CommandContext, path: string, faults: readonly PolicyFault[]): number {
  const json = context.values["json"] === true;
  for (const { line, problem } of faults.toSorted((a, b) => a.line - b.line)) {
    context.print(json ? JSON.stringify({ line, problem }) : `${path}:${line}: ${oneLine(problem)}`);
  }
  if (json) context.print(JSON.stringify({ outcome: "REFUSED", reason: `${path} has ${faults.length} faults; nothing was applied.`, faults: faults.length }));
  return EXIT.refused;
}

type Previewed = { readonly read: ReadPolicy; readonly answer: ApplyPolicyResponse };

/** What the platform would make of a policy; what it finds wrong is told by the file's lines. */
async function preview(client: FactoryClient, read: ReadPolicy): Promise<Previewed | { readonly faults: readonly PolicyFault[] }> {
  try {
    return { read, answer: await client.admin.applyPolicy({ policy: requested(read), dryRun: true }) };
  } catch (err) {
    const found = ConnectError.from(err)
      .findDetails(ErrorDetailSchema)
      .flatMap(({ problems }) => problems);
    if (found.length === 0) throw err;
    return { faults: found.map(({ field, problem }) => ({ line: read.lineOf(field), problem: `${field} ${problem}` })) };
  }
}

function requested({ policy: { scope, autonomy, rules, effective_at: effectiveAt = "", expires_at: expiresAt = "" } }: ReadPolicy) {
  return { scope, autonomy, rules, effectiveAt, expiresAt };
}

/** Shows every change, then makes them one by one: exactly what was shown, on exactly the head it was shown against. */
async function apply(context: CommandContext, previews: readonly Previewed[]): Promise<number> {
  const json = context.values["json"] === true;
  const dryRun = context.values["dry-run"] === true;
  if (!json) for (const { answer } of previews) context.print(changeText(context, answer));
  const results: object[] = [];
  for (const { read, answer } of previews) {
    const done = dryRun || !answer.changed ? answer : await applied(context.client(), read, answer);
    results.push(resultOf(answer, done));
    if (!json && done !== answer) context.print(`applied: ${done.policy?.scope ?? ""} version ${done.version}, ${done.beadId}`);
  }
  if (json) context.print(JSON.stringify({ outcome: "COMPLETED", dryRun, policies: results }));
  else if (dryRun) context.print("dry run: nothing was written");
  return EXIT.completed;
}

async function applied(client: FactoryClient, read: ReadPolicy, shown: ApplyPolicyResponse): Promise<ApplyPolicyResponse> {
  const effectiveAt = shown.policy?.effectiveAt ?? "";
  return client.admin.applyPolicy({ policy: { ...requested(read), effectiveAt }, expectedHead: shown.previousBeadId });
}

function changeText(context: CommandContext, answer: ApplyPolicyResponse): string {
  const paint = paintFor(standardOutput().isTTY, context.env);
  const scope = answer.policy?.scope ?? "";
  const head = answer.changed ? paintDiff(policyDiff(answer), paint) : `${scope}: nothing changes (version ${answer.version})`;
  return [head, ...answer.notes.map((note) => paint("yellow", `note: ${oneLine(note)}`))].join("\n");
}

function resultOf(shown: ApplyPolicyResponse, { beadId, previousBeadId, version }: ApplyPolicyResponse): object {
  const { changed, policy: now, notes } = shown;
  return { scope: now?.scope ?? "", changed, version, beadId, previousBeadId, notes, diff: policyDiff(shown) };
}
