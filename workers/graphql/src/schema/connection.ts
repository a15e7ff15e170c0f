/** Relay connections: pages of lists with opaque cursors, oldest or newest first as the list says, forwards only. */
import type { ArgBuilder, ObjectRef } from "@pothos/core";
import { builder, type Types } from "./builder.ts";
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, type Page } from "../reads/pages.ts";

type Edge<T> = Page<T>["edges"][number];

/** A page as Relay describes it. @see https://relay.dev/graphql/connections.htm */
export const PageInfo = builder
  .objectRef<{ readonly hasNextPage: boolean; readonly hasPreviousPage: boolean; readonly startCursor: string | null; readonly endCursor: string | null }>(
    "PageInfo",
  )
  .implement({
    fields: (t) => ({
      hasNextPage: t.exposeBoolean("hasNextPage"),
      hasPreviousPage: t.exposeBoolean("hasPreviousPage"),
      startCursor: t.exposeString("startCursor", { nullable: true }),
      endCursor: t.exposeString("endCursor", { nullable: true }),
    }),
  });

/** Where a page begins and ends. */
export function pageInfo({ edges, more, continued }: Page<unknown>) {
  return { hasNextPage: more, hasPreviousPage: continued, startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null };
}

/** The connection of a node's type. */
export function connectionOf<T>(name: string, node: ObjectRef<Types, T>): ObjectRef<Types, Page<T>> {
  // What a page has is what its type shows; the builder cannot see that through the type parameter.
  const edge = builder.objectRef<Edge<T>>(`${name}Edge`);
  edge.implement({
    fields: (t) => ({ cursor: t.exposeString("cursor"), node: t.field({ type: node, resolve: (parent) => parent.node as never }) }),
  });
  const connection = builder.objectRef<Page<T>>(`${name}Connection`);
  connection.implement({
    fields: (t) => ({
      edges: t.field({ type: [edge], complexity: { field: 0, multiplier: 1 }, resolve: (page) => [...page.edges] }),
      nodes: t.field({ type: [node], complexity: { field: 0, multiplier: 1 }, resolve: (page) => page.edges.map((each) => each.node) as never }),
      pageInfo: t.field({ type: PageInfo, resolve: pageInfo }),
    }),
  });
  return connection;
}

/** Arguments of a list. */
export function pageArgs(arg: ArgBuilder<Types>) {
  return {
    first: arg.int({ required: false, description: `Rows of the page: ${DEFAULT_PAGE_SIZE} unless asked for, ${MAX_PAGE_SIZE} at most.` }),
    after: arg.string({ required: false, description: "Goes on after the row of this cursor." }),
  };
}

/** A list costs what is selected of a row, times the rows asked for. */
export function pageComplexity({ first }: { readonly first?: number | null | undefined }): { field: number; multiplier: number } {
  return { field: 1, multiplier: Math.max(1, first ?? DEFAULT_PAGE_SIZE) };
}

/** What a field costs that asks an object of its own, one a row: a session, a run. */
export const OBJECT_COST = 10;

/** Rows that a list without pages counts as: most are shorter. */
export const LISTED_ROWS = 20;
