import { sha256Hex } from "@factory/schemas";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { collectDeliverable, type DeliverableChunk } from "./deliverable.ts";
import { zipOf } from "./zip.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A file as chunks of two bytes; an empty file is one empty chunk. */
function chunksOf(path: string, text: string, sha256 = sha256Hex(text)): DeliverableChunk[] {
  const bytes = bytesOf(text);
  const offsets = Array.from({ length: Math.max(1, Math.ceil(bytes.length / 2)) }, (_, index) => index * 2);
  return offsets.map((offset) => ({ path, mode: 0o644, sha256, data: bytes.slice(offset, offset + 2) }));
}

async function* sent(...chunks: readonly DeliverableChunk[]): AsyncGenerator<DeliverableChunk> {
  yield* chunks;
}

describe("a deliverable", () => {
  it("is put together from chunks, told of as it comes, and packed as it is", async () => {
    const told: number[] = [];
    const files = await collectDeliverable(sent(...chunksOf("a/b.ts", "abcde"), ...chunksOf("c.txt", "")), ({ bytes }) => told.push(bytes));
    expect(files.map(({ path, bytes }) => [path, new TextDecoder().decode(bytes)])).toEqual([
      ["a/b.ts", "abcde"],
      ["c.txt", ""],
    ]);
    expect(told).toEqual([2, 4, 5, 5]);
    const unpacked = unzipSync(zipOf("pricing", files));
    expect(Object.keys(unpacked)).toEqual(["pricing/a/b.ts", "pricing/c.txt"]);
    expect(new TextDecoder().decode(unpacked["pricing/a/b.ts"])).toBe("abcde");
  });

  it("is refused with a file that is not what its digest says, or with a path that leads out", async () => {
    await expect(collectDeliverable(sent(...chunksOf("a.ts", "abc", sha256Hex("abd"))), () => undefined)).rejects.toThrow("a.ts does not have the digest");
    await expect(collectDeliverable(sent(...chunksOf("../a.ts", "abc")), () => undefined)).rejects.toThrow(/path/i);
  });
});
