/**
 * Canonical bytes and digests. Every digest in Factory is SHA-256 over RFC 8785 canonical JSON, so that two
 * parties that never met agree on what was said.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

/** A value that survives JSON unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * RFC 8785 canonical JSON of a value.
 *
 * @throws TypeError for what JSON cannot say: `undefined` at the root, functions, NaN or an infinity.
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("The value has no canonical JSON form.");
  return text;
}

/** SHA-256 of UTF-8 text or bytes, as bytes. */
export function sha256(data: string | Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

/** SHA-256 of UTF-8 text or bytes, as 64 lower-case hexadecimal digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Digest of a JSON value: SHA-256 over its canonical form, in hexadecimal. */
export function digestOf(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}
