/** `factory verify`: checks a sealed evidence package offline. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  EvidenceKeyError,
  readPublicKeys,
  shown,
  verifyEvidence,
  type EvidencePublicKey,
  type EvidenceReport,
  type EvidenceStatement,
} from "@factory/verification/evidence";
import { readLocalEvidenceKeys } from "../credentials.ts";
import { readDeliveredTree } from "../delivered-tree.ts";
import { EXIT, UsageError } from "../errors.ts";
import { cost } from "../progress.ts";
import { argument, optionText, type Command, type CommandContext } from "./command.ts";

/** File descriptor of standard input. */
const STDIN = 0;

const HOW_TO_GET_KEYS =
  "Give the factory's public keys with --key FILE: its gateway publishes them, as in `curl -s https://GATEWAY/.well-known/factory-evidence-keys.json | factory verify evidence.json --key -`.";

export const verify: Command = {
  usage: "verify EVIDENCE.json [--tree DIR] [--log FILE] [--key FILE|-]",
  summary: "check a sealed evidence package offline; names the first thing that does not hold",
  offline: true,
  options: { tree: { type: "string" }, log: { type: "string" }, key: { type: "string" } },
  help: [
    "--tree DIR      the delivered files; missing, changed and additional ones are named, evidence.json itself is left out",
    "--log FILE      the session's log, as `factory events SESSION --json` prints it; every hash is computed anew",
    "--key FILE      the factory's public keys as JWK or JWK set; - is standard input (default: the local .factory/dev-key.json)",
    "Exit codes: 0 it holds, 1 it does not hold, 2 usage.",
  ],
  async run(context) {
    const path = argument(context, 0, "EVIDENCE.json");
    const tree = optionText(context, "tree");
    const log = optionText(context, "log");
    const report = await verifyEvidence({
      package: readBytes(context, path),
      keys: keysOf(context),
      ...(tree === undefined ? {} : { tree: readDeliveredTree(resolve(context.directory, tree)) }),
      ...(log === undefined ? {} : { log: new TextDecoder().decode(readBytes(context, log)) }),
    });
    context.print(context.values["json"] === true ? JSON.stringify(resultOf(report)) : textOf(path, report));
    return report.holds ? EXIT.completed : EXIT.failed;
  },
};

function readBytes(context: CommandContext, path: string): Uint8Array {
  try {
    return readFileSync(path === "-" ? STDIN : resolve(context.directory, path));
  } catch (err) {
    throw new UsageError(`${path} cannot be read: ${err instanceof Error ? err.message : String(err)}`);
  }
}

function keysOf(context: CommandContext): EvidencePublicKey[] {
  const path = optionText(context, "key");
  try {
    const keys = path === undefined ? readLocalEvidenceKeys(context.directory) : readPublicKeys(new TextDecoder().decode(readBytes(context, path)));
    if (keys === undefined) throw new UsageError(`There is no local key to verify with; see --help. ${HOW_TO_GET_KEYS}`);
    return keys;
  } catch (err) {
    if (!(err instanceof EvidenceKeyError)) throw err;
    throw new UsageError(`${path ?? "The local key"} cannot be used; see --help. ${err.message}`);
  }
}

/** Why it does not hold, in one sentence. */
function reasonOf({ check, path, expected, found }: NonNullable<EvidenceReport["fault"]>): string {
  return `The ${check} does not hold at ${path}: expected ${expected}, found ${found}.`;
}

function resultOf({ holds, held, notCompared, fault, statement }: EvidenceReport): object {
  return {
    outcome: holds ? "COMPLETED" : "FAILED",
    ...(fault === null ? {} : { reason: reasonOf(fault) }),
    holds,
    held,
    notCompared,
    fault,
    session: statement === null ? null : { id: statement.predicate.session.sessionId, outcome: statement.predicate.session.outcome },
    totals: statement?.predicate.totals ?? null,
  };
}

function textOf(path: string, { held, notCompared, fault, statement }: EvidenceReport): string {
  if (fault !== null) {
    return [
      `${path} does not hold.`,
      `  check     ${fault.check}${held.length === 0 ? "" : ` (${held.join(", ")} held)`}`,
      `  where     ${fault.path}`,
      `  expected  ${fault.expected}`,
      `  found     ${fault.found}`,
    ].join("\n");
  }
  return [
    `${path} holds.`,
    ...(statement === null ? [] : figures(statement)),
    `  held      ${held.join(", ")}`,
    ...(notCompared.length === 0 ? [] : [`  not compared: ${notCompared.map((name) => `${name} (give --${name})`).join(", ")}`]),
  ].join("\n");
}

/** What the package says, in figures; what is absent says why. */
function figures({ subject, predicate }: EvidenceStatement): string[] {
  const { session, order, totals, run, deliverable } = predicate;
  const passedFailed = ({ passed, failed }: { readonly passed: number; readonly failed: number }): string => `${passed} passed, ${failed} failed`;
  return [
    `  session   ${session.sessionId} ${session.outcome}: ${order.title}`,
    `  files     ${shown(deliverable, () => String(subject.length))}`,
    `  events    ${totals.events}`,
    `  beads     ${shown(totals.beads, ({ done, failed }) => `${done} done, ${failed} failed`)}`,
    `  claims    ${shown(totals.claims)}`,
    `  checks    ${shown(totals.checks, passedFailed)}`,
    `  holdouts  ${shown(run, ({ holdouts }) => shown(holdouts, passedFailed))}`,
    `  cost      ${shown(totals.costUsd, cost)} in ${totals.modelCalls} model calls`,
  ];
}
