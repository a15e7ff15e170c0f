/**
 * The part of `node:crypto` that the kernel's digests use, for a browser: SHA-256 that answers at once, where WebCrypto answers
 * later. Vite puts it in the place of `node:crypto`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

type Data = string | Uint8Array;

const bytesOf = (data: Data): Uint8Array => (typeof data === "string" ? utf8ToBytes(data) : data);

function requireSha256(algorithm: string): void {
  if (algorithm !== "sha256") throw new TypeError(`The page hashes by sha256, not by ${algorithm}.`);
}

/** As `node:crypto.hash`, for "sha256" and hexadecimal text. */
export function hash(algorithm: string, data: Data): string {
  requireSha256(algorithm);
  return bytesToHex(sha256(bytesOf(data)));
}

/** As `node:crypto.createHash`, for "sha256" and a digest in bytes. */
export function createHash(algorithm: string): { update(data: Data): { digest(): Uint8Array } } {
  requireSha256(algorithm);
  return { update: (data) => ({ digest: () => sha256(bytesOf(data)) }) };
}
