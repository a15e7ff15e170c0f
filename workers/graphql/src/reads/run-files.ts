/** Files of a run's tree: how each differs from the starting tree, how large it is, and its text for a comparison. */
import { blobKey, FactoryError, sha256Hex } from "@factory/schemas";
import type { RunFile } from "@factory/schemas/rpc";
import DataLoader from "dataloader";
import { inLanes } from "./lanes.ts";

/** Most bytes of one side of a file in an answer. */
export const MAX_SIDE_BYTES = 256 * 1024;
/** Most files of one operation whose sizes are asked for: each is a call of the bucket. */
export const MAX_SIZED_FILES = 2_000;

/** How a path of a run's tree differs from the starting tree. */
export const RUN_FILE_STATUSES = ["ADDED", "MODIFIED", "UNCHANGED", "DELETED"] as const;
export type RunFileStatus = (typeof RUN_FILE_STATUSES)[number];

/** A file as it was and as it is: at most {@link MAX_SIDE_BYTES} of each side. */
export type FileSides = {
  readonly path: string;
  readonly status: RunFileStatus;
  /** Text at the start; null when it was not there, and for a binary file. */
  readonly base: string | null;
  /** Text now; null when it was deleted, and for a binary file. */
  readonly current: string | null;
  readonly binary: boolean;
  readonly truncated: boolean;
};

/** The part of the bucket of blobs that is read; `R2Bucket` fits. */
export type BlobSource = {
  head(key: string): Promise<{ readonly size: number } | null>;
  get(key: string, options?: { readonly range: { readonly offset: number; readonly length: number } }): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
};

/** How a path stands. */
export function statusOf({ digest, baseDigest }: Pick<RunFile, "digest" | "baseDigest">): RunFileStatus {
  if (digest === baseDigest) return "UNCHANGED";
  if (digest === null) return "DELETED";
  return baseDigest === null ? "ADDED" : "MODIFIED";
}

/** Reads of file contents. Digests come from the trees of the org's own runs. */
export class FileReads {
  readonly #blobs: BlobSource;
  readonly #sizes: DataLoader<string, number | null>;
  /** Not persisted: files of this operation whose sizes were asked for. */
  #sized = 0;

  constructor(blobs: BlobSource) {
    this.#blobs = blobs;
    this.#sizes = new DataLoader((digests) => inLanes(digests, (digest) => this.#size(digest)));
  }

  /** Bytes of a blob; null when it is not stored or too many were asked for. */
  size(digest: string): Promise<number | null> {
    return this.#sizes.load(digest);
  }

  /** Both sides of a file. @throws FactoryError INTEGRITY, UNAVAILABLE when a side is not stored. */
  async sides(file: RunFile): Promise<FileSides> {
    const [base, current] = await Promise.all([this.#side(file.baseDigest), this.#side(file.digest)]);
    const sides = [base, current].filter((side) => side !== null);
    const binary = sides.some(({ text }) => text === null);
    return {
      path: file.path,
      status: statusOf(file),
      base: binary ? null : (base?.text ?? null),
      current: binary ? null : (current?.text ?? null),
      binary,
      truncated: sides.some(({ truncated }) => truncated),
    };
  }

  async #size(digest: string): Promise<number | null> {
    this.#sized += 1;
    if (this.#sized > MAX_SIZED_FILES) return null;
    return (await this.#blobs.head(blobKey.content(digest)))?.size ?? null;
  }

  async #side(digest: string | null): Promise<{ readonly text: string | null; readonly truncated: boolean } | null> {
    if (digest === null) return null;
    const key = blobKey.content(digest);
    const size = (await this.#blobs.head(key))?.size;
    const truncated = size !== undefined && size > MAX_SIDE_BYTES;
    const object = await (truncated ? this.#blobs.get(key, { range: { offset: 0, length: MAX_SIDE_BYTES } }) : this.#blobs.get(key));
    if (size === undefined || object === null) throw new FactoryError("UNAVAILABLE", `The blob ${digest} is not stored.`);
    const bytes = new Uint8Array(await object.arrayBuffer());
    if (!truncated && sha256Hex(bytes) !== digest) throw new FactoryError("INTEGRITY", `The blob ${digest} holds other bytes than its digest says.`);
    return { text: textOf(bytes, truncated), truncated };
  }
}

/** UTF-8 text of bytes, or null when they are no text. What is cut off may end within a character, which is left out. */
function textOf(bytes: Uint8Array, cut: boolean): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: cut });
    return text.includes("\0") ? null : text;
  } catch (err) {
    // `fatal` reports bytes that are no UTF-8 as a TypeError; that is the answer here and not a fault.
    if (err instanceof TypeError) return null;
    throw err;
  }
}
