/**
 * The rows of a list that is asked again and again while somebody reads it. What is shown keeps its place; what is new waits until
 * the reader is at the top and away from the list, or asks for it. Pure.
 */

/** A row that is known by its id. */
type Row = { readonly id: string };

/** A page of the list: its rows, and where the next one begins; null when there is none. */
export type ListPage<R extends Row> = { readonly rows: readonly R[]; readonly next: string | null };

export type SessionList<R extends Row> = {
  readonly rows: readonly R[];
  /** Where the page after the shown rows begins; null when there is none. */
  readonly next: string | null;
  /** Ids of rows that have come and wait to be shown. */
  readonly waiting: readonly string[];
  /** Ids of shown rows that the list no longer has: they show what was last known of them. */
  readonly gone: ReadonlySet<string>;
  /** The first page as it was answered last. */
  readonly head: ListPage<R>;
  /** True when more than the first page is shown. */
  readonly hasMore: boolean;
};

/** A list of which nothing is known yet. */
export const emptyList = <R extends Row>(): SessionList<R> => ({
  rows: [],
  next: null,
  waiting: [],
  gone: new Set(),
  head: { rows: [], next: null },
  hasMore: false,
});

/**
 * The list after another answer to its first page.
 *
 * @param mayMove - whether rows may be put in their new places; else each stays where it is
 */
export function withHead<R extends Row>(list: SessionList<R>, head: ListPage<R>, mayMove: boolean): SessionList<R> {
  if (mayMove || list.rows.length === 0) return caughtUp({ ...list, head });
  const rows = renewed(list.rows, head.rows);
  const shown = new Set(rows.map(({ id }) => id));
  const there = new Set(head.rows.map(({ id }) => id));
  const isWhole = head.next === null && !list.hasMore;
  return {
    ...list,
    head,
    rows,
    waiting: [...there].filter((id) => !shown.has(id)),
    // A row that a page with more after it does not have may have moved behind it.
    gone: isWhole ? new Set([...shown].filter((id) => !there.has(id))) : list.gone,
  };
}

/** The first page as it is now: what waited is shown, what is gone is not, and later pages are loaded anew when they are wanted. */
export const caughtUp = <R extends Row>(list: SessionList<R>): SessionList<R> => ({
  rows: list.head.rows,
  next: list.head.next,
  waiting: [],
  gone: new Set(),
  head: list.head,
  hasMore: false,
});

/** The list with one more page at its end. */
export function withPage<R extends Row>(list: SessionList<R>, { rows, next }: ListPage<R>): SessionList<R> {
  const shown = new Set(list.rows.map(({ id }) => id));
  return { ...list, rows: [...renewed(list.rows, rows), ...rows.filter(({ id }) => !shown.has(id))], next, hasMore: true };
}

/** The list with what is newly known of rows that it shows. */
export const withRows = <R extends Row>(list: SessionList<R>, rows: readonly R[]): SessionList<R> => ({ ...list, rows: renewed(list.rows, rows) });

function renewed<R extends Row>(rows: readonly R[], answered: readonly R[]): readonly R[] {
  const byId = new Map(answered.map((row) => [row.id, row]));
  return rows.map((row) => byId.get(row.id) ?? row);
}
