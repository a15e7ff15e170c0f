/**
 * A change set as a person reads it before they decide on it: a unified diff of each file. What a model wrote is shown as
 * text only: characters that would steer a terminal or turn the reading direction are written out.
 */
import { RetryableError } from "@factory/durable";
import { blobKey, sha256Hex } from "@factory/schemas";
import type { ChangeEntry } from "@factory/schemas";
import { createTwoFilesPatch } from "diff";
import type { BlobPort } from "./context.ts";

/** UTF-16 units of all diffs of one question; the whole event has room for ten times that. */
export const MAX_CHANGE_CHARS = 24_000;

/** Control characters but line feed and tab, and what changes the direction of text. */
// oxlint-disable-next-line no-control-regex -- Control characters are what it looks for.
const STEERING = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** Text in which nothing steers whoever shows it. */
export function plainText(text: string): string {
  return text.replaceAll(STEERING, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`);
}

/**
 * The diffs of a change set, in its order; what is over {@link MAX_CHANGE_CHARS} is cut and said.
 *
 * @throws RetryableError when a content is not in the store yet or is not what its digest says
 */
export async function changeText(blobs: Pick<BlobPort, "get">, changes: readonly ChangeEntry[]): Promise<string> {
  let left = MAX_CHANGE_CHARS;
  const shown: string[] = [];
  for (const change of changes) {
    if (left <= 0) break;
    const diff = plainText(await diffOf(blobs, change));
    shown.push(diff.length <= left ? diff : `${diff.slice(0, left)}\n[${diff.length - left} more characters of ${change.path}]`);
    left -= diff.length;
  }
  const unseen = changes.slice(shown.length).map(({ path }) => path);
  return [...shown, ...(unseen.length === 0 ? [] : [`[not shown: ${unseen.join(", ")}]`])].join("\n");
}

async function diffOf(blobs: Pick<BlobPort, "get">, { path, baseDigest, digest }: ChangeEntry): Promise<string> {
  const [before, after] = await Promise.all([contentOf(blobs, path, baseDigest), contentOf(blobs, path, digest)]);
  const patch = createTwoFilesPatch(baseDigest === null ? "none" : path, digest === null ? "none" : path, before, after, "", "");
  // The first line is a rule of equal signs for patches of several files.
  return patch.slice(patch.indexOf("---")).trimEnd();
}

async function contentOf(blobs: Pick<BlobPort, "get">, path: string, digest: string | null): Promise<string> {
  if (digest === null) return "";
  const bytes = await blobs.get(blobKey.content(digest));
  if (bytes === null || sha256Hex(bytes) !== digest) throw new RetryableError(`The stored bytes of ${path} are not those of the change set.`);
  return new TextDecoder().decode(bytes);
}
