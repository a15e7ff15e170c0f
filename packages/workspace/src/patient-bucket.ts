/**
 * A bucket that is asked again in place: one lost answer of the store is no reason to begin a whole delivery or check anew. What is
 * stored is named by its content or written whole, so doing it twice is doing it once.
 */
import pRetry from "p-retry";
import type { BlobBucket } from "./blob-store.ts";

/** How a bucket is asked again, in milliseconds; as of `p-retry`. */
export type Patience = { readonly retries: number; readonly minTimeout: number; readonly factor: number; readonly randomize: boolean };

/** Four tries within some two seconds: a store that is away for longer is the caller's to wait for. */
const PATIENCE: Patience = { retries: 3, minTimeout: 100, factor: 3, randomize: true };

/** Asks again what failed. @throws what the last try threw. */
export function patientBucket(bucket: BlobBucket, patience: Patience = PATIENCE): BlobBucket {
  return {
    get: (key) =>
      pRetry(async () => {
        // The body may be lost as well as the answer, so it is read within the try.
        const bytes = await (await bucket.get(key))?.arrayBuffer();
        return bytes === undefined ? null : { arrayBuffer: async () => bytes };
      }, patience),
    put: (key, value) => pRetry(() => bucket.put(key, value), patience),
  };
}
