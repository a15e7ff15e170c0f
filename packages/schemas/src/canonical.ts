/**
 * Canonical bytes and digests. Every digest in Factory is SHA-256 over RFC 8785 canonical JSON, so that two
 * parties that never met agree on what was said.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
import { createHash, hash } from "node:crypto";
import canonicalize from "canonicalize";

/** A value that survives JSON unchanged. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * RFC 8785 canonical JSON of a value.
 *
 * @throws TypeError for what JSON cannot say: `undefined` at the root, functions, NaN or an infinity.
 */
export function canonicalJson(value: unknown): string {
  const text = isInOrder(value, MAX_PLAIN_DEPTH) ? JSON.stringify(value) : (plainText(value, MAX_PLAIN_DEPTH) ?? canonicalize(value));
  if (text === undefined) throw new TypeError("The value has no canonical JSON form.");
  return text;
}

/** Values that are nested deeper, or in a circle, are left to the library, which does not recurse. */
const MAX_PLAIN_DEPTH = 64;

/** Whether the canonical form is what JSON says of the value anyhow: nothing but JSON, with the keys of every object in order. */
function isInOrder(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
      return value.isWellFormed();
    case "number":
      return Number.isFinite(value);
    case "boolean":
      return true;
    case "object":
      if (value === null) return true;
      if (depth === 0) return false;
      return Array.isArray(value) ? value.every((item) => isInOrder(item, depth - 1)) : isObjectInOrder(value, depth);
    default:
      return false;
  }
}

function isObjectInOrder(value: object, depth: number): boolean {
  if (!isPlain(value)) return false;
  // The cast holds: only the object's own keys are read.
  const members = value as { readonly [key: string]: unknown };
  let before = "";
  for (const key of Object.keys(members)) {
    const member = members[key];
    if (key < before || !key.isWellFormed() || (member !== undefined && !isInOrder(member, depth - 1))) return false;
    before = key;
  }
  return true;
}

/** Whether an object says nothing of itself but its members. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !("toJSON" in value);
}

/**
 * Canonical JSON of what is nothing but JSON, in a third of the library's time: every event and every id is made from it.
 * Undefined for everything else, which the library decides.
 */
function plainText(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? JSON.stringify(value) : undefined;
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : undefined;
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (depth === 0) return undefined;
      return Array.isArray(value) ? plainArray(value, depth) : plainObject(value, depth);
    default:
      return undefined;
  }
}

function plainArray(items: readonly unknown[], depth: number): string | undefined {
  let text = "";
  for (const item of items) {
    const itemText = plainText(item, depth - 1);
    if (itemText === undefined) return undefined;
    text += text === "" ? itemText : `,${itemText}`;
  }
  return `[${text}]`;
}

function plainObject(value: object, depth: number): string | undefined {
  if (!isPlain(value)) return undefined;
  // The cast holds: only the object's own keys are read.
  const members = value as { readonly [key: string]: unknown };
  let text = "";
  // By UTF-16 units, as the RFC has it.
  for (const key of sortedKeys(members)) {
    const member = members[key];
    if (member === undefined) continue;
    const memberText = plainText(member, depth - 1);
    if (memberText === undefined || !key.isWellFormed()) return undefined;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${memberText}`;
  }
  return `{${text}}`;
}

/** Keys by UTF-16 units. Most objects are made in that order, and looking is quicker than sorting. */
function sortedKeys(members: object): readonly string[] {
  const keys = Object.keys(members);
  let before = "";
  for (const key of keys) {
    if (key < before) return keys.sort();
    before = key;
  }
  return keys;
}

const UTF8 = new TextEncoder();
/** Text of up to a third of these bytes is encoded in place: a buffer of its own costs more than its digest. */
const SCRATCH = new Uint8Array(48 * 1024);

/** UTF-8 of a text, to be read before the next text is encoded. */
function bytesOf(data: string | Uint8Array): Uint8Array {
  if (typeof data !== "string") return data;
  if (data.length > SCRATCH.length / 3) return UTF8.encode(data);
  return SCRATCH.subarray(0, UTF8.encodeInto(data, SCRATCH).written);
}

/** SHA-256 of UTF-8 text or bytes, as bytes. */
export function sha256(data: string | Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytesOf(data)).digest());
}

/** SHA-256 of UTF-8 text or bytes, as 64 lower-case hexadecimal digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return hash("sha256", bytesOf(data), "hex");
}

/** Digest of a JSON value: SHA-256 over its canonical form, in hexadecimal. */
export function digestOf(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}
