/** File contents as every object of this Worker reaches them: one cache for all that share an isolate. */
import { cachedBlobStore, patientBucket, r2BlobStore } from "@factory/workspace";
import type { BlobBucket, BlobStore } from "@factory/workspace";

/**
 * Not persisted: the store of each bucket. What an operative writes is read by the coordinator that checks it and by the
 * operatives of the beads after it, which as a rule are in the same isolate; a digest stands for the same bytes for all of them.
 */
const stores = new WeakMap<BlobBucket, BlobStore>();

/** The store over a bucket: the same one for every object of the isolate. */
export function isolateBlobs(bucket: BlobBucket): BlobStore {
  const known = stores.get(bucket);
  if (known !== undefined) return known;
  const store = cachedBlobStore(r2BlobStore(patientBucket(bucket)));
  stores.set(bucket, store);
  return store;
}
