/**
 * Verifies an evidence package offline. The checks run in a fixed order and the first thing that does not hold is named
 * with its place, what was expected and what was found.
 */
import { GENESIS_HASH, canonicalJson, sha256Hex } from "@factory/schemas";
import { z } from "zod";
import { fromBase64, type Bytes } from "./base64.ts";
import { holdChain, holdConsistency, holdLineage, holdSubjects } from "./consistency.ts";
import { IN_TOTO_PAYLOAD_TYPE, dsseEnvelope, preAuthEncoding, type DsseEnvelope } from "./dsse.ts";
import { DoesNotHold, hold, type EvidenceCheckName, type EvidenceFault } from "./fault.ts";
import { verifySignature, type EvidencePublicKey } from "./keys.ts";
import { readLoggedEvent } from "./logged-event.ts";
import { evidencePredicate, inTotoStatement, type EvidenceStatement } from "./statement.ts";
import { isAbsent } from "./tri-state.ts";

/** What is verified, and against what. */
export type EvidenceInput = {
  /** Bytes of `evidence.json`. */
  readonly package: Uint8Array;
  /** The keys that are trusted; more than one where keys were rotated. */
  readonly keys: readonly EvidencePublicKey[];
  /** The delivered files: SHA-256 in hexadecimal by path, `evidence.json` left out. Not compared when it is not given. */
  readonly tree?: ReadonlyMap<string, string>;
  /** The session's log, an event a line. Not compared when it is not given. */
  readonly log?: string;
};

/** What held, in order, and the first thing that did not. `statement` is there only when key, signature and form hold. */
export type EvidenceReport = {
  readonly holds: boolean;
  readonly held: readonly EvidenceCheckName[];
  /** What could not be compared because nothing was given to compare it with. */
  readonly notCompared: readonly ("tree" | "log")[];
  readonly fault: EvidenceFault | null;
  readonly statement: EvidenceStatement | null;
};

/** Verifies a package. */
export async function verifyEvidence(input: EvidenceInput): Promise<EvidenceReport> {
  const held: EvidenceCheckName[] = [];
  const notCompared = (["tree", "log"] as const).filter((name) => input[name] === undefined);
  let statement: EvidenceStatement | null = null;
  let checking: EvidenceCheckName = "envelope";
  const step = async <T>(check: EvidenceCheckName, work: () => T | Promise<T>): Promise<T> => {
    checking = check;
    const value = await work();
    held.push(check);
    return value;
  };
  try {
    const envelope = await step("envelope", () => readEnvelope(input.package));
    await step("payload type", () => hold(envelope.payloadType === IN_TOTO_PAYLOAD_TYPE, "payloadType", IN_TOTO_PAYLOAD_TYPE, envelope.payloadType));
    const key = await step("key", () => keyOf(envelope, input.keys));
    const payload = await step("signature", () => signedPayload(envelope, key));
    const outer = await step("statement", () => conforming(inTotoStatement, parsedJson(payload), ""));
    const predicate = await step("predicate", () => conforming(evidencePredicate, outer.predicate, "predicate"));
    const read: EvidenceStatement = { ...outer, predicate };
    statement = read;
    await step("chain", () => holdChain(predicate));
    await step("consistency", () => holdConsistency(predicate));
    await step("lineage", () => holdLineage(predicate));
    await step("subjects", () => holdSubjects(read));
    const { tree, log } = input;
    if (tree !== undefined) await step("tree", () => holdTree(read, tree));
    if (log !== undefined) await step("log", () => holdLog(read, log, sha256Hex(input.package)));
    return { holds: true, held, notCompared, fault: null, statement };
  } catch (err) {
    if (!(err instanceof DoesNotHold)) throw err;
    return { holds: false, held, notCompared, fault: { check: checking, ...err.fault }, statement };
  }
}

/** An older form: plain JSON that anybody could have written. */
const unsignedForm = z.object({ schemaVersion: z.string(), session: z.unknown(), chain: z.unknown() });

function readEnvelope(bytes: Uint8Array): DsseEnvelope {
  const json = parsedJson(bytes);
  hold(
    !unsignedForm.safeParse(json).success,
    "(document)",
    "a signed package in a DSSE envelope",
    "a package of the older form, which is plain JSON and not signed: nothing of it can be verified",
  );
  const envelope = conforming(dsseEnvelope, json, "");
  // One form alone: a byte that may differ without a difference in meaning is a byte that nobody guards.
  hold(
    sha256Hex(bytes) === sha256Hex(canonicalJson(envelope)),
    "(document)",
    "canonical JSON (RFC 8785), no byte more or less",
    "the same content in another form",
  );
  return envelope;
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (err) {
    throw new DoesNotHold("(document)", "JSON in UTF-8", err instanceof Error ? err.message : String(err));
  }
}

/** The value by its schema. @throws DoesNotHold at the first place that does not conform */
function conforming<S extends z.ZodType>(schema: S, value: unknown, root: string): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const keys = issue?.path ?? [];
  const path = keys.reduce<string>((text, key) => (typeof key === "number" ? `${text}[${key}]` : `${text}${text === "" ? "" : "."}${String(key)}`), root);
  throw new DoesNotHold(path === "" ? "(document)" : path, issue?.message ?? "another form", at(value, keys));
}

function at(value: unknown, keys: readonly PropertyKey[]): unknown {
  return keys.reduce<unknown>((inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined), value);
}

function keyOf({ signatures }: DsseEnvelope, keys: readonly EvidencePublicKey[]): EvidencePublicKey {
  const keyid = signatures[0]?.keyid ?? "";
  const key = keys.find(({ kid }) => kid === keyid);
  hold(key !== undefined, "signatures[0].keyid", `a key that is trusted: ${keys.map(({ kid }) => kid).join(", ") || "none is given"}`, keyid);
  return key;
}

async function signedPayload({ payload: encoded, payloadType, signatures }: DsseEnvelope, key: EvidencePublicKey): Promise<Bytes> {
  const payload = fromBase64(encoded);
  hold(payload !== null, "payload", "base64", "another text");
  const sig = fromBase64(signatures[0]?.sig ?? "");
  hold(sig !== null, "signatures[0].sig", "base64", signatures[0]?.sig);
  const genuine = await verifySignature(key, sig, preAuthEncoding(payloadType, payload));
  hold(
    genuine,
    "signatures[0].sig",
    `the signature of key ${key.kid} over type and payload`,
    "another signature: the package was changed, or another key signed it",
  );
  return payload;
}

function holdTree({ subject, predicate }: EvidenceStatement, tree: ReadonlyMap<string, string>): void {
  const sealed = isAbsent(predicate.deliverable) ? [] : subject;
  for (const { name, digest } of sealed) {
    const found = tree.get(name);
    hold(found !== undefined, name, `a file with SHA-256 ${digest.sha256}`, "no such file");
    hold(found === digest.sha256, name, `SHA-256 ${digest.sha256}`, `SHA-256 ${found}`);
  }
  const names = new Set(sealed.map(({ name }) => name));
  for (const path of [...tree.keys()].sort()) hold(names.has(path), path, "no file that the package does not name", "a file more");
}

/** Each event's hash is computed anew; the sealed ones are those of the package, and only the seal itself and the end follow. */
function holdLog({ predicate }: EvidenceStatement, log: string, packageDigest: string): void {
  const { chain, session } = predicate;
  const lines = log.split("\n").filter((line) => line.trim() !== "");
  let prevHash = GENESIS_HASH;
  for (const [index, line] of lines.entries()) {
    const path = `log line ${index + 1}`;
    const event = readLoggedEvent(line);
    hold(event !== null, path, "an event as `factory events SESSION --json` prints it", line);
    hold(event.seq === index + 1, `${path}, seq`, index + 1, event.seq);
    hold(event.prevHash === prevHash, `${path}, prevHash`, prevHash, event.prevHash);
    hold(event.computed === event.hash, `${path}, hash`, `${event.computed}, as its content gives it`, event.hash);
    prevHash = event.hash;
    const sealed = chain.events[index];
    if (sealed !== undefined) {
      const found = [event.seq, event.kind, event.eventId, event.hash];
      hold(canonicalJson(found) === canonicalJson(sealed), path, sealed, found);
    } else holdAfterSeal(event, index - chain.count, path, { outcome: session.outcome, packageDigest });
  }
  hold(lines.length >= chain.count, `log line ${lines.length + 1}`, `event ${lines.length + 1} of the ${chain.count} that are sealed`, "the end of the log");
}

function holdAfterSeal(
  { kind, payload }: { readonly kind: string; readonly payload: { readonly [key: string]: unknown } },
  place: number,
  path: string,
  { outcome, packageDigest }: { readonly outcome: string; readonly packageDigest: string },
): void {
  if (place === 0) {
    hold(kind === "ARTIFACT_WRITTEN", `${path}, kind`, "ARTIFACT_WRITTEN of the evidence package", kind);
    return;
  }
  hold(place === 1, path, "the end of the log", kind);
  const expected = `SESSION_${outcome}`;
  hold(kind === expected, `${path}, kind`, expected, kind);
  hold(payload["evidenceDigest"] === packageDigest, `${path}, evidenceDigest`, `${packageDigest}, the digest of this package`, payload["evidenceDigest"]);
}
