/** What the counting server of `pnpm bench:graphql` says. */

/** A statement that was run, with its parameters and the rows that D1 went through for it. */
export type CountedStatement = { readonly sql: string; readonly params: readonly unknown[]; readonly rowsRead: number; readonly rows: number };

/** An operation's statements with its answer. */
export type Counted = { readonly statements: readonly CountedStatement[]; readonly answer: unknown };
