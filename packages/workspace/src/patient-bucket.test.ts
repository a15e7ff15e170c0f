import { expect, test } from "vitest";
import type { BlobBucket } from "./blob-store.ts";
import { patientBucket } from "./patient-bucket.ts";

const AT_ONCE = { retries: 3, minTimeout: 0, factor: 1, randomize: false };

/** A bucket whose first calls of each kind fail: the answer of `get`, then its body, and `put`. */
function aBucket(failures: number): BlobBucket & { readonly stored: Map<string, Uint8Array>; calls: number } {
  const stored = new Map<string, Uint8Array>();
  let left = failures;
  const fail = (what: string): void => {
    if (left-- > 0) throw new Error(`${what} was lost`);
  };
  return {
    stored,
    calls: 0,
    async get(key) {
      this.calls += 1;
      fail("the answer");
      const bytes = stored.get(key);
      if (bytes === undefined) return null;
      return {
        async arrayBuffer() {
          fail("the body");
          return new Uint8Array(bytes).buffer;
        },
      };
    },
    async put(key, value) {
      this.calls += 1;
      stored.set(key, value);
      fail("the answer");
    },
  };
}

test("what fails is asked again in place, a lost body included, and what is not there is not asked for twice", async () => {
  const bucket = aBucket(2);
  const patient = patientBucket(bucket, AT_ONCE);
  await patient.put("a", new Uint8Array([1, 2]));
  expect(bucket.calls).toBe(3);
  const read = aBucket(3);
  read.stored.set("a", new Uint8Array([1, 2]));
  const found = await patientBucket(read, AT_ONCE).get("a");
  expect(new Uint8Array((await found?.arrayBuffer()) ?? new ArrayBuffer(0))).toEqual(new Uint8Array([1, 2]));
  const empty = aBucket(0);
  expect(await patientBucket(empty, AT_ONCE).get("b")).toBeNull();
  expect(empty.calls).toBe(1);
});

test("a bucket that stays away fails with its own error after the last try", async () => {
  const bucket = aBucket(100);
  await expect(patientBucket(bucket, AT_ONCE).get("a")).rejects.toThrow("the answer was lost");
  expect(bucket.calls).toBe(4);
});
