import { sha256Hex } from "@factory/schemas";
import type { BlobBucket } from "@factory/workspace";
import { expect, test } from "vitest";
import { isolateBlobs } from "./isolate-blobs.ts";

/** A bucket in memory that counts what it is asked for. */
function aBucket() {
  const kept = new Map<string, Uint8Array>();
  const calls = { get: 0, put: 0 };
  const bucket: BlobBucket = {
    get: async (key) => {
      calls.get += 1;
      const bytes = kept.get(key);
      return bytes === undefined ? null : { arrayBuffer: async () => new Uint8Array(bytes).buffer };
    },
    put: async (key, value) => {
      calls.put += 1;
      kept.set(key, value);
    },
  };
  return { bucket, calls };
}

const BYTES = new TextEncoder().encode("export const unit = 1;\n");

test("what one object stores another reads without asking the bucket, and it is in the bucket all the same", async () => {
  const { bucket, calls } = aBucket();
  const digest = await isolateBlobs(bucket).put(BYTES);
  expect(digest).toBe(sha256Hex(BYTES));
  expect(await isolateBlobs(bucket).get(digest)).toEqual(BYTES);
  expect(calls).toEqual({ get: 0, put: 1 });
});

test("another bucket holds nothing of it", async () => {
  const [one, other] = [aBucket(), aBucket()];
  const digest = await isolateBlobs(one.bucket).put(BYTES);
  expect(await isolateBlobs(other.bucket).get(digest)).toBeNull();
});
