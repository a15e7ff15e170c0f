/** Commits of SQLite databases, counted in their write-ahead logs: each is one flush of the disk. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Sizes in the format: https://www.sqlite.org/fileformat2.html#walformat */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const PAGE_SIZE_AT = 8;
const SALTS_AT = 16;
const SALTS_BYTES = 8;
/** In a frame: the database's size after a commit, zero in every frame that ends none; then the salts of its log. */
const COMMIT_AT = 4;
const FRAME_SALTS_AT = 8;

/** Commits in one log since it was last begun anew; the salts change when it is. */
type Log = { readonly salts: string; readonly commits: number };

/** What the logs below some folders hold at a moment. */
export type WalSample = ReadonlyMap<string, Log>;

/** Reads the logs of every database in a folder. */
export function sampleWal(folder: string): WalSample {
  const sample = new Map<string, Log>();
  for (const name of readdirSync(folder)) if (name.endsWith("-wal")) sample.set(name, logOf(readFileSync(join(folder, name))));
  return sample;
}

/**
 * Commits between two samples of a folder.
 *
 * @returns null when a log was begun anew in between, so that nobody can say.
 */
export function commitsBetween(before: WalSample, after: WalSample): number | null {
  let commits = 0;
  for (const [name, log] of after) {
    const known = before.get(name);
    if (known !== undefined && known.salts !== log.salts && known.commits > 0) return null;
    commits += log.commits - (known?.salts === log.salts ? known.commits : 0);
  }
  return commits;
}

function logOf(bytes: Buffer): Log {
  if (bytes.length < HEADER_BYTES) return { salts: "", commits: 0 };
  const frameBytes = FRAME_HEADER_BYTES + bytes.readUInt32BE(PAGE_SIZE_AT);
  const salts = bytes.toString("hex", SALTS_AT, SALTS_AT + SALTS_BYTES);
  let commits = 0;
  for (let at = HEADER_BYTES; at + frameBytes <= bytes.length; at += frameBytes) {
    // Frames of the log before this one follow the last of it.
    if (bytes.toString("hex", at + FRAME_SALTS_AT, at + FRAME_SALTS_AT + SALTS_BYTES) !== salts) break;
    if (bytes.readUInt32BE(at + COMMIT_AT) !== 0) commits += 1;
  }
  return { salts, commits };
}
