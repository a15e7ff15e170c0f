/** What a mediation object keeps: the run as amendments change it, what is on its way out, and the artifacts it wrote. */
import type { Migration, StoragePort } from "@factory/durable";
import type { CompiledArtifact } from "@factory/compiler";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";

/** Schema changes in order. */
export const MEDIATION_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-mediation",
    statements: [
      // A row holds 2 MB and a large order more, so a document is kept in parts.
      `CREATE TABLE documents (
        key TEXT NOT NULL,
        part INTEGER NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (key, part)
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE artifacts (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        node TEXT NOT NULL,
        edges TEXT NOT NULL
      ) STRICT`,
    ],
  },
];

/** Most characters of a document in one row: one UTF-16 unit is at most 3 bytes, and a row holds 2 MB. */
const PART_CHARS = 500_000;
/** Bounds of one append to the artifact graph: what one effect carries over RPC in a moment. */
const MAX_BATCH_ARTIFACTS = 100;
const MAX_BATCH_CHARS = 1_000_000;

/** Artifacts that leave in one call: positions `from` to `to`, both included. */
export type ArtifactBatch = { readonly from: number; readonly to: number };

/** Documents and artifacts in the object's SQLite. */
export class MediationStore {
  readonly #storage: StoragePort;

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  /** Writes a JSON document under a key, replacing what was there. */
  put(key: string, value: unknown): void {
    const text = JSON.stringify(value);
    this.#storage.sql.exec("DELETE FROM documents WHERE key = ?", key);
    for (const [part, piece] of piecesOf(text).entries()) this.#storage.sql.exec("INSERT INTO documents (key, part, text) VALUES (?, ?, ?)", key, part, piece);
  }

  /** The document under a key, or undefined. The caller names the type it stored under that key. */
  get<T>(key: string): T | undefined {
    const rows = this.#storage.sql.exec<{ text: string }>("SELECT text FROM documents WHERE key = ? ORDER BY part", key).toArray();
    // The cast holds: each key is written by one function, with the type it is read as.
    return rows.length === 0 ? undefined : (JSON.parse(rows.map(({ text }) => text).join("")) as T);
  }

  /** Adds artifacts in order; one that is known keeps its place. Returns the batches in which the new ones leave. */
  addArtifacts(artifacts: readonly CompiledArtifact[]): ArtifactBatch[] {
    const batches: { from: number; to: number; count: number; chars: number }[] = [];
    for (const { node, edges } of artifacts) {
      const [nodeText, edgeText] = [JSON.stringify(node), JSON.stringify(edges)];
      const [row] = this.#storage.sql
        .exec<{ position: number }>(
          "INSERT INTO artifacts (id, node, edges) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING position",
          node.id,
          nodeText,
          edgeText,
        )
        .toArray();
      if (row === undefined) continue;
      const chars = nodeText.length + edgeText.length;
      const last = batches.at(-1);
      if (last !== undefined && last.count < MAX_BATCH_ARTIFACTS && last.chars + chars <= MAX_BATCH_CHARS) {
        last.to = row.position;
        last.count += 1;
        last.chars += chars;
      } else batches.push({ from: row.position, to: row.position, count: 1, chars });
    }
    return batches.map(({ from, to }) => ({ from, to }));
  }

  /** The artifacts of a batch in order. */
  artifactsOf({ from, to }: ArtifactBatch): { readonly nodes: ArtifactNode[]; readonly edges: ArtifactEdge[] } {
    const rows = this.#storage.sql
      .exec<{ node: string; edges: string }>("SELECT node, edges FROM artifacts WHERE position BETWEEN ? AND ? ORDER BY position", from, to)
      .toArray();
    return { nodes: rows.map(({ node }) => JSON.parse(node) as ArtifactNode), edges: rows.flatMap(({ edges }) => JSON.parse(edges) as ArtifactEdge[]) };
  }
}

/** Text in pieces that a row holds. No surrogate pair is cut: half of one does not survive UTF-8. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length;) {
    const end = Math.min(text.length, from + PART_CHARS);
    const cutsPair = end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1));
    const to = cutsPair ? end - 1 : end;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return pieces;
}
