/** What `pnpm bench:graphql` measures: the deployed graphql Worker over a filled read model, with the real log, on Miniflare itself. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Miniflare, convertV4MiniflareOptions, type V4WorkerOptions } from "miniflare";
import type { Counted, CountedStatement } from "../../workers/graphql/src/testing/counted-statement.ts";
import { agentDoubles } from "../../workers/graphql/src/testing/neighbours.ts";
import { insertOf, manySessions, type FilledTable, type Size } from "../../workers/graphql/src/testing/many-sessions.ts";
import type { Ask } from "../../workers/graphql/src/testing/page-operations.ts";
import { migrateRegistry } from "../platform/bootstrap-state.ts";
import { buildWorker, miniflareWorker } from "../platform/build.ts";
import { benchWorker } from "./bench-worker.ts";

/** What filling came to. */
export type Fill = { readonly rows: number; readonly seconds: number; readonly megabytes: number };

type Answer = { readonly data?: unknown; readonly errors?: readonly { readonly message: string }[] };

const DOOR = "graphql-bench";
/** Rows of one transaction while filling. */
const FILL_ROWS = 50_000;

/** The graphql Worker with its read model. */
export class GraphqlHost {
  readonly #miniflare: Miniflare;
  readonly #state: string;
  readonly #url: string;

  private constructor(miniflare: Miniflare, state: string, url: string) {
    this.#miniflare = miniflare;
    this.#state = state;
    this.#url = url;
  }

  /** Fills a read model and starts the Workers on it. */
  static async start(size: Size): Promise<{ readonly host: GraphqlHost; readonly fill: Fill }> {
    const state = mkdtempSync(join(tmpdir(), "factory-bench-"));
    const neighbours = (await Promise.all([buildWorker("stream"), buildWorker("graph")])).map(miniflareWorker);
    const workers = [await doorWorker(state), await graphqlWorker(), ...neighbours, ...agentDoubles()];
    const launch = async (): Promise<{ readonly miniflare: Miniflare; readonly url: string }> => {
      const miniflare = new Miniflare(
        convertV4MiniflareOptions({
          host: "127.0.0.1",
          port: 0,
          cf: false,
          telemetry: { enabled: false },
          resourcePersistencePath: state,
          // What the Workers log is written by another thread; nothing of it is measured.
          handleStructuredLogs: ({ level, message }) => void (level === "error" && process.stderr.write(`${message}\n`)),
          workers,
        }),
      );
      return { miniflare, url: (await miniflare.ready).origin };
    };
    const empty = await launch();
    await migrateRegistry(empty.miniflare, DOOR);
    await empty.miniflare.dispose();
    const fill = fillDatabase(databaseIn(state), size);
    const { miniflare, url } = await launch();
    return { host: new GraphqlHost(miniflare, state, url), fill };
  }

  /** Asks the deployed Worker. @returns the answer's length in bytes */
  async ask(ask: Ask): Promise<number> {
    const text = await this.#post("/graphql", ask.org, bodyOf(ask));
    // Parsing the answer would be measured, and an answer with errors begins or ends with them.
    if (text.startsWith('{"errors"') || text.includes('"errors":[{"message"')) throw new Error(text.slice(0, 500));
    return text.length;
  }

  /** Asks the same server, with every statement counted. */
  async count(ask: Ask): Promise<{ readonly statements: readonly CountedStatement[]; readonly data: unknown }> {
    // Both are written by the door.
    const { statements, answer } = JSON.parse(await this.#post("/counted", ask.org, bodyOf(ask))) as Counted & { readonly answer: Answer };
    if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors).slice(0, 500));
    return { statements, data: answer.data };
  }

  /** Appends events to a session's log. */
  async append(org: string, sessionId: string, events: readonly object[]): Promise<void> {
    const { ok } = JSON.parse(await this.#post(`/append?session=${sessionId}`, org, events)) as { readonly ok: boolean };
    if (!ok) throw new Error("The log took no events.");
  }

  /** The read model's database, opened by this process beside the Workers, for reading alone. */
  database(): DatabaseSync {
    return new DatabaseSync(databaseIn(this.#state), { readOnly: true });
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose();
    rmSync(this.#state, { recursive: true, force: true });
  }

  async #post(path: string, org: string, body: object): Promise<string> {
    const response = await fetch(`${this.#url}${path}${path.includes("?") ? "&" : "?"}org=${org}`, { method: "POST", body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${text.slice(0, 500)}`);
    return text;
  }
}

const bodyOf = ({ query, variables }: Ask): object => ({ query, variables });

async function graphqlWorker(): Promise<V4WorkerOptions & { readonly name: string }> {
  // The projection has nothing to do here, and would set the rows back to what the logs have.
  return { ...miniflareWorker(await buildWorker("graphql")), queueConsumers: {} };
}

async function doorWorker(directory: string): Promise<V4WorkerOptions & { readonly name: string }> {
  const { d1Databases, r2Buckets } = miniflareWorker(await buildWorker("graphql"));
  return {
    name: DOOR,
    ...(await benchWorker("workers/graphql/src/testing/query-bench.worker.ts", directory)),
    ...(d1Databases === undefined ? {} : { d1Databases }),
    ...(r2Buckets === undefined ? {} : { r2Buckets }),
    durableObjects: {
      SESSION_LOGS: { className: "SubscriptionBufferDO", scriptName: "factory-stream", useSQLite: true },
      ARTIFACT_GRAPHS: { className: "ArtifactGraphDO", scriptName: "factory-graph", useSQLite: true },
      COORDINATORS: { className: "CoordinatorDO", scriptName: "factory-pipeline", useSQLite: true },
      SESSIONS: { className: "CommissioningAgentDO", scriptName: "factory-commissioning", useSQLite: true },
    },
    serviceBindings: { GRAPHQL: "factory-graphql" },
  };
}

function databaseIn(state: string): string {
  const root = join(state, "d1", "miniflare-D1DatabaseObject");
  const [file, ...others] = readdirSync(root).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  if (file === undefined || others.length > 0) throw new Error(`One database was looked for in ${root}.`);
  return join(root, file);
}

/** Enters the rows while nobody else has the file: a million of them are not carried through a Worker. */
function fillDatabase(path: string, size: Size): Fill {
  const started = performance.now();
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  database.exec("PRAGMA synchronous = OFF");
  const inserts = new Map<FilledTable, { readonly statement: StatementSync; readonly cells: ReturnType<typeof insertOf>["cells"] }>();
  const insertInto = (table: FilledTable) => {
    const known = inserts.get(table);
    if (known !== undefined) return known;
    const { sql, columns, cells } = insertOf(table);
    const made = { statement: database.prepare(`${sql} VALUES (${columns.map(() => "?").join(", ")})`), cells };
    inserts.set(table, made);
    return made;
  };
  let rows = 0;
  let due = FILL_ROWS;
  database.exec("BEGIN");
  for (const session of manySessions(size)) {
    for (const [table, filled] of session) {
      const { statement, cells } = insertInto(table);
      for (const row of filled) statement.run(...cells(row));
      rows += filled.length;
    }
    if (rows < due) continue;
    due += FILL_ROWS;
    database.exec("COMMIT; BEGIN");
    process.stderr.write(`\r${rows} rows   `);
  }
  database.exec("COMMIT");
  process.stderr.write("\n");
  const [size_] = database.prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()").all();
  database.close();
  return { rows, seconds: round((performance.now() - started) / 1_000, 1), megabytes: round(Number(size_?.["bytes"]) / 1e6, 1) };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
