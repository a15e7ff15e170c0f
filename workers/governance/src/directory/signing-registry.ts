/** Keys that verify what others sign for an organisation: submissions, messages of kernels, disposition tokens. */
import type { StoragePort } from "@factory/durable";
import { envelopeKeyRecord, importVerifyKey, type EnvelopeKeyRecord } from "@factory/governance";
import { FactoryError, type Org, type SignatureAlgorithm } from "@factory/schemas";
import { SIGNING_USES, type DirectoryActor, type NewSigningKeyRequest, type SigningKeyView, type SigningUse } from "@factory/schemas/rpc";
import { z } from "zod";
import { checked, iso, isoOrNull, type Journal, type PublishedRecord } from "./journal.ts";
import { MAX_OVERLAP_S } from "./key-ring.ts";

const common = {
  keyId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{2,127}$/, "must be 3 to 128 letters, digits, dots, dashes and underscores"),
  uses: z
    .array(z.enum(SIGNING_USES))
    .min(1, "must name one use at least")
    .refine((uses) => new Set(uses).size === uses.length, "must not repeat a use"),
};
const newSigningKey = z.discriminatedUnion("algorithm", [
  z.strictObject({ ...common, algorithm: z.literal("HMAC-SHA256"), secret: z.base64() }),
  z.strictObject({ ...common, algorithm: z.literal("Ed25519"), publicKey: z.base64() }),
]);
const overlap = z.int().min(0).max(MAX_OVERLAP_S);

type SigningKeyRow = {
  key_id: string;
  algorithm: SignatureAlgorithm;
  uses: string;
  material: string;
  status: "active" | "rotated" | "revoked";
  created_at: number;
  retires_at: number | null;
};

const recordOf = (keyId: string): PublishedRecord => ({ kind: "signing-key", id: keyId });

/** A request whose material has been tried: it verifies. */
export type UsableSigningKey = { readonly request: NewSigningKeyRequest };

/**
 * Tries the material of a key, which takes WebCrypto and so cannot be part of a transaction.
 *
 * @throws FactoryError INVALID_ARGUMENT; the message holds nothing of the material
 */
export async function usableSigningKey(request: NewSigningKeyRequest, org: Org): Promise<UsableSigningKey> {
  const wanted = checked(newSigningKey, request, "The signing key");
  const record = envelopeKeyRecord.safeParse({ ...wanted, org, status: "active" });
  if (!record.success || !(await verifies(record.data))) {
    const form =
      wanted.algorithm === "HMAC-SHA256" ? "secret must be base64 of at least 32 bytes" : "publicKey must be base64 of an Ed25519 public key, raw or SPKI";
    throw new FactoryError("INVALID_ARGUMENT", `The signing key is not valid: its ${form}.`);
  }
  return { request: wanted };
}

async function verifies(record: EnvelopeKeyRecord): Promise<boolean> {
  try {
    await importVerifyKey(record);
    return true;
  } catch {
    // The runtime says of bytes that are no key that they are none, in errors of several kinds.
    return false;
  }
}

/** The registry in the object's SQLite. */
export class SigningRegistry {
  readonly #storage: StoragePort;
  readonly #journal: Journal;
  readonly #now: () => number;

  constructor(deps: { readonly storage: StoragePort; readonly journal: Journal; readonly now: () => number }) {
    this.#storage = deps.storage;
    this.#journal = deps.journal;
    this.#now = deps.now;
  }

  /** Every key there was, oldest first. */
  all(): SigningKeyView[] {
    return this.#storage.sql.exec<SigningKeyRow>("SELECT * FROM signing_keys ORDER BY created_at, key_id").toArray().map(viewOf);
  }

  /** The record that edges read; null for a key that there is not. */
  record(keyId: string, org: Org): EnvelopeKeyRecord | null {
    const row = this.#row(keyId);
    if (row === null) return null;
    const { uses, status, retiresAt } = viewOf(row);
    const common = { keyId, org, status, uses: [...uses], ...(retiresAt === null ? {} : { retiresAt }) };
    return row.algorithm === "HMAC-SHA256"
      ? { ...common, algorithm: row.algorithm, secret: row.material }
      : { ...common, algorithm: row.algorithm, publicKey: row.material };
  }

  /**
   * Registers a key; the same again changes nothing, whatever became of it since.
   *
   * @throws FactoryError ALREADY_EXISTS for another key, or other uses, under the same id
   */
  put({ request }: UsableSigningKey, actor: DirectoryActor): SigningKeyView {
    const { keyId, algorithm, uses } = request;
    const before = this.#row(keyId);
    if (before !== null) {
      if (before.algorithm === algorithm && before.material === materialOf(request) && before.uses === usesText(uses)) return viewOf(before);
      throw new FactoryError("ALREADY_EXISTS", `There is another signing key ${keyId}: rotate it, or choose another id.`);
    }
    this.#insert(request);
    this.#journal.changed(actor, `registered the signing key ${keyId} (${algorithm}) for ${uses.join(", ")}`, [recordOf(keyId)]);
    return viewOf(this.#require(keyId));
  }

  /** @throws FactoryError INVALID_ARGUMENT; NOT_FOUND; ALREADY_EXISTS; FAILED_PRECONDITION for a key that no longer verifies or was rotated before */
  rotate(keyId: string, { request: successor }: UsableSigningKey, overlapSeconds: number, actor: DirectoryActor): SigningKeyView {
    const seconds = checked(overlap, overlapSeconds, "The overlap in seconds");
    const row = this.#require(keyId);
    if (row.status !== "active") throw new FactoryError("FAILED_PRECONDITION", `The signing key ${keyId} is ${row.status}.`);
    if (this.#row(successor.keyId) !== null) throw new FactoryError("ALREADY_EXISTS", `There is a signing key ${successor.keyId} already: choose another id.`);
    this.#insert(successor);
    this.#storage.sql.exec(
      "UPDATE signing_keys SET status = 'rotated', retires_at = ?, successor_id = ? WHERE key_id = ?",
      this.#now() + seconds * 1_000,
      successor.keyId,
      keyId,
    );
    const what = `rotated the signing key ${keyId} to ${successor.keyId} (${successor.algorithm}) for ${successor.uses.join(", ")}; it verifies for ${seconds} seconds more`;
    this.#journal.changed(actor, what, [recordOf(keyId), recordOf(successor.keyId)]);
    return viewOf(this.#require(successor.keyId));
  }

  /** What the key signed is no longer taken; one that was revoked before stays so. @throws FactoryError NOT_FOUND */
  revoke(keyId: string, actor: DirectoryActor): SigningKeyView {
    const row = this.#require(keyId);
    if (row.status === "revoked") return viewOf(row);
    this.#storage.sql.exec("UPDATE signing_keys SET status = 'revoked' WHERE key_id = ?", keyId);
    this.#journal.changed(actor, `revoked the signing key ${keyId}`, [recordOf(keyId)]);
    return viewOf(this.#require(keyId));
  }

  #insert(request: NewSigningKeyRequest): void {
    this.#storage.sql.exec(
      "INSERT INTO signing_keys (key_id, algorithm, uses, material, status, created_at) VALUES (?, ?, ?, ?, 'active', ?)",
      request.keyId,
      request.algorithm,
      usesText(request.uses),
      materialOf(request),
      this.#now(),
    );
  }

  #row(keyId: string): SigningKeyRow | null {
    return this.#storage.sql.exec<SigningKeyRow>("SELECT * FROM signing_keys WHERE key_id = ?", keyId).toArray()[0] ?? null;
  }

  #require(keyId: string): SigningKeyRow {
    const row = this.#row(keyId);
    if (row === null) throw new FactoryError("NOT_FOUND", `There is no signing key ${keyId.slice(0, 128)}.`);
    return row;
  }
}

function viewOf({ key_id: keyId, algorithm, uses, status, created_at: createdAt, retires_at: retiresAt }: SigningKeyRow): SigningKeyView {
  const held = uses.split(",");
  return { keyId, algorithm, uses: SIGNING_USES.filter((use) => held.includes(use)), status, createdAt: iso(createdAt), retiresAt: isoOrNull(retiresAt) };
}

/** Uses in the order of the registry, so that the same uses are the same text. */
function usesText(uses: readonly SigningUse[]): string {
  return SIGNING_USES.filter((use) => uses.includes(use)).join(",");
}

function materialOf(request: NewSigningKeyRequest): string {
  return request.algorithm === "HMAC-SHA256" ? request.secret : request.publicKey;
}
