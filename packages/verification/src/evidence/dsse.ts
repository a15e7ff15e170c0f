/**
 * The envelope of the evidence: DSSE, the Dead Simple Signing Envelope. The signature is over the pre-authentication
 * encoding of type and payload, so a payload cannot be passed off as one of another type.
 *
 * @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md and envelope.md
 */
import { canonicalJson } from "@factory/schemas";
import { z } from "zod";
import { toBase64, utf8, type Bytes } from "./base64.ts";
import type { EvidenceSigner } from "./keys.ts";

/** Payload type of an in-toto statement. */
export const IN_TOTO_PAYLOAD_TYPE = "application/vnd.in-toto+json";

/** An envelope with exactly one signature, so that there is none whose change would go unseen. */
export const dsseEnvelope = z.strictObject({
  payload: z.string(),
  payloadType: z.string(),
  signatures: z.array(z.strictObject({ keyid: z.string(), sig: z.string() })).length(1),
});
export type DsseEnvelope = z.infer<typeof dsseEnvelope>;

/** The bytes that are signed: `DSSEv1 SP LEN(type) SP type SP LEN(payload) SP payload`, lengths in bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Bytes {
  const head = utf8(`DSSEv1 ${utf8(payloadType).length} ${payloadType} ${payload.length} `);
  const bytes = new Uint8Array(head.length + payload.length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

/** Bytes of a signed envelope: canonical JSON. The same payload and key give the same bytes, for Ed25519 is deterministic. */
export async function sealEnvelope(payloadType: string, payload: Uint8Array, signer: EvidenceSigner): Promise<Bytes> {
  const signature = await signer.sign(preAuthEncoding(payloadType, payload));
  const envelope: DsseEnvelope = { payload: toBase64(payload), payloadType, signatures: [{ keyid: signer.keyId, sig: toBase64(signature) }] };
  return utf8(canonicalJson(envelope));
}
