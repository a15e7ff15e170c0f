/** The credential of local development: one API key and one envelope key in an ignored file. There is no mode without. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { STATE } from "./repository.ts";

/** Path of the key file. */
export const DEV_KEY_PATH = join(STATE, "dev-key.json");

/** What the file holds; `envelopeSecret` is base64 of 32 bytes for HMAC-SHA256. */
export type DevKey = { readonly org: string; readonly apiKey: string; readonly envelopeKeyId: string; readonly envelopeSecret: string };

/** Reads the key file, or makes it on the first call; only its owner can read it. */
export function ensureDevKey(): DevKey {
  if (existsSync(DEV_KEY_PATH)) return JSON.parse(readFileSync(DEV_KEY_PATH, "utf8")) as DevKey;
  mkdirSync(STATE, { recursive: true });
  const key: DevKey = {
    org: "local",
    apiKey: `fk_local_${randomBytes(24).toString("base64url")}`,
    envelopeKeyId: `ek_local_${randomBytes(6).toString("hex")}`,
    envelopeSecret: randomBytes(32).toString("base64"),
  };
  writeFileSync(DEV_KEY_PATH, `${JSON.stringify(key, null, 2)}\n`, { mode: 0o600 });
  return key;
}
