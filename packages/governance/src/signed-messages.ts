/**
 * Messages between kernels: what the factory tells outside, and what other kernels tell it. The whole message is one canonical
 * document that is signed as it travels; the time of signing is inside, and a field that nobody knows is refused, not dropped.
 *
 * @see `contracts.md` 4
 */
import { digestOf, ORG_PATTERN, outboundSignal, refuse, type Org, type OutboundSignal, type Result } from "@factory/schemas";
import { z } from "zod";
import { MAX_KEY_ID_CHARS, type EnvelopeKeyLookup, type SigningKey } from "./envelope-keys.ts";
import { faultsOf, isFresh, isSignedBy, readCanonical, signCanonical, type EnvelopeSignature, type SignedPayload } from "./signed-bytes.ts";

/** Largest message, in bytes of its payload: 64 KiB. */
export const MAX_MESSAGE_BYTES = 65_536;

const name = z.string().min(1).max(128);

/** The document that is signed. */
export const kernelMessage = z.strictObject({
  schema_version: z.literal("1.0.0"),
  envelope_id: z.string().regex(/^env_[0-9a-zA-Z-]{8,64}$/, "must be env_ and 8 to 64 letters, digits or dashes"),
  /** When the message came to be. */
  timestamp: z.iso.datetime({ offset: true }),
  source: z.strictObject({ kernel_id: name, agent_id: name }),
  /** Whose matter it is: the organisation that the key belongs to. */
  org: z.string().regex(ORG_PATTERN),
  signed_at: z.iso.datetime({ offset: true }),
  key_id: z.string().min(1).max(MAX_KEY_ID_CHARS),
  message: outboundSignal,
});
export type KernelMessage = z.infer<typeof kernelMessage>;

/** A message before it is signed. */
export type UnsignedMessage = {
  readonly envelopeId: string;
  /** Epoch milliseconds. */
  readonly producedAtMs: number;
  readonly kernelId: string;
  readonly agentId: string;
  readonly org: Org;
  readonly message: OutboundSignal;
};

/**
 * Signs a message. The same message signed again has the same `envelope_id`, by which its receiver knows it.
 *
 * @param nowMs - clock in epoch milliseconds; becomes `signed_at`
 * @throws ZodError when the message is not valid, DOMException when the key is not usable.
 */
export async function signMessage(
  { envelopeId, producedAtMs, kernelId, agentId, org, message }: UnsignedMessage,
  key: SigningKey,
  nowMs: number,
): Promise<SignedPayload> {
  const document: KernelMessage = {
    schema_version: "1.0.0",
    envelope_id: envelopeId,
    timestamp: new Date(producedAtMs).toISOString(),
    source: { kernel_id: kernelId, agent_id: agentId },
    org,
    signed_at: new Date(nowMs).toISOString(),
    key_id: key.keyId,
    message,
  };
  return signCanonical(kernelMessage.parse(document), key);
}

/**
 * Verifies a message: its form, that its bytes are canonical, its signature by a key of its organisation, and its freshness.
 *
 * Never throws for what the caller sent. Refusals: TOO_LARGE, INVALID_ARGUMENT, ENVELOPE_NOT_CANONICAL, SIGNATURE_INVALID (also for a
 * key of another organisation), ENVELOPE_STALE.
 *
 * @param keys - keys of kernels: `signingKeysFor("kernel", ...)`
 * @param nowMs - clock in epoch milliseconds
 */
export async function verifyMessage(
  bytes: Uint8Array,
  signature: EnvelopeSignature,
  keys: EnvelopeKeyLookup,
  nowMs: number,
): Promise<Result<{ message: KernelMessage }>> {
  if (bytes.length > MAX_MESSAGE_BYTES) return refuse("TOO_LARGE", `A message has ${MAX_MESSAGE_BYTES} bytes at most.`);
  const read = readCanonical(bytes, "message");
  if (!read.ok) return read;
  const parsed = kernelMessage.safeParse(read.value);
  if (!parsed.success) return faultsOf(parsed.error, "message");
  const message = parsed.data;
  const key = await keys(message.key_id);
  if (key === null || key.org !== message.org || !(await isSignedBy(bytes, signature, key))) return refuse("SIGNATURE_INVALID");
  return isFresh(message.signed_at, nowMs) ? { ok: true, message } : refuse("ENVELOPE_STALE");
}

/** What stays the same when a message is signed again, also with the key that has taken the place of a rotated one. */
export function messageDigest(message: KernelMessage): string {
  const { timestamp: _timestamp, signed_at: _signedAt, key_id: _keyId, ...content } = message;
  return digestOf(content);
}
