/** The archive of a log: pages of NDJSON in R2 whose digests are kept apart from them. */
import { Buffer } from "node:buffer";
import { RetryableError } from "@factory/durable";
import { FactoryError, sha256Hex } from "@factory/schemas";
import type { LogIdentity, LogTip } from "@factory/schemas/rpc";
import { z } from "zod";
import { checkCursor, checkPageSize } from "./limits.ts";
import type { LogPage, PageBounds } from "./log-lines.ts";

/** What the archive needs of R2. */
export interface Bucket {
  /** The text under a key; null when there is none. Rejects when the store does not answer: that is no absence. */
  read(key: string): Promise<string | null>;
  /** Writes a text; the store refuses it unless its SHA-256 is the one given, in hexadecimal. */
  write(key: string, text: string, digest: string): Promise<void>;
}

/** The bucket behind a binding. */
export function bucketOf(blobs: Pick<R2Bucket, "get" | "put">): Bucket {
  return {
    read: async (key) => (await (await blobs.get(key))?.text()) ?? null,
    write: async (key, text, digest) => void (await blobs.put(key, text, { sha256: digest, httpMetadata: { contentType: "application/x-ndjson" } })),
  };
}

/** A page that lies in the archive. */
export interface ArchivedPage {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** UTF-8 bytes with the newlines. */
  readonly bytes: number;
  /** SHA-256 of the bytes, in hexadecimal. */
  readonly digest: string;
}

/** One page of an archive: a read of a few events costs one of them, the largest log some five hundred. */
export const ARCHIVE_PAGE: PageBounds = { events: 1_000, bytes: 1024 * 1024 };
/** Pages kept in memory, a few MiB. */
const CACHED_PAGES = 4;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const seq = z.number().int().min(1);

const indexSchema = z.strictObject({
  version: z.literal(1),
  identity: z.strictObject({ org: z.string(), sessionId: z.string(), workOrderId: z.string(), assemblyId: z.string() }),
  events: seq,
  rootHash: hash,
  /** When the terminal event came, in epoch milliseconds. */
  closedAt: z.number().int(),
  /** What came after the terminal event and was refused, up to the archiving; null for nothing. */
  late: z.strictObject({ count: seq, eventId: z.string(), kind: z.string(), at: z.number().int() }).nullable(),
  pages: z.array(z.strictObject({ firstSeq: seq, lastSeq: seq, bytes: z.number().int(), digest: hash })).min(1),
});

/** What the archive of a session's log consists of. It is written last: a log is archived when it has one. */
export type ArchiveIndex = z.infer<typeof indexSchema>;

/**
 * Reads an index from its text.
 *
 * @throws FactoryError INTEGRITY for what is no index of gapless pages.
 */
export function parseIndex(text: string): ArchiveIndex {
  try {
    const index = indexSchema.parse(JSON.parse(text));
    let next = 1;
    for (const page of index.pages) {
      if (page.firstSeq !== next || page.lastSeq < page.firstSeq) throw new Error(`page ${page.firstSeq} does not follow event ${next - 1}`);
      next = page.lastSeq + 1;
    }
    if (next !== index.events + 1) throw new Error(`the pages end at ${next - 1}, the log at ${index.events}`);
    return index;
  } catch (err) {
    throw new FactoryError(
      "INTEGRITY",
      `The index of an archived log is damaged: ${err instanceof Error ? err.message : String(err)}. Restore it from a backup of the bucket.`,
    );
  }
}

/**
 * Writes a text and reads it back; returns when what lies there is what was written.
 *
 * @throws RetryableError when it is not.
 */
export async function writeVerified(bucket: Bucket, key: string, text: string): Promise<string> {
  const digest = sha256Hex(text);
  await bucket.write(key, text, digest);
  const back = await bucket.read(key);
  if (back === null || sha256Hex(back) !== digest) throw new RetryableError(`${key} does not read back as it was written.`);
  return digest;
}

/** The record of a page as it was written. */
export function archivedPage(firstSeq: number, lastSeq: number, text: string, digest: string): ArchivedPage {
  return { firstSeq, lastSeq, bytes: Buffer.byteLength(text), digest };
}

/** Reads pages from the archive, each checked against its digest. */
export class ArchiveReader {
  readonly #bucket: Bucket;
  readonly #keyOf: (firstSeq: number) => string;
  /** Not persisted: lines by key of the page, most recently used last; a read that fails is not kept. */
  readonly #cache = new Map<string, Promise<readonly string[]>>();

  constructor(bucket: Bucket, keyOf: (firstSeq: number) => string) {
    this.#bucket = bucket;
    this.#keyOf = keyOf;
  }

  /**
   * Lines of the page strictly after `after`, within the bounds.
   *
   * @throws FactoryError INTEGRITY when the page is not what was archived; what the store throws when it fails.
   */
  async after(page: ArchivedPage, after: number, bounds: PageBounds): Promise<Omit<LogPage, "tip">> {
    const lines = await this.lines(page);
    const taken: string[] = [];
    let total = 0;
    for (const line of lines.slice(after + 1 - page.firstSeq)) {
      total += Buffer.byteLength(line);
      if (taken.length === bounds.events || (total > bounds.bytes && taken.length > 0)) break;
      taken.push(line);
    }
    return { text: taken.map((line) => `${line}\n`).join(""), count: taken.length, lastSeq: after + taken.length };
  }

  /** Every line of a page. @throws as {@link after}. */
  lines(page: ArchivedPage): Promise<readonly string[]> {
    const key = this.#keyOf(page.firstSeq);
    const known = this.#cache.get(key) ?? this.#fetch(key, page);
    this.#cache.delete(key);
    this.#cache.set(key, known);
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= CACHED_PAGES) break;
      this.#cache.delete(oldest);
    }
    return known;
  }

  async #fetch(key: string, page: ArchivedPage): Promise<readonly string[]> {
    try {
      const text = await this.#bucket.read(key);
      if (text === null || sha256Hex(text) !== page.digest) {
        throw new FactoryError(
          "INTEGRITY",
          `The archived page ${key} is ${text === null ? "missing" : "not what was archived"}. Restore it from a backup of the bucket.`,
          { key },
        );
      }
      return text.split("\n").slice(0, -1);
    } catch (err) {
      this.#cache.delete(key);
      throw err;
    }
  }
}

/** A session's log that is served from R2. */
export class ArchivedLog {
  readonly #index: ArchiveIndex;
  readonly #reader: ArchiveReader;
  readonly tip: LogTip;

  constructor(index: ArchiveIndex, reader: ArchiveReader) {
    this.#index = index;
    this.#reader = reader;
    this.tip = { lastSeq: index.events, rootHash: index.rootHash, closed: true, archived: true };
  }

  get identity(): LogIdentity {
    return this.#index.identity;
  }

  /** As {@link SessionLog.pageAfter}, with the same `seq` and the same bytes. */
  async pageAfter(after: number, bounds: PageBounds): Promise<LogPage> {
    checkCursor(after);
    checkPageSize(bounds.events);
    const page = this.#index.pages.find(({ lastSeq }) => lastSeq > after);
    if (page === undefined) return { text: "", count: 0, lastSeq: after, tip: this.tip };
    return { ...(await this.#reader.after(page, after, bounds)), tip: this.tip };
  }

  /** Those of the ids that are in the log. Reads pages from the newest on: what is repeated late was sent last. */
  async known(eventIds: readonly string[]): Promise<ReadonlySet<string>> {
    const missing = new Set(eventIds);
    const found = new Set<string>();
    for (const page of this.#index.pages.toReversed()) {
      if (missing.size === 0) break;
      for (const line of await this.#reader.lines(page)) {
        for (const id of missing) {
          // The text may also stand in a payload, so a line that has it is read.
          if (!line.includes(id) || (JSON.parse(line) as { eventId: string }).eventId !== id) continue;
          missing.delete(id);
          found.add(id);
        }
      }
    }
    return found;
  }
}
