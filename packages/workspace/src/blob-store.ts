/** File contents by the SHA-256 of their bytes. A store never changes what a digest stands for. */
import { FactoryError, blobKey, sha256Hex } from "@factory/schemas";

/** Where file contents are kept. */
export interface BlobStore {
  /** The bytes of a digest (64 lower-case hexadecimal digits), or null when they are not stored. */
  get(digest: string): Promise<Uint8Array | null>;
  /** Stores bytes and answers their digest; storing them again changes nothing. */
  put(bytes: Uint8Array): Promise<string>;
}

/** The part of an R2 bucket that a blob store uses; `R2Bucket` fits. */
export interface BlobBucket {
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
  put(key: string, value: Uint8Array): Promise<unknown>;
}

/**
 * Blobs in R2. What is read is checked against its digest.
 *
 * @throws FactoryError INTEGRITY from `get` when the stored bytes have another digest.
 */
export function r2BlobStore(bucket: BlobBucket): BlobStore {
  return {
    async get(digest) {
      const object = await bucket.get(blobKey.content(digest));
      if (object === null) return null;
      const bytes = new Uint8Array(await object.arrayBuffer());
      if (sha256Hex(bytes) !== digest) throw new FactoryError("INTEGRITY", `The blob ${digest} holds other bytes than its digest says.`);
      return bytes;
    },
    async put(bytes) {
      const digest = sha256Hex(bytes);
      await bucket.put(blobKey.content(digest), bytes);
      return digest;
    },
  };
}

/** Blobs in memory, for tests and for work that leaves nothing behind. */
export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, Uint8Array>();

  async get(digest: string): Promise<Uint8Array | null> {
    return this.#blobs.get(digest) ?? null;
  }

  async put(bytes: Uint8Array): Promise<string> {
    const digest = sha256Hex(bytes);
    this.#blobs.set(digest, bytes.slice());
    return digest;
  }
}

/** 16 MiB: a run's sources many times over, and an eighth of an isolate's memory. */
export const BLOB_CACHE_BYTES = 16 * 1024 * 1024;

/** Keeps the blobs used last in memory in front of another store. A digest never changes its meaning, so nothing goes stale. */
export function cachedBlobStore(inner: BlobStore, maxBytes: number = BLOB_CACHE_BYTES): BlobStore {
  const cache = new Map<string, Uint8Array>();
  let held = 0;
  const keep = (digest: string, bytes: Uint8Array): void => {
    const known = cache.get(digest);
    if (known !== undefined) {
      cache.delete(digest);
      held -= known.byteLength;
    }
    if (bytes.byteLength > maxBytes) return;
    cache.set(digest, bytes);
    held += bytes.byteLength;
    for (const [oldest, old] of cache) {
      if (held <= maxBytes) break;
      cache.delete(oldest);
      held -= old.byteLength;
    }
  };
  return {
    async get(digest) {
      const bytes = cache.get(digest) ?? (await inner.get(digest));
      if (bytes !== null) keep(digest, bytes);
      return bytes;
    },
    async put(bytes) {
      const digest = await inner.put(bytes);
      keep(digest, bytes);
      return digest;
    },
  };
}

/**
 * The text of a blob, or null when its bytes are not UTF-8 text.
 *
 * @throws FactoryError UNAVAILABLE when the store does not have it: a tree names only what was stored.
 */
export async function readText(blobs: BlobStore, digest: string): Promise<string | null> {
  return decodeText(await requireBlob(blobs, digest));
}

/**
 * The bytes of a blob.
 *
 * @throws FactoryError UNAVAILABLE when the store does not have it: a tree names only what was stored.
 */
export async function requireBlob(blobs: BlobStore, digest: string): Promise<Uint8Array> {
  const bytes = await blobs.get(digest);
  if (bytes === null) throw new FactoryError("UNAVAILABLE", `The blob ${digest} is not stored.`);
  return bytes;
}

/** UTF-8 text of bytes, or null when they are no text. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch (err) {
    // `fatal` reports bytes that are no UTF-8 as a TypeError; that is the answer here and not a fault.
    if (err instanceof TypeError) return null;
    throw err;
  }
}
