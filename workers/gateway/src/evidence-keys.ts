/** The public keys that evidence packages are verified with. */
import type { RecordLookup } from "@factory/governance";
import { FactoryError, kvKey } from "@factory/schemas";
import { EvidenceKeyError, readPublicKeys } from "@factory/verification/evidence";
import type { EvidenceKeySet } from "@factory/verification/evidence";

/**
 * The published keys, the one that signs now first; null where none is published. Whatever else the record may hold, only
 * the public form of each key leaves.
 *
 * @throws FactoryError INTERNAL when the record is no set of keys.
 */
export async function publishedEvidenceKeys(records: RecordLookup): Promise<EvidenceKeySet | null> {
  const record = await records(kvKey.evidenceKeys());
  if (record === null || record === undefined) return null;
  try {
    return { keys: readPublicKeys(JSON.stringify(record)) };
  } catch (err) {
    if (!(err instanceof EvidenceKeyError)) throw err;
    throw new FactoryError("INTERNAL", "The published keys cannot be read.", { reason: err.message });
  }
}
