/** Positions in an ordered list, opaque to clients: what the list is ordered by, of the last row that was seen. */
import { FactoryError } from "@factory/schemas";
import { z } from "zod";

/** What the rows of a list are ordered by: a time or number, then an id or number that no two rows share. */
export type Position = readonly [order: number, id: string | number];

const MAX_CURSOR_CHARS = 512;
const cursorSchema = z.tuple([z.string(), z.number(), z.union([z.string(), z.number()])]);

/** A cursor of a list; `list` names the list and its order. */
export function encodeCursor(list: string, [order, id]: Position): string {
  return Buffer.from(JSON.stringify([list, order, id]), "utf8").toString("base64url");
}

/**
 * Reads a cursor.
 *
 * @throws FactoryError INVALID_ARGUMENT for what is none of this list: it never falls back to the beginning.
 */
export function decodeCursor(list: string, cursor: string): Position {
  const parsed = cursor.length <= MAX_CURSOR_CHARS ? cursorSchema.safeParse(jsonOf(cursor)).data : undefined;
  if (parsed === undefined || parsed[0] !== list) {
    throw new FactoryError("INVALID_ARGUMENT", "`after` is no cursor of this list; use an `endCursor` of the same field and order.");
  }
  return [parsed[1], parsed[2]];
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    // What is no JSON was written by no server; the schema refuses it.
    return undefined;
  }
}
