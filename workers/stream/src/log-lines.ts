/**
 * Lines of a log: one event each, as RFC 8785 canonical JSON. A line is made once, when its event is appended, and every
 * reader, sink and archive gets those bytes. Its hash covers the canonical form of every other field.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8785
 */
import { Buffer } from "node:buffer";
import type { StoragePort } from "@factory/durable";
import { FactoryError, canonicalJson, sha256Hex } from "@factory/schemas";
import type { LogTip } from "@factory/schemas/rpc";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import { overLimit } from "./limits.ts";

/** Stored lines of a page, each ended by a newline. */
export interface LogPage {
  readonly text: string;
  readonly count: number;
  /** Cursor after the page; the one before it for an empty page. */
  readonly lastSeq: number;
  readonly tip: LogTip;
}

/** Bounds of one page. */
export interface PageBounds {
  readonly events: number;
  /** UTF-8 bytes; one event is given even when it alone is larger. */
  readonly bytes: number;
}

/** A line and what its row says about it. */
export interface SealedLine {
  readonly line: string;
  readonly hash: string;
  /** UTF-8 bytes without the newline. */
  readonly bytes: number;
}

/**
 * Hashes an event and puts the hash in its place. The event is given as the two halves of its canonical JSON between
 * which the field `hash` belongs, so that one serialisation serves the hash and the line.
 *
 * @param head - from the opening brace to the comma before `hash`
 * @param tail - from the first field after `hash` to the closing brace
 * @throws FactoryError TOO_LARGE for a line over `LOG_LIMITS.eventBytes`.
 */
export function sealedLine(head: string, tail: string, eventId: string, kind: string): SealedLine {
  const hash = sha256Hex(head + tail);
  const line = `${head}"hash":"${hash}",${tail}`;
  const bytes = Buffer.byteLength(line);
  if (bytes > LOG_LIMITS.eventBytes) {
    throw overLimit("eventBytes", `Event ${eventId} (${kind}) has ${bytes} bytes`, "Store large content in R2 and put its key in the payload.", {
      eventId,
      kind,
      bytes,
    });
  }
  return { line, hash, bytes };
}

/** Canonical JSON of a payload. @throws FactoryError INVALID_ARGUMENT for what has no canonical form, such as half of a surrogate pair. */
export function canonicalPayload(eventId: string, payload: unknown): string {
  try {
    return canonicalJson(payload);
  } catch (err) {
    throw new FactoryError(
      "INVALID_ARGUMENT",
      `The payload of event ${eventId} has no canonical JSON form: ${err instanceof Error ? err.message : String(err)}.`,
      { eventId },
    );
  }
}

/** The events of a page. `T` is what its lines were made from. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a page is opened at the type its lines were made from.
export function eventsOf<T>(page: LogPage): T[] {
  // The cast holds: only this Worker writes lines, from events of that shape.
  return page.text
    .split("\n")
    .slice(0, page.count)
    .map((line) => JSON.parse(line) as T);
}

/** Keeps the answer to one `read` well under the 32 MiB of an RPC message and of an isolate's memory. */
export const READ_PAGE_BYTES = 4 * 1024 * 1024;

/** Lines of a table that has `seq`, `bytes` and `line`. */
export class StoredLines {
  readonly #storage: StoragePort;
  readonly #sizes: string;
  readonly #lines: string;

  constructor(storage: StoragePort, table: "log_events" | "assembly_events") {
    this.#storage = storage;
    this.#sizes = `SELECT seq, bytes FROM ${table} WHERE seq > ? ORDER BY seq LIMIT ?`;
    this.#lines = `SELECT line FROM ${table} WHERE seq > ? AND seq <= ? ORDER BY seq`;
  }

  /** Lines strictly after `after`, within the bounds. */
  after(after: number, bounds: PageBounds): Omit<LogPage, "tip"> & { readonly full: boolean } {
    const { lastSeq, full } = this.#within(after, bounds);
    const lines = this.#storage.sql.exec<{ line: string }>(this.#lines, after, lastSeq).toArray();
    return { text: lines.map(({ line }) => `${line}\n`).join(""), count: lines.length, lastSeq, full };
  }

  #within(after: number, bounds: PageBounds): { readonly lastSeq: number; readonly full: boolean } {
    const sizes = this.#storage.sql.exec<{ seq: number; bytes: number }>(this.#sizes, after, bounds.events).toArray();
    let lastSeq = after;
    let total = 0;
    for (const { seq, bytes } of sizes) {
      total += bytes;
      if (total > bounds.bytes && lastSeq > after) return { lastSeq, full: true };
      lastSeq = seq;
    }
    return { lastSeq, full: sizes.length === bounds.events };
  }
}
