/**
 * Moves a closed log to the archive: pages, then the index, each read back and checked. Every step may be repeated: a
 * page's bounds and bytes follow from the log, and a page that lies there is recorded before the next is written.
 */
import type { StoragePort } from "@factory/durable";
import { TerminalError } from "@factory/durable";
import { blobKey } from "@factory/schemas";
import type { LogIdentity } from "@factory/schemas/rpc";
import { ARCHIVE_PAGE, archivedPage, parseIndex, writeVerified } from "./archive.ts";
import type { ArchivedPage, ArchiveIndex, Bucket } from "./archive.ts";
import type { LateEvents } from "./late-events.ts";
import { eventsOf } from "./log-lines.ts";
import type { PageBounds } from "./log-lines.ts";
import type { SessionLog } from "./session-log.ts";

/** From the terminal event to the archive, in milliseconds: long enough for readers that follow live and for repeats of producers. */
export const ARCHIVE_AFTER_MS = 5 * 60_000;

/** What archiving needs. */
export interface ArchivingDeps {
  readonly storage: StoragePort;
  readonly bucket: Bucket;
  readonly log: SessionLog;
  readonly late: LateEvents;
  /** Bounds of a page; {@link ARCHIVE_PAGE} unless given. */
  readonly page?: PageBounds;
}

type PageRow = { first_seq: number; last_seq: number; bytes: number; digest: string };

/** The pages that have been archived, oldest first. */
export function archivedPages(storage: StoragePort): ArchivedPage[] {
  return storage.sql
    .exec<PageRow>("SELECT first_seq, last_seq, bytes, digest FROM archived_pages ORDER BY first_seq")
    .toArray()
    .map(({ first_seq, last_seq, bytes, digest }) => ({ firstSeq: first_seq, lastSeq: last_seq, bytes, digest }));
}

/** Records a page that lies in the archive. */
export function recordPage(storage: StoragePort, { firstSeq, lastSeq, bytes, digest }: ArchivedPage): void {
  storage.sql.exec("INSERT INTO archived_pages (first_seq, last_seq, bytes, digest) VALUES (?, ?, ?, ?)", firstSeq, lastSeq, bytes, digest);
}

/**
 * Writes the pages of a closed log that are not in the archive yet.
 *
 * @throws RetryableError when a page does not read back, what the store throws, or the signal's reason; what was
 *   recorded stays.
 */
export async function archivePages(deps: ArchivingDeps, identity: LogIdentity, signal: AbortSignal): Promise<void> {
  const { storage, bucket, log } = deps;
  let last = archivedPages(storage).at(-1)?.lastSeq ?? 0;
  for (;;) {
    signal.throwIfAborted();
    const page = log.pageAfter(last, deps.page ?? ARCHIVE_PAGE);
    if (page.count === 0) return;
    const digest = await writeVerified(bucket, blobKey.logPage(identity.org, identity.sessionId, last + 1), page.text);
    signal.throwIfAborted();
    recordPage(storage, archivedPage(last + 1, page.lastSeq, page.text, digest));
    last = page.lastSeq;
  }
}

/**
 * Writes the index of a closed log whose pages are all in the archive. With it, the archive is what the log is.
 *
 * @throws as {@link archivePages}; TerminalError when the pages do not end where the log ends.
 */
export async function archiveIndex(deps: ArchivingDeps, identity: LogIdentity): Promise<ArchiveIndex> {
  const tip = deps.log.tip();
  const closedAt = deps.log.closedAt();
  if (closedAt === null) throw new TerminalError("A log without a terminal event stays where it is.");
  const [last] = eventsOf<{ hash: string }>(deps.log.pageAfter(tip.lastSeq - 1, { events: 1, bytes: 1 }));
  if (last?.hash !== tip.rootHash) throw new TerminalError(`The log of ${identity.sessionId} does not end with its root hash; it stays where it is.`);
  const index: ArchiveIndex = {
    version: 1,
    identity,
    events: tip.lastSeq,
    rootHash: tip.rootHash,
    closedAt,
    late: deps.late.recorded(),
    pages: archivedPages(deps.storage),
  };
  const text = JSON.stringify(index);
  // What a later instance will refuse to read must not replace the log.
  parseIndex(text);
  await writeVerified(deps.bucket, blobKey.logIndex(identity.org, identity.sessionId), text);
  return index;
}
