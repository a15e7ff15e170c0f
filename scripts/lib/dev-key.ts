/**
 * The credentials of local development in an ignored file: an API key, an envelope key, and the keys that evidence, messages to
 * subscribers and dispositions are signed with. There is no mode without.
 */
import { generateKeyPairSync, randomBytes, type JsonWebKey } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { STATE } from "./repository.ts";

/** Path of the key file. */
export const DEV_KEY_PATH = join(STATE, "dev-key.json");

/** What the file holds; `envelopeSecret` is base64 of 32 bytes for HMAC-SHA256, each JSON Web Key a private Ed25519 key. */
export type DevKey = {
  readonly org: string;
  readonly apiKey: string;
  readonly envelopeKeyId: string;
  readonly envelopeSecret: string;
  readonly evidenceKey: JsonWebKey;
  /** Signs producer tokens: base64 of 32 bytes. */
  readonly producerTokenKey: string;
  /** Signs what the factory tells its subscribers. */
  readonly outboundKey: JsonWebKey;
  /** Signs the disposition tokens of the Linear bridge; its public part is in the organisation's key registry. */
  readonly dispositionKey: JsonWebKey;
};

/**
 * Reads the key file, or makes it on the first call; only its owner can read it. A file of before a key was added is
 * completed: what it has stays.
 */
export function ensureDevKey(path: string = DEV_KEY_PATH): DevKey {
  const found = readKey(path);
  if (isWhole(found)) return found;
  mkdirSync(dirname(path), { recursive: true });
  return locked(`${path}.lock`, () => {
    // Another process may have been first.
    const now = readKey(path);
    if (isWhole(now)) return now;
    const key = { ...newKey(), ...now };
    const partial = `${path}.partial`;
    writeFileSync(partial, `${JSON.stringify(key, null, 2)}\n`, { mode: 0o600 });
    renameSync(partial, path);
    return key;
  });
}

function readKey(path: string): Partial<DevKey> {
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Partial<DevKey>) : {};
}

const NAMES = [
  "org",
  "apiKey",
  "envelopeKeyId",
  "envelopeSecret",
  "evidenceKey",
  "producerTokenKey",
  "outboundKey",
  "dispositionKey",
] as const satisfies readonly (keyof DevKey)[];

function isWhole(key: Partial<DevKey>): key is DevKey {
  return NAMES.every((name) => key[name] !== undefined);
}

function newKey(): DevKey {
  return {
    org: "local",
    apiKey: `fk_local_${randomBytes(24).toString("base64url")}`,
    envelopeKeyId: `ek_local_${randomBytes(6).toString("hex")}`,
    envelopeSecret: randomBytes(32).toString("base64"),
    evidenceKey: newEd25519Key(),
    producerTokenKey: randomBytes(32).toString("base64"),
    outboundKey: { ...newEd25519Key(), kid: `outbound_local_${randomBytes(6).toString("hex")}` },
    dispositionKey: { ...newEd25519Key(), kid: `disposition_local_${randomBytes(6).toString("hex")}` },
  };
}

function newEd25519Key(): JsonWebKey {
  return generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
}

/** A lock this old, in milliseconds, was left by a process that died: the work takes a fraction of it. */
const STALE_LOCK_MS = 5_000;
const LOCK_POLL_MS = 20;

/** Runs the work in one process at a time. */
function locked<T>(lock: string, work: () => T): T {
  while (!take(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  try {
    return work();
  } finally {
    rmdirSync(lock);
  }
}

function take(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "EEXIST") throw err;
    const age = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    if (age !== undefined && Date.now() - age > STALE_LOCK_MS) rmSync(lock, { recursive: true, force: true });
    return false;
  }
}
