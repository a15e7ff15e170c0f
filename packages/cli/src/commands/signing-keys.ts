/** `factory key signing`: keys that verify envelopes of submissions, messages of kernels and disposition tokens. */
import { createPublicKey, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  ListSigningKeysResponseSchema,
  PutSigningKeyResponseSchema,
  RevokeSigningKeyResponseSchema,
  RotateSigningKeyResponseSchema,
  type SigningKey,
} from "@factory/schemas/proto";
import { UsageError } from "../errors.ts";
import { tableOf } from "../text-table.ts";
import { argument, optionText, type CommandContext } from "./command.ts";
import { atMost, listOf, moment, SHOWN_ONCE, spanOf, tell } from "./org-options.ts";

export const SIGNING_USAGE =
  "key signing list | key signing add ID --use U[,U] [--public-key FILE] | key signing rotate ID NEW-ID [--use U[,U]] [--public-key FILE] [--overlap T] | key signing revoke ID";

/** Options of `key signing` beside those of `key`. */
export const SIGNING_OPTIONS = { use: { type: "string", multiple: true }, "public-key": { type: "string" } } as const;

export const SIGNING_HELP = [
  "signing ...     the same for keys that verify signatures; without --public-key a secret for HMAC is made and shown once",
  "--use U         of `signing`: submission (envelopes), kernel (messages of other kernels), disposition (tokens of signals)",
  "--public-key F  of `signing`: a file with an Ed25519 public key, as PEM",
] as const;

/** Bytes of a secret that is made here: as long as the hash. */
const SECRET_BYTES = 32;
const DEFAULT_OVERLAP = "1h";

/** Runs `key signing`. */
export async function signing(context: CommandContext): Promise<number> {
  const verb = argument(context, 1, "list, add, rotate or revoke");
  switch (verb) {
    case "list":
      return list(context);
    case "add":
      return add(context);
    case "rotate":
      return rotate(context);
    case "revoke":
      return revoke(context);
    default:
      throw new UsageError(`There is no \`key signing ${verb}\`.\nUsage: factory ${SIGNING_USAGE}`);
  }
}

async function list(context: CommandContext): Promise<number> {
  atMost(context, 2, SIGNING_USAGE);
  const answer = await context.client().admin.listSigningKeys({});
  return tell(context, ListSigningKeysResponseSchema, answer, () => {
    if (answer.keys.length === 0) return ["There are no signing keys."];
    const rows = answer.keys.map(({ keyId, algorithm, uses, status, createdAt, retiresAt }) => [
      keyId,
      algorithm,
      uses.join(", "),
      status,
      moment(createdAt),
      moment(retiresAt),
    ]);
    return tableOf(["KEY", "ALGORITHM", "USES", "STATUS", "SINCE", "UNTIL"], rows);
  });
}

/** What a key is verified with, and the secret that is to be shown; null for a public key, whose private part stays with its holder. */
type Material = { readonly material: { case: "secret"; value: string } | { case: "publicKey"; value: string }; readonly secret: string | null };

function materialOf(context: CommandContext): Material {
  const path = optionText(context, "public-key");
  if (path === undefined) {
    const secret = randomBytes(SECRET_BYTES).toString("base64");
    return { material: { case: "secret", value: secret }, secret };
  }
  return { material: { case: "publicKey", value: readPublicKey(resolve(context.directory, path)) }, secret: null };
}

/** Base64 of the SPKI form. @throws UsageError for a file that holds no public key for Ed25519 */
function readPublicKey(path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (err) {
    throw new UsageError(`${path} cannot be read: ${err instanceof Error ? err.message : String(err)}`);
  }
  // A private key would be taken for its public part; it must not be handed to a command that has no use for it.
  if (/PRIVATE KEY/.test(pem)) throw new UsageError(`${path} holds a private key: keep it to yourself and name the file of its public part; see --help.`);
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === "ed25519") return key.export({ format: "der", type: "spki" }).toString("base64");
  } catch {
    // What is wrong with it is told below, whatever it is.
  }
  throw new UsageError(`${path} holds no Ed25519 public key as PEM; see --help.`);
}

async function add(context: CommandContext): Promise<number> {
  atMost(context, 3, SIGNING_USAGE);
  const keyId = argument(context, 2, "ID");
  const uses = listOf(context, "use");
  if (uses.length === 0) throw new UsageError("--use is needed: what the key may sign; see --help.");
  const { material, secret } = materialOf(context);
  const answer = await context.client().admin.putSigningKey({ key: { keyId, uses, material } });
  return tell(context, PutSigningKeyResponseSchema, answer, () => keyLines(answer.key, secret), secret === null ? {} : { secret });
}

async function rotate(context: CommandContext): Promise<number> {
  atMost(context, 4, SIGNING_USAGE);
  const keyId = argument(context, 2, "ID");
  const newId = argument(context, 3, "NEW-ID");
  const overlapSeconds = spanOf(context, "overlap", DEFAULT_OVERLAP);
  const { admin } = context.client();
  const given = listOf(context, "use");
  const uses = given.length > 0 ? given : ((await admin.listSigningKeys({})).keys.find((known) => known.keyId === keyId)?.uses ?? []);
  if (uses.length === 0) throw new UsageError(`There is no signing key ${keyId}; see \`factory key signing list\`.`);
  const { material, secret } = materialOf(context);
  const answer = await admin.rotateSigningKey({ keyId, successor: { keyId: newId, uses, material }, overlapSeconds });
  return tell(context, RotateSigningKeyResponseSchema, answer, () => keyLines(answer.key, secret), secret === null ? {} : { secret });
}

async function revoke(context: CommandContext): Promise<number> {
  atMost(context, 3, SIGNING_USAGE);
  const keyId = argument(context, 2, "ID");
  const answer = await context.client().admin.revokeSigningKey({ keyId });
  return tell(context, RevokeSigningKeyResponseSchema, answer, () => [
    `${keyId} is ${answer.key?.status ?? "revoked"}; what it signs is no longer taken in a minute.`,
  ]);
}

function keyLines(key: SigningKey | undefined, secret: string | null): string[] {
  const what = key === undefined ? "The key" : `${key.keyId} (${key.algorithm}), for ${key.uses.join(", ")}`;
  return secret === null ? [`${what}, is registered.`] : [secret, "", `${what}: base64 of its secret. ${SHOWN_ONCE}`];
}
