/** The key that evidence is signed with, from the Worker's secret. */
import { RetryableError } from "@factory/durable";
import { EvidenceKeyError, evidenceSigner } from "@factory/verification/evidence";
import type { EvidenceSigner } from "@factory/verification/evidence";

/**
 * The signer of the secret `EVIDENCE_SIGNING_KEY`, a private Ed25519 key as a JSON Web Key.
 *
 * @throws RetryableError when there is none or it cannot be used: the session waits and is sealed once there is one. A
 *   package that is not signed is never made.
 */
export async function signerOf(secret: string | undefined): Promise<EvidenceSigner> {
  if (secret === undefined || secret.trim() === "") {
    throw new RetryableError("There is no key to sign the evidence with: set the secret EVIDENCE_SIGNING_KEY of the commissioning Worker.");
  }
  try {
    return await evidenceSigner(secret);
  } catch (err) {
    if (!(err instanceof EvidenceKeyError)) throw err;
    throw new RetryableError(`The secret EVIDENCE_SIGNING_KEY of the commissioning Worker cannot be used. ${err.message}`);
  }
}
