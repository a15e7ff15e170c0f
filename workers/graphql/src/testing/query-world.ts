/** The server of queries for tests: real SQLite with the committed migrations, logs and graphs of the test's choice. */
import { createLog, startRealTimeout, type CanonicalEvent, type StartTimeout } from "@factory/durable";
import type { SessionEvent } from "@factory/schemas";
import { blobKey, objectName, sha256Hex } from "@factory/schemas";
import { CONNECTION_HEADER, encodeConnection, type ArtifactGraphRpc, type RunViewRpc, type StoredNode, type SubmittedOrder } from "@factory/schemas/rpc";
import { graphqlServer } from "../http/graphql-server.ts";
import { operationContext } from "../http/operation-context.ts";
import { projectSession } from "../projections/projector.ts";
import { aReadModel, type TestReadModel } from "../projections/testing/node-sql.ts";
import { readable } from "../projections/testing/logs.ts";
import { readDatabase } from "../reads/read-database.ts";

/** Clock of the tests: a minute after the first event of `aLog`. */
export const NOW = 1_785_844_860_000;

/** What a query answered. */
export type Answer = {
  readonly status: number;
  readonly data: unknown;
  readonly errors: readonly { readonly message: string; readonly path?: readonly (string | number)[]; readonly extensions: { readonly code: string } }[];
};

/** A world of sessions to ask about. */
export class QueryWorld {
  readonly model: TestReadModel = aReadModel();
  /** Statements that were run, since the last time it was emptied. */
  readonly statements: string[] = [];
  readonly events: CanonicalEvent[] = [];
  /** Objects of graphs, runs and sessions that were addressed, by name. */
  readonly addressed: string[] = [];
  /** Questions that runs were asked, each with the run's object. */
  readonly askedOfRuns: string[] = [];
  readonly runs = new Map<string, Partial<RunViewRpc>>();
  readonly orders = new Map<string, SubmittedOrder>();
  /** Blobs by key. */
  readonly #blobs = new Map<string, Uint8Array>();
  readonly graphs = new Map<string, Partial<ArtifactGraphRpc>>();
  now = NOW;
  startTimeout: StartTimeout = startRealTimeout;
  /** Runs before each statement. */
  beforeStatement: () => Promise<void> = async () => undefined;
  readonly #logs = new Map<string, readonly SessionEvent[]>();
  readonly #server = graphqlServer({
    contextOf: (viewer) =>
      operationContext(
        {
          database: readDatabase(async (sql, params) => {
            await this.beforeStatement();
            this.statements.push(sql);
            return this.model.arrays(sql, params);
          }),
          logs: { SESSION_LOGS: { getByName: (name) => readable(this.#logs.get(name) ?? []) } },
          graphs: { ARTIFACT_GRAPHS: { getByName: (name) => this.#graph(name) } },
          runs: { COORDINATORS: { getByName: (name) => this.#run(name) } },
          sessions: { SESSIONS: { getByName: (name) => this.#session(name) } },
          blobs: {
            head: async (key) => sized(this.#blobs.get(key)),
            get: async (key, { range } = { range: { offset: 0, length: Number.POSITIVE_INFINITY } }) => body(this.#blobs.get(key), range),
          },
          now: () => this.now,
        },
        viewer,
      ),
    startTimeout: (ms, callback) => this.startTimeout(ms, callback),
    now: () => this.now,
    journal: createLog((line) => this.events.push(JSON.parse(line) as CanonicalEvent)),
  });

  /** Projects a session's log. */
  async project(org: string, events: readonly SessionEvent[]): Promise<void> {
    const sessionId = events[0]?.sessionId ?? "";
    this.#logs.set(objectName.sessionLog(org, sessionId), events);
    await projectSession({ sql: this.model, log: () => readable(events), now: () => this.now }, { org, sessionId }, Number.POSITIVE_INFINITY);
  }

  /** Enters a session's title as commissioning does. */
  register(org: string, sessionId: string, title: string): void {
    this.model.all(
      `INSERT INTO sessions (session_id, org, work_order_id, assembly, title, state, review_mode, created_at, updated_at, version)
       VALUES (?1, ?2, 'WO-1', 'shop', ?3, 'EXECUTING', 'human', 1, 1, 1)`,
      sessionId,
      org,
      title,
    );
  }

  /** Stores a blob and answers its digest. */
  blob(content: string | Uint8Array): string {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const digest = sha256Hex(bytes);
    this.#blobs.set(blobKey.content(digest), bytes);
    return digest;
  }

  /** How SQLite goes about a statement, step by step. */
  planOf(sql: string): string[] {
    return this.model.all(`EXPLAIN QUERY PLAN ${sql}`).map((step) => String(step["detail"]));
  }

  /** A response to a request of a principal of the org. */
  fetch(org: string, init: RequestInit & { readonly path?: string }): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set(CONNECTION_HEADER, encodeConnection({ org, principalId: "reader", scopes: ["session:read"], connectionId: "c-1" }));
    return this.#server.fetch(new Request(`https://graphql/graphql${init.path ?? ""}`, { ...init, headers }));
  }

  /** Asks as a principal of the org. */
  async ask(org: string, query: string, variables: object = {}): Promise<Answer> {
    const headers = { "content-type": "application/json" };
    const response = await this.fetch(org, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    const body = await response.json<{ readonly data?: unknown; readonly errors?: Answer["errors"] }>();
    return { status: response.status, data: body.data, errors: body.errors ?? [] };
  }

  #run(name: string): RunViewRpc {
    this.addressed.push(name);
    const run = this.runs.get(name);
    const asked =
      <A extends unknown[], T>(question: string, answer: ((...args: A) => Promise<T>) | undefined) =>
      async (...args: A): Promise<T | null> => {
        this.askedOfRuns.push(`${question} ${name}`);
        return answer === undefined ? null : answer(...args);
      };
    return {
      graphView: asked("graph", run?.graphView),
      treeView: asked("tree", run?.treeView),
      fileView: asked("file", run?.fileView),
      proofView: asked("proof", run?.proofView),
    };
  }

  #session(name: string): { submittedOrder(): Promise<SubmittedOrder | null> } {
    this.addressed.push(name);
    return { submittedOrder: async () => this.orders.get(name) ?? null };
  }

  #graph(name: string): Partial<ArtifactGraphRpc> {
    this.addressed.push(name);
    return this.graphs.get(name) ?? { get: async () => null, why: notThere, impact: notThere, getMany: async () => ({ ok: true, nodes: [] }) };
  }
}

function sized(bytes: Uint8Array | undefined): { readonly size: number } | null {
  return bytes === undefined ? null : { size: bytes.byteLength };
}

type Range = { readonly offset: number; readonly length: number };

function body(bytes: Uint8Array | undefined, { offset, length }: Range): { arrayBuffer(): Promise<ArrayBuffer> } | null {
  return bytes === undefined ? null : { arrayBuffer: async () => Uint8Array.from(bytes.subarray(offset, offset + length)).buffer };
}

const notThere = async () => ({ ok: false, code: "NOT_FOUND", message: "There is no such artifact." }) as const;

/** A node of a graph. */
export function aNode(node: Partial<StoredNode> & Pick<StoredNode, "id">): StoredNode {
  return { type: "Claim", data: { text: "It adds." }, parents: [], namespace: "shop", createdAt: NOW, ...node };
}
