/** The methods of `factory.v1.FactoryAdmin` that change and list the keys that verify what others sign for the caller's organisation. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { importVerifyKey, MIN_HMAC_SECRET_BYTES } from "@factory/governance";
import { FactoryError, kvKey } from "@factory/schemas";
import type {
  ListSigningKeysResponseSchema,
  NewSigningKey,
  PutSigningKeyRequest,
  PutSigningKeyResponseSchema,
  RevokeSigningKeyRequest,
  RevokeSigningKeyResponseSchema,
  RotateSigningKeyRequest,
  RotateSigningKeyResponseSchema,
} from "@factory/schemas/proto";
import { SIGNING_USES, type NewSigningKeyRequest, type SigningUse } from "@factory/schemas/rpc";
import { z } from "zod";
import { abortable } from "../abortable.ts";
import { raise } from "../connect-errors.ts";
import type { GatewayDeps } from "../deps.ts";
import type { CallScope } from "../sessions.ts";
import { actorOf, shownSigningKey } from "./directory-view.ts";
import { refuseProblems, type FieldProblem } from "./field-problems.ts";
import { overlapProblems } from "./key-service.ts";

const KEY_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{2,127}$/;
const base64 = z.base64().min(1).max(4_096);
/** The organisation of a stored record, whatever else it holds. */
const owned = z.looseObject({ org: z.string() });

/** Registers a key. @throws FactoryError INVALID_ARGUMENT with every problem, ALREADY_EXISTS; what the directory refuses */
export async function putSigningKey(
  deps: GatewayDeps,
  scope: CallScope,
  { key }: PutSigningKeyRequest,
): Promise<MessageInitShape<typeof PutSigningKeyResponseSchema>> {
  const wanted = await wantedKey(deps, scope, "key", key);
  const answer = await abortable(scope.signal, deps.directory(scope.principal.org).putSigningKey(wanted, actorOf(scope)));
  return answer.ok ? { key: shownSigningKey(answer.key) } : raise(answer);
}

/** Registers a key in the place of one, which verifies on for the overlap. @throws as {@link putSigningKey} */
export async function rotateSigningKey(
  deps: GatewayDeps,
  scope: CallScope,
  { keyId, successor, overlapSeconds }: RotateSigningKeyRequest,
): Promise<MessageInitShape<typeof RotateSigningKeyResponseSchema>> {
  refuseProblems([...idProblems("key_id", keyId), ...overlapProblems(overlapSeconds)]);
  const wanted = await wantedKey(deps, scope, "successor", successor);
  const answer = await abortable(scope.signal, deps.directory(scope.principal.org).rotateSigningKey(keyId, wanted, overlapSeconds, actorOf(scope)));
  return answer.ok ? { key: shownSigningKey(answer.key) } : raise(answer);
}

/** Ends a key: what it signed is no longer taken. @throws FactoryError INVALID_ARGUMENT; what the directory refuses */
export async function revokeSigningKey(
  deps: GatewayDeps,
  scope: CallScope,
  { keyId }: RevokeSigningKeyRequest,
): Promise<MessageInitShape<typeof RevokeSigningKeyResponseSchema>> {
  refuseProblems(idProblems("key_id", keyId));
  const answer = await abortable(scope.signal, deps.directory(scope.principal.org).revokeSigningKey(keyId, actorOf(scope)));
  return answer.ok ? { key: shownSigningKey(answer.key) } : raise(answer);
}

/** All keys of the registry, without their material. */
export async function listSigningKeys(deps: GatewayDeps, { principal, signal }: CallScope): Promise<MessageInitShape<typeof ListSigningKeysResponseSchema>> {
  const keys = await abortable(signal, deps.directory(principal.org).signingKeys());
  return { keys: keys.map(shownSigningKey) };
}

/** A key that can be registered. Ids are one namespace for all organisations, and whoever has one keeps it. */
async function wantedKey(deps: GatewayDeps, { principal }: CallScope, field: string, key: NewSigningKey | undefined): Promise<NewSigningKeyRequest> {
  if (key === undefined) throw new FactoryError("INVALID_ARGUMENT", `${field} is missing.`);
  const { keyId, uses, material } = key;
  refuseProblems([...idProblems(`${field}.key_id`, keyId), ...useProblems(`${field}.uses`, uses)]);
  const common = { keyId, uses: uses.filter(isUse) };
  const wanted: NewSigningKeyRequest | null =
    material.case === "secret"
      ? { ...common, algorithm: "HMAC-SHA256", secret: material.value }
      : material.case === "publicKey"
        ? { ...common, algorithm: "Ed25519", publicKey: material.value }
        : null;
  if (wanted === null) throw new FactoryError("INVALID_ARGUMENT", `${field} has neither a secret nor a public_key.`);
  if (!(await canVerify(wanted, principal.org))) throw materialError(field, wanted);
  const holder = owned.safeParse(await deps.records(kvKey.envelopeKey(keyId)));
  if (holder.success && holder.data.org !== principal.org) throw new FactoryError("ALREADY_EXISTS", `The id ${keyId} is taken; choose another.`);
  return wanted;
}

async function canVerify(wanted: NewSigningKeyRequest, org: string): Promise<boolean> {
  const text = wanted.algorithm === "HMAC-SHA256" ? wanted.secret : wanted.publicKey;
  if (!base64.safeParse(text).success) return false;
  if (wanted.algorithm === "HMAC-SHA256" && Buffer.from(text, "base64").length < MIN_HMAC_SECRET_BYTES) return false;
  try {
    await importVerifyKey({ ...wanted, uses: [...wanted.uses], org, status: "active" });
    return true;
  } catch {
    // The runtime says of bytes that are no key that they are none, in errors of several kinds.
    return false;
  }
}

function materialError(field: string, { algorithm }: NewSigningKeyRequest): FactoryError {
  const [name, form] =
    algorithm === "HMAC-SHA256"
      ? ["secret", `base64 of at least ${MIN_HMAC_SECRET_BYTES} bytes`]
      : ["public_key", "base64 of an Ed25519 public key, raw or SPKI"];
  return new FactoryError("INVALID_ARGUMENT", `${field}.${name} must be ${form}.`, { problems: [{ field: `${field}.${name}`, problem: `must be ${form}.` }] });
}

function idProblems(field: string, keyId: string): FieldProblem[] {
  return KEY_ID_PATTERN.test(keyId) ? [] : [{ field, problem: "must be 3 to 128 letters, digits, dots, dashes and underscores." }];
}

function isUse(name: string): name is SigningUse {
  return (SIGNING_USES as readonly string[]).includes(name);
}

function useProblems(field: string, uses: readonly string[]): FieldProblem[] {
  if (uses.length === 0) return [{ field, problem: `names at least one of ${SIGNING_USES.join(", ")}.` }];
  return uses.flatMap((use, index) => {
    if (!isUse(use)) return [{ field: `${field}.${index}`, problem: `is none of ${SIGNING_USES.join(", ")}.` }];
    return uses.indexOf(use) === index ? [] : [{ field: `${field}.${index}`, problem: "is named twice." }];
  });
}
