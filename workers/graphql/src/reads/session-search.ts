/**
 * Search for text in sessions: in the title, the work order's id and the session's id. Three characters and more are found by
 * the text index, which gives matches newest first; what is shorter is compared with the newest sessions alone.
 *
 * @see https://sqlite.org/fts5.html#the_trigram_tokenizer
 */
import { and, sql, type SQL } from "drizzle-orm";
import { FactoryError } from "@factory/schemas";
import { sessionViews } from "../projections/schema.ts";
import type { Position } from "./cursors.ts";
import type { OrgReads } from "./org-reads.ts";

/** Longest text to search for, in UTF-16 code units. */
const MAX_SEARCH_CHARS = 200;
/** Characters of an entry of the text index. */
const INDEXED_CHARS = 3;
/** Newest sessions of the org that a shorter text is compared with. */
const COMPARED_SESSIONS = 1_000;
/** What an org is between in the text index. */
const ORG_MARK = "\u0001";

/** The order of the text index: by start, as lists are, and within a millisecond by entry. */
export const PLACE_DESC = sql.raw("(SELECT ordered.place FROM session_places AS ordered WHERE ordered.session_id = session_views.session_id) DESC");

/** The text that is asked for; null when there is none. @throws FactoryError INVALID_ARGUMENT */
export function searchText({ search }: { readonly search?: string | null | undefined }): string | null {
  const text = search?.trim() ?? "";
  if (text.length > MAX_SEARCH_CHARS) throw new FactoryError("INVALID_ARGUMENT", `\`search\` has ${text.length} characters; it may have ${MAX_SEARCH_CHARS}.`);
  // SQLite's text ends at a NUL, which rows therefore show as the replacement character.
  return text === "" ? null : text.replaceAll("\0", "\uFFFD");
}

/** Whether the text index leads to the text. */
export const isIndexed = (text: string): boolean => [...text].length >= INDEXED_CHARS;

/** Sessions that have the text in it, in any case of ASCII letters. What the text index does not lead to is compared with the newest sessions only. */
export function matching(reads: OrgReads, text: string): SQL | undefined {
  const pattern = `%${text.replaceAll(/[\\%_]/g, (char) => `\\${char}`)}%`;
  const like = (column: SQL): SQL => sql`${column} LIKE ${pattern} ESCAPE '\\'`;
  const found = sql`(${like(sql`${sessionViews.workOrderId}`)} OR ${like(sql`${sessionViews.sessionId}`)} OR EXISTS (
    SELECT 1 FROM sessions AS named WHERE named.session_id = session_views.session_id AND +named.org = session_views.org AND ${like(sql.raw("named.title"))}))`;
  if (isIndexed(text)) return found;
  const oldest = sql`(SELECT compared.started_at FROM session_views AS compared WHERE compared.org = ${reads.org}
    ORDER BY compared.started_at DESC, compared.session_id DESC LIMIT 1 OFFSET ${COMPARED_SESSIONS - 1})`;
  return and(sql`${sessionViews.startedAt} >= coalesce(${oldest}, 0)`, found);
}

/** Ids of the newest sessions that the text index leads to and the conditions hold for, as many as a page has. */
export function placesOfText(reads: OrgReads, text: string, where: SQL | undefined, after: Position | null, limit: number): SQL {
  const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;
  const match = `org : ${quoted(`${ORG_MARK}${reads.org}${ORG_MARK}`)} AND {title work_order_id session_id} : ${quoted(text)}`;
  const own = and(
    sql`session_search MATCH ${match}`,
    after === null ? undefined : sql`session_search.rowid < ${placeOf(after)}`,
    sql`+${sessionViews.org} = ${reads.org}`,
    where,
  );
  // Joined in this order, the index is read from the newest match on, until the page is full.
  return sql`SELECT ${sessionViews.sessionId} FROM session_search CROSS JOIN session_places AS places ON places.place = session_search.rowid
    CROSS JOIN ${sessionViews} ON ${sessionViews.sessionId} = places.session_id WHERE ${own} ORDER BY session_search.rowid DESC LIMIT ${limit}`;
}

/** The place of a cursor's session; the first of its start where the session is there no more. */
function placeOf([startedAt, sessionId]: Position): SQL {
  return sql`coalesce((SELECT passed.place FROM session_places AS passed WHERE passed.session_id = ${sessionId}), ${startedAt} << 20)`;
}
