/** Commands about the API keys of one's organisation; those that verify signatures are in `signing-keys.ts`. */
import {
  IssueKeyResponseSchema,
  ListKeysResponseSchema,
  RevokeKeyResponseSchema,
  RotateKeyResponseSchema,
  type ApiKey,
  type IssuedKey,
} from "@factory/schemas/proto";
import { UsageError } from "../errors.ts";
import { oneLine } from "../terminal-text.ts";
import { ABSENT, tableOf } from "../text-table.ts";
import { argument, optionText, type Command, type CommandContext } from "./command.ts";
import { atMost, expiryOf, listOf, moment, needed, SHOWN_ONCE, spanOf, tell } from "./org-options.ts";
import { SIGNING_HELP, SIGNING_OPTIONS, SIGNING_USAGE, signing } from "./signing-keys.ts";

const USAGE = `key list | key create --label L [--member M | --machine M] [--scope S[,S]] [--expires ISO] | key rotate KEY [--overlap T] | key revoke KEY | ${SIGNING_USAGE}`;

/** How long a key that is rotated works on: long enough to put the new one in its place, short enough to notice. */
const DEFAULT_OVERLAP = "1h";

export const key: Command = {
  usage: USAGE,
  summary: "API keys and signing keys of your organisation; make, rotate and revoke them",
  options: {
    label: { type: "string" },
    member: { type: "string" },
    machine: { type: "string" },
    scope: { type: "string", multiple: true },
    expires: { type: "string" },
    overlap: { type: "string" },
    ...SIGNING_OPTIONS,
  },
  help: [
    "create          makes a key and shows it once: yours, unless --member or --machine says whose",
    "rotate KEY      makes one with the same powers in its place and shows it once; the old one works on for a while",
    "revoke KEY      ends a key within a minute",
    "--label L       of `create`: what the key is for",
    "--scope S       of `create`: session:submit, session:read, session:control, review:decide, admin, signal:<kind> (default: all that the roles allow)",
    "--expires ISO   of `create`: when it ends, such as 2027-01-01T00:00:00Z (default: never)",
    `--overlap T     of \`rotate\`: how long the old key works on, such as 0s, 30m or 7d, which is the most (default ${DEFAULT_OVERLAP})`,
    ...SIGNING_HELP,
  ],
  async run(context) {
    const verb = argument(context, 0, "list, create, rotate, revoke or signing");
    switch (verb) {
      case "list":
        return list(context);
      case "create":
        return create(context);
      case "rotate":
        return rotate(context);
      case "revoke":
        return revoke(context);
      case "signing":
        return signing(context);
      default:
        throw new UsageError(`There is no \`key ${verb}\`.\nUsage: factory ${USAGE}`);
    }
  },
};

async function list(context: CommandContext): Promise<number> {
  atMost(context, 1, USAGE);
  const answer = await context.client().admin.listKeys({});
  return tell(context, ListKeysResponseSchema, answer, () => {
    if (answer.keys.length === 0) return ["There are no keys."];
    return tableOf(["KEY", "LABEL", "HOLDER", "STATUS", "SCOPES", "USED", "EXPIRES"], answer.keys.map(rowOf));
  });
}

function rowOf({ keyId, label, principalId, status, successorId, scopes, lastUsedAt, expiresAt }: ApiKey): string[] {
  const standing = successorId === "" ? status : `${status}, now ${successorId}`;
  return [keyId, label, principalId, standing, scopes.join(", ") || ABSENT, lastUsedAt === undefined ? "never" : moment(lastUsedAt), moment(expiresAt)];
}

async function create(context: CommandContext): Promise<number> {
  atMost(context, 1, USAGE);
  const label = needed(context, "label", "what the key is for");
  const memberId = optionText(context, "member") ?? "";
  const machine = optionText(context, "machine") ?? "";
  if (memberId !== "" && machine !== "") throw new UsageError("--member and --machine exclude each other; see --help.");
  const scopes = listOf(context, "scope");
  if (machine !== "" && scopes.length === 0) throw new UsageError("--scope is needed for a machine's key: it has no roles; see --help.");
  const expiresAt = expiryOf(context);
  const answer = await context.client().admin.issueKey({ label, memberId, machine, scopes, ...(expiresAt === undefined ? {} : { expiresAt }) });
  return tell(context, IssueKeyResponseSchema, answer, () => issuedLines(answer.issued));
}

async function rotate(context: CommandContext): Promise<number> {
  atMost(context, 2, USAGE);
  const keyId = argument(context, 1, "KEY");
  const overlapSeconds = spanOf(context, "overlap", DEFAULT_OVERLAP);
  const answer = await context.client().admin.rotateKey({ keyId, overlapSeconds });
  return tell(context, RotateKeyResponseSchema, answer, () => [
    ...issuedLines(answer.issued),
    `${keyId} ${overlapSeconds === 0 ? "no longer works" : `works for ${optionText(context, "overlap") ?? DEFAULT_OVERLAP} more`}.`,
  ]);
}

function issuedLines(issued: IssuedKey | undefined): string[] {
  if (issued === undefined) return [];
  const { apiKey, key: made } = issued;
  const what = made === undefined ? "A key" : `${made.keyId} of ${oneLine(made.principalId)}, which may ${made.scopes.map(oneLine).join(", ")}`;
  return [apiKey, "", `${what}. ${SHOWN_ONCE}`];
}

async function revoke(context: CommandContext): Promise<number> {
  atMost(context, 2, USAGE);
  const keyId = argument(context, 1, "KEY");
  const answer = await context.client().admin.revokeKey({ keyId });
  return tell(context, RevokeKeyResponseSchema, answer, () => [`${keyId} is ${answer.key?.status ?? "revoked"}; no edge takes it in a minute.`]);
}
