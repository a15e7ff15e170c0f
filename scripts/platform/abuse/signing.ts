/** Keys that sign what comes in, of either organisation and for every use, and the envelopes and messages made with them. */
import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import { createFactoryClient } from "@factory/cli";
import { newEnvelopeId, orderEnvelope, signEnvelope, signMessage, type EnvelopeSignature, type SigningKey, type UnsignedEnvelope } from "@factory/governance";
import { outboundSignal, ulidId, type AttachedFile, type CompilationConfig, type OutboundSignal } from "@factory/schemas";
import { SignatureAlgorithm } from "@factory/schemas/proto";
import type { SigningUse } from "@factory/schemas/rpc";

/** An order as it is handed in: with any of it missing where it is to be wrong. */
export type SubmitRequest = {
  readonly envelope?: { readonly payload: Uint8Array; readonly signature?: { readonly algorithm: SignatureAlgorithm; readonly value: Uint8Array } };
};
/** One with both parts. */
export type SignedRequest = { readonly envelope: Required<NonNullable<SubmitRequest["envelope"]>> };

/** Keys by what they are for; those of `other` are the second organisation's. */
export type SigningKeys = {
  readonly [
    name in "submission" | "submissionEd25519" | "kernel" | "dispositionHmac" | "revoked" | "otherSubmission" | "otherKernel" | "otherDisposition"
  ]: SigningKey;
} & {
  /** The public part of `submissionEd25519`, base64 of 32 bytes. */
  readonly ed25519PublicKey: string;
};

/** Registers the keys. @param clients - admins of both organisations */
export async function registerKeys(url: string, apiKeys: { readonly own: string; readonly other: string }, submission: SigningKey): Promise<SigningKeys> {
  const own = createFactoryClient({ url, apiKey: apiKeys.own }).admin;
  const other = createFactoryClient({ url, apiKey: apiKeys.other }).admin;
  const hmac = async (admin: typeof own, keyId: string, use: SigningUse): Promise<SigningKey> => {
    const secret = randomBytes(32).toString("base64");
    await admin.putSigningKey({ key: { keyId, uses: [use], material: { case: "secret", value: secret } } });
    return { keyId, algorithm: "HMAC-SHA256", secret };
  };
  const pair = generateKeyPairSync("ed25519");
  const ed25519PublicKey = pair.publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
  await own.putSigningKey({ key: { keyId: "submit-ed25519", uses: ["submission"], material: { case: "publicKey", value: ed25519PublicKey } } });
  const revoked = await hmac(own, "submit-revoked", "submission");
  await own.revokeSigningKey({ keyId: revoked.keyId });
  return {
    submission,
    submissionEd25519: {
      keyId: "submit-ed25519",
      algorithm: "Ed25519",
      privateKey: pair.privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
    },
    ed25519PublicKey,
    revoked,
    kernel: await hmac(own, "kernel-own", "kernel"),
    dispositionHmac: await hmac(own, "disposition-own", "disposition"),
    otherSubmission: await hmac(other, "submit-other", "submission"),
    otherKernel: await hmac(other, "kernel-other", "kernel"),
    otherDisposition: await hmac(other, "disposition-other", "disposition"),
  };
}

/** What is said of an order beside its text. */
export type OrderOptions = {
  readonly files?: readonly AttachedFile[];
  readonly config?: CompilationConfig;
  readonly assembly?: string;
  readonly envelopeId?: string;
};

/** An envelope for an order, not signed yet. */
export function envelopeFor(text: string, { files = [], config = {}, assembly, envelopeId = newEnvelopeId() }: OrderOptions = {}): UnsignedEnvelope {
  return orderEnvelope({ text, files, assembly, envelopeId, kernelId: "abuse", actorId: "abuse", config }, Date.now());
}

/** A signed request. @param atMs - when it says that it was signed */
export async function submission(unsigned: UnsignedEnvelope, key: SigningKey, atMs: number = Date.now()): Promise<SignedRequest> {
  return requestOf(await signEnvelope(unsigned, key, atMs));
}

/** What travels: bytes and a signature over some bytes, which need not be the same. */
export function requestOf({ payload, signature }: { readonly payload: Uint8Array; readonly signature: EnvelopeSignature }): SignedRequest {
  const algorithm = signature.algorithm === "Ed25519" ? SignatureAlgorithm.ED25519 : SignatureAlgorithm.HMAC_SHA256;
  return { envelope: { payload, signature: { algorithm, value: signature.value } } };
}

/** Any text as if it were an envelope, under an HMAC. */
export function hmacSigned(key: SigningKey, text: string): SignedRequest {
  const payload = new TextEncoder().encode(text);
  return requestOf({ payload, signature: { algorithm: "HMAC-SHA256", value: hmacSignature(key, payload) } });
}

/** The HMAC of any bytes. @throws TypeError for a key that makes none */
export function hmacSignature(key: SigningKey, bytes: Uint8Array): Uint8Array {
  if (!("secret" in key)) throw new TypeError("The key signs no HMAC.");
  return createHmac("sha256", Buffer.from(key.secret, "base64")).update(bytes).digest();
}

/** A message of another kernel as it travels in JSON. */
export type KernelBody = { readonly payload: string; readonly signature: { readonly algorithm: string; readonly value: string } };

/** What is said otherwise than in a good message. */
export type MessageChanges = { readonly envelopeId?: string; readonly org?: string; readonly key?: SigningKey; readonly signedAtMs?: number };

/** A signed message of another kernel. */
export async function kernelMessage(
  message: OutboundSignal,
  org: string,
  key: SigningKey,
  { envelopeId = `env_${crypto.randomUUID()}`, signedAtMs }: MessageChanges = {},
): Promise<KernelBody> {
  const unsigned = { envelopeId, producedAtMs: PRODUCED_AT_MS, kernelId: "kernel-next-door", agentId: "mediation", org, message };
  return kernelBodyOf(await signMessage(unsigned, key, signedAtMs ?? Date.now()));
}

/** Bytes and signature in base64. */
export function kernelBodyOf({ payload, signature }: { readonly payload: Uint8Array; readonly signature: EnvelopeSignature }): KernelBody {
  return { payload: base64(payload), signature: { algorithm: signature.algorithm, value: base64(signature.value) } };
}

/** The same message always says the same moment, so that sent again it is the same. */
const PRODUCED_AT_MS = Date.parse("2026-08-04T12:00:00.000Z");

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** An escalation of another kernel. */
export function anEscalation(changes: { readonly escalationId?: string; readonly requestedAction?: string } = {}): OutboundSignal {
  return outboundSignal.parse({
    type: "EscalationEvent",
    escalationId: ulidId("ESC", PRODUCED_AT_MS),
    assemblyId: "main",
    divergenceIds: [],
    hypothesisChain: [],
    suspensionState: "waiting",
    openDivergenceCount: 0,
    requestedAction: "Decide on the plan.",
    producedAt: new Date(PRODUCED_AT_MS).toISOString(),
    producedBy: "mediation:main",
    ...changes,
  });
}

/** A verdict closure record of another kernel. */
export function aVerdictClosure(dispositionEventId: string): OutboundSignal {
  return outboundSignal.parse({
    type: "VerdictClosureRecord",
    vcrId: "VCR-00000000000000000000000001",
    dispositionEventId,
    verdictType: "coherence",
    verdict: "favorable",
    assemblyId: "main",
    producedAt: new Date(PRODUCED_AT_MS).toISOString(),
  });
}

/** How another kernel does: nothing that is taken. */
export function aHealthSummary(): OutboundSignal {
  return outboundSignal.parse({ type: "HealthSummary", assemblies: [], producedAt: new Date(PRODUCED_AT_MS).toISOString() });
}
