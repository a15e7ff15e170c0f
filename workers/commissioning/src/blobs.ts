/** A session's part of the bucket. */
import { patientBucket } from "@factory/workspace";
import type { BlobBucket } from "@factory/workspace";
import type { BlobPort } from "./context.ts";

/** Reads and writes by key; the store is asked again in place before a step has to begin anew. */
export function blobsIn(bucket: BlobBucket): BlobPort {
  const patient = patientBucket(bucket);
  return {
    async get(key) {
      const object = await patient.get(key);
      return object === null ? null : new Uint8Array(await object.arrayBuffer());
    },
    async put(key, bytes) {
      await patient.put(key, bytes);
    },
  };
}
