/**
 * Ids: `<PREFIX>-<26 characters>`, Crockford base32, 128 bits. Content ids are the first 128 bits of SHA-256 over
 * canonical JSON of a framed object; ULIDs are made once and stored before use. No other module makes either.
 *
 * @see `domain.md` 1
 * @see https://github.com/ulid/spec
 */
import { monotonicFactory } from "ulid";
import { z } from "zod";
import { canonicalJson, sha256 } from "./canonical.ts";

/** Prefixes whose ids follow from content; the store recomputes them on write. */
export const CONTENT_PREFIXES = [
  "SES",
  "RUN",
  "ELC",
  "SIG",
  "PRS",
  "BC",
  "FP",
  "IS",
  "ATOM",
  "CONTRACT",
  "INV",
  "VAL",
  "DEP",
  "WG",
  "DIR",
  "BEAD",
  "MOL",
  "GEAR",
  "FORMULA",
  "SPEC",
  "ET",
  "DIV",
  "HYP",
  "AMD",
  "VP",
  "VDT",
  "MV",
  "RV",
  "VR",
  "VCR",
  "REJ",
  "UNC",
  "EVD",
  "PT",
  "QS",
  "RP",
  "KSB",
  "CLE",
  "CST",
  "DSP",
  "AGT",
  "KST",
  "CHK",
  "COV",
  "TRF",
  "CNS",
  "IBE",
] as const;

/** Prefixes whose ids are ULIDs. */
export const ULID_PREFIXES = ["EVT", "EXE", "REV", "APR", "CLR", "CRP", "ESC", "TRC"] as const;

/** Prefixes of ids that a caller brings; only their shape is checked. */
export const CALLER_PREFIXES = ["WO", "BCO"] as const;

export type ContentPrefix = (typeof CONTENT_PREFIXES)[number];
export type UlidPrefix = (typeof ULID_PREFIXES)[number];
export type CallerPrefix = (typeof CALLER_PREFIXES)[number];
export type Prefix = ContentPrefix | UlidPrefix | CallerPrefix;

/** An id of one kind of thing; ids of different kinds do not mix. */
export type Id<P extends Prefix> = string & { readonly __prefix: P };

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ID_BITS = 128;
const ID_CHARS = 26;
const CHAR_BITS = 5;

/** Crockford base32 of 16 bytes: 26 characters, most significant first. */
export function crockford(bytes: Uint8Array): string {
  let text = "";
  let value = 0;
  // 26 characters have room for two bits more than the bytes have: these come first and are zero.
  let bits = ID_CHARS * CHAR_BITS - ID_BITS;
  for (const byte of bytes.subarray(0, ID_BITS / 8)) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= CHAR_BITS) {
      bits -= CHAR_BITS;
      text += ALPHABET.charAt(value >>> bits);
      value &= (1 << bits) - 1;
    }
  }
  return text;
}

/** The framed object a content id is derived from. `parents` are sorted here; nothing that varies between retries belongs in it. */
export type Frame = { readonly kind: string; readonly org: string; readonly content: unknown; readonly parents: readonly string[] };

/** Content id of a framed object. */
export function contentId<P extends ContentPrefix>(prefix: P, frame: Frame): Id<P> {
  const parents = [...new Set(frame.parents)].sort();
  const bytes = sha256(canonicalJson({ kind: frame.kind, org: frame.org, content: frame.content, parents }));
  return `${prefix}-${crockford(bytes)}` as Id<P>;
}

/** The same id, of a frame whose content is canonical JSON already. */
export function contentIdOf<P extends ContentPrefix>(prefix: P, { kind, org, parents }: Omit<Frame, "content">, content: string): Id<P> {
  const sorted = canonicalJson([...new Set(parents)].sort());
  // The frame's own canonical form: its keys are in order.
  const bytes = sha256(`{"content":${content},"kind":${canonicalJson(kind)},"org":${canonicalJson(org)},"parents":${sorted}}`);
  return `${prefix}-${crockford(bytes)}` as Id<P>;
}

/** Random bytes drawn at once: asking for each by itself costs more than all else in a ULID. */
const RANDOM_POOL = new Uint8Array(1_024);
let drawn = RANDOM_POOL.length;

/** The next random number in [0, 1), with the 8 bits of a byte: a ULID takes 5 for each character. */
function pooledRandom(): number {
  if (drawn === RANDOM_POOL.length) {
    crypto.getRandomValues(RANDOM_POOL);
    drawn = 0;
  }
  return (RANDOM_POOL[drawn++] ?? 0) / 256;
}

const nextUlid = monotonicFactory(pooledRandom);

/** A new ULID id; store it before it is used, so that a retry finds it. */
export function ulidId<P extends UlidPrefix>(prefix: P, nowMs: number = Date.now()): Id<P> {
  return `${prefix}-${nextUlid(nowMs)}` as Id<P>;
}

/** Zod schema of an id with the given prefix. */
export function idSchema<P extends Prefix>(prefix: P): z.ZodType<Id<P>, string> {
  const caller = (CALLER_PREFIXES as readonly string[]).includes(prefix);
  const pattern = caller ? new RegExp(`^${prefix}-[A-Za-z0-9._-]{1,64}$`) : new RegExp(`^${prefix}-[0-9A-HJKMNP-TV-Z]{26}$`);
  return z.string().regex(pattern, `must be a ${prefix} id`) as unknown as z.ZodType<Id<P>, string>;
}

/** The prefix of an id, or undefined when it has none that is known. */
export function prefixOf(id: string): Prefix | undefined {
  const prefix = id.slice(0, Math.max(0, id.indexOf("-")));
  const known: readonly string[] = [...CONTENT_PREFIXES, ...ULID_PREFIXES, ...CALLER_PREFIXES];
  return known.includes(prefix) ? (prefix as Prefix) : undefined;
}

export type SessionId = Id<"SES">;
export type RunId = Id<"RUN">;
export type BeadId = Id<"BEAD">;

/** The session of a submission: the same work order and envelope of an org are the same session. */
export function sessionIdOf(org: string, workOrderId: string, envelopeId: string): SessionId {
  return contentId("SES", { kind: "Session", org, content: { workOrderId, envelopeId }, parents: [] });
}

/** The run of a session; amendments never change it. */
export function runIdOf(org: string, sessionId: string, firstSpecificationId: string): RunId {
  return contentId("RUN", { kind: "Run", org, content: {}, parents: [sessionId, firstSpecificationId] });
}

/** The execution bead of an atom in a run; attempt, cycle and epoch are columns of it. */
export function beadIdOf(org: string, runId: string, atomId: string): BeadId {
  return contentId("BEAD", { kind: "Bead", org, content: {}, parents: [runId, atomId] });
}
