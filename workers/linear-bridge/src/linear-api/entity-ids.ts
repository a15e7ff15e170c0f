/**
 * Ids of what is made in Linear, chosen here: the same thing has the same id at every attempt, so a creation whose answer was
 * lost meets itself as a conflict and never makes a second one.
 */
import { sha256 } from "@factory/schemas";

/** Kinds of things whose ids are chosen here; part of what an id follows from. */
export type EntityKind = "issue" | "comment" | "relation" | "milestone" | "label" | "document" | "webhook";

/** Of a UUID as RFC 9562 lays it out: where the version and the variant are. */
const VERSION_BYTE = 6;
const VARIANT_BYTE = 8;
const UUID_BYTES = 16;

/**
 * The id of a thing by its key: SHA-256 of both, in the form of a UUID version 4, which is the one form that Linear takes.
 *
 * @param key - unique among the things of its kind, in every organisation
 * @see https://www.rfc-editor.org/rfc/rfc9562#section-5.4
 */
export function entityId(kind: EntityKind, key: string): string {
  const bytes = sha256(`factory-linear\n${kind}\n${key}`).slice(0, UUID_BYTES);
  bytes[VERSION_BYTE] = ((bytes[VERSION_BYTE] ?? 0) & 0x0f) | 0x40;
  bytes[VARIANT_BYTE] = ((bytes[VARIANT_BYTE] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
