/** The tables of the read model and how a newer row joins an older one of the same key. */
import { getTableColumns } from "drizzle-orm";
import * as schema from "./schema.ts";

/**
 * How rows of one key join. `key` identifies a row beside the session; `first` columns keep what they had first, `known`
 * columns keep what they had where the newer row says nothing, all others are replaced. The rule is associative, so it does
 * not matter how a log is cut into pages.
 */
export const READ_MODEL = {
  sessionViews: {
    table: schema.sessionViews,
    key: [],
    first: ["startedAt", "beadsBlocked", "beadsReady", "beadsLeased", "beadsWaiting", "beadsDone", "beadsFailed", "beadsCancelled"],
    known: ["state", "runId", "outcome", "reason", "reasonCode", "finalArtifactId", "evidenceDigest", "endedAt"],
  },
  sessionTransitions: { table: schema.sessionTransitions, key: ["seq"], first: [], known: [] },
  beads: { table: schema.beads, key: ["beadId"], first: ["createdAt"], known: ["agentId"] },
  beadTransitions: { table: schema.beadTransitions, key: ["seq"], first: [], known: [] },
  runGraphChanges: { table: schema.runGraphChanges, key: ["seq"], first: [], known: [] },
  consentDenials: { table: schema.consentDenials, key: ["seq"], first: [], known: [] },
  artifacts: { table: schema.artifacts, key: ["artifactId"], first: ["createdAt"], known: ["artifactType", "contentHash", "storageRef", "metadata"] },
  artifactEdges: { table: schema.artifactEdges, key: ["source", "rel", "target"], first: ["createdAt"], known: [] },
  amendments: {
    table: schema.amendments,
    key: ["amendmentId"],
    first: ["proposedAt"],
    known: ["runId", "specificationId", "patch", "resolvedAt"],
  },
  divergences: { table: schema.divergences, key: ["divergenceId"], first: ["occurredAt"], known: ["runId", "beadId", "atomId"] },
  verifications: { table: schema.verifications, key: ["verificationId"], first: [], known: ["runId"] },
  reviews: {
    table: schema.reviews,
    key: ["reviewId"],
    first: ["requestedAt"],
    known: ["reviewType", "action", "promptText", "alternatives", "deadlineUnixSec", "context", "decision", "note", "decidedBy", "decidedAt", "approvalId"],
  },
  reviewVotes: { table: schema.reviewVotes, key: ["seq"], first: [], known: [] },
  clarifications: { table: schema.clarifications, key: ["clarificationId"], first: ["askedAt"], known: ["question", "answer", "answeredBy", "answeredAt"] },
  modelCosts: { table: schema.modelCosts, key: ["seq"], first: [], known: [] },
  budgetExhaustions: { table: schema.budgetExhaustions, key: ["seq"], first: [], known: [] },
  passes: { table: schema.passes, key: ["seq"], first: [], known: [] },
  quarantinedEvents: { table: schema.quarantinedEvents, key: ["seq"], first: [], known: [] },
} as const;

/** A table of the read model. */
export type TableName = keyof typeof READ_MODEL;
/** The tables in the order in which their rows are written. */
export const TABLE_NAMES = Object.keys(READ_MODEL) as TableName[];

type Owned = "sessionId" | "org" | "seq";
type Inserted<T extends TableName> = (typeof READ_MODEL)[T]["table"]["$inferInsert"];
/** What a fact says of a row; whose it is and its `seq` come from the event. Every column is named: absent is null. */
export type RowContent<T extends TableName> = { readonly [C in Exclude<keyof Inserted<T>, Owned>]-?: Exclude<Inserted<T>[C], undefined> };

/** A value as SQLite keeps it. */
export type Cell = string | number | null;
/** A row by the names of its columns in TypeScript. */
export type Row = { readonly [column: string]: Cell };

/** A column by both of its names. */
export type ColumnName = { readonly field: string; readonly column: string };

/** How a table's rows are keyed, joined and written, as plain data. */
export type TableShape = {
  readonly columns: readonly ColumnName[];
  readonly key: readonly string[];
  readonly first: ReadonlySet<string>;
  readonly known: ReadonlySet<string>;
};

function shapeOf({ table, key, first, known }: (typeof READ_MODEL)[TableName]): TableShape {
  const columns = Object.entries(getTableColumns(table)).map(([field, { name }]) => ({ field, column: name }));
  return { columns, key: ["sessionId", ...key], first: new Set<string>(first), known: new Set<string>(known) };
}

/** The shape of each table. */
export const TABLE_SHAPES: { readonly [T in TableName]: TableShape } = mapTables(shapeOf);

function mapTables<V>(of: (spec: (typeof READ_MODEL)[TableName]) => V): { readonly [T in TableName]: V } {
  // The entries are those of READ_MODEL, so every table has one.
  return Object.fromEntries(TABLE_NAMES.map((name) => [name, of(READ_MODEL[name])])) as { readonly [T in TableName]: V };
}

/** Joins a newer row to an older one of the same key; the upserts of `statements.ts` do the same in SQL. */
export function joinRows({ first, known }: TableShape, older: Row, newer: Row): Row {
  const joined: { [column: string]: Cell } = {};
  for (const field of Object.keys(newer)) {
    const had = older[field] ?? null;
    const cell = newer[field] ?? null;
    if (first.has(field)) joined[field] = had ?? cell;
    else joined[field] = known.has(field) ? (cell ?? had) : cell;
  }
  return joined;
}
