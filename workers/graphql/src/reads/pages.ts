/** Pages of lists: how much is asked for, and what is answered. */
import { FactoryError } from "@factory/schemas";
import { encodeCursor, type Position } from "./cursors.ts";

/** Rows of a page when nothing is asked for, and the most there are in one. */
export const DEFAULT_PAGE_SIZE = 20;
export const MAX_PAGE_SIZE = 500;

/** Arguments of a list. */
export type PageArgs = { readonly first?: number | null | undefined; readonly after?: string | null | undefined };

/** A page of a list, each row with its cursor. */
export type Page<T> = { readonly edges: readonly { readonly cursor: string; readonly node: T }[]; readonly more: boolean; readonly continued: boolean };

/** How many rows are asked for. @throws FactoryError INVALID_ARGUMENT */
export function pageSize({ first }: PageArgs): number {
  const size = first ?? DEFAULT_PAGE_SIZE;
  if (size < 1 || size > MAX_PAGE_SIZE) throw new FactoryError("INVALID_ARGUMENT", `\`first\` is ${size}; it is a number from 1 to ${MAX_PAGE_SIZE}.`);
  return size;
}

/** A page of rows of which one more than `size` was asked for. */
export function pageOf<T>(list: string, rows: readonly T[], size: number, positionOf: (row: T) => Position, { after }: PageArgs): Page<T> {
  const edges = rows.slice(0, size).map((node) => ({ cursor: encodeCursor(list, positionOf(node)), node }));
  return { edges, more: rows.length > size, continued: after !== undefined && after !== null };
}
