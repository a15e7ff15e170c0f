/**
 * Stands in for Linear on loopback: its GraphQL API as far as the factory uses it, its webhooks, its rate limits and its failures,
 * and a page where a person comments. Everything is in memory; tests hold the same object as the server.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { Faults, type Fault } from "./faults.ts";
import { GraphQLApi, graphqlRequest, rootFields } from "./graphql-api.ts";
import { errorBody } from "./linear-error.ts";
import { Mutations } from "./mutations.ts";
import { PAGE_POLICY, issuesPage } from "./page.ts";
import { RequestBudget, type BudgetOptions } from "./request-budget.ts";
import { WebhookSender, type Delivery } from "./webhook-sender.ts";
import { SEED, Workspace, type Comment, type Issue, type PersonName, type User, type Webhook } from "./workspace.ts";

export { SEED } from "./workspace.ts";

const HELP = `Usage: node scripts/linear/stand-in.ts [--port N] [--webhook URL --secret TEXT] [--redelivery-scale X]

Stands in for Linear on 127.0.0.1: POST /graphql takes the operations the factory uses, / is a page where you comment.
Keys are lin_api_ada, lin_api_grace, lin_api_mallory (people) and lin_api_factory (the application).

  --port N               the port (default 8790)
  --webhook URL          send signed webhooks for comments and issues here, with the secret
  --redelivery-scale X   what Linear's pauses before a redelivery (1 min, 1 h, 6 h) are multiplied by (default 1)`;

const DEFAULT_PORT = 8790;
/** Largest body that is read, in bytes. */
const MAX_BODY_BYTES = 4 * 1_048_576;

/** How the stand-in behaves. */
export type StandInOptions = {
  /** A free one unless told otherwise. */
  readonly port?: number;
  /** What the pauses before a redelivery are multiplied by; 0 never delivers again. */
  readonly redeliveryScale?: number;
  /** Requests that each key may make in a window; no limit unless told otherwise. */
  readonly budget?: BudgetOptions;
};

/** A request as it came: whose it was, what it asked at its root, and the status it was answered with (0: the connection was ended). */
export type SeenRequest = {
  readonly user: string;
  readonly fields: readonly string[];
  readonly query: string;
  readonly variables: unknown;
  readonly status: number;
};

/** A running stand-in. Dispose it, and its connections end. */
export class LinearStandIn implements AsyncDisposable {
  readonly workspace = new Workspace();
  readonly mutations: Mutations;
  readonly webhooks: WebhookSender;
  /** Requests of authenticated callers, in the order they were answered. */
  readonly requests: SeenRequest[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #faults = new Faults();
  readonly #budget: RequestBudget | undefined;
  readonly #api: GraphQLApi;
  readonly #server: Server;

  private constructor({ redeliveryScale = 1, budget }: StandInOptions) {
    const look = (): void => {
      for (const each of this.#watchers) each();
    };
    this.webhooks = new WebhookSender(this.workspace, { redeliveryScale, onAttempt: look });
    this.mutations = new Mutations(this.workspace, (change) => {
      this.webhooks.announce(change);
      look();
    });
    this.#budget = budget === undefined ? undefined : new RequestBudget(budget);
    this.#api = new GraphQLApi(this.workspace, this.mutations);
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((err: unknown) => response.destroy(err instanceof Error ? err : new Error(String(err))));
    });
  }

  /** Starts one on 127.0.0.1. */
  static async start(options: StandInOptions = {}): Promise<LinearStandIn> {
    const standIn = new LinearStandIn(options);
    await new Promise<void>((resolve, reject) => {
      standIn.#server.once("error", reject);
      standIn.#server.listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    return standIn;
  }

  /** Where it is, without a path. */
  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("The stand-in is not listening.");
    return `http://127.0.0.1:${address.port}`;
  }

  /** What `LINEAR_API_URL` wants. */
  get apiUrl(): string {
    return `${this.url}/graphql`;
  }

  /** The key of a person or of the application. */
  keyOf(name: PersonName): string {
    return `lin_api_${name}`;
  }

  issues(): readonly Issue[] {
    return this.workspace.issues;
  }

  deliveries(): readonly Delivery[] {
    return this.webhooks.deliveries;
  }

  /** Comments as a person, as from the page. @throws LinearError when there is no such issue or nothing is said */
  commentAs(name: PersonName, issue: string, body: string): Comment {
    return this.mutations.commentCreate({ issueId: issue, body }, this.#person(name));
  }

  /** Changes a person's own comment. @throws LinearError when it is not theirs */
  editAs(name: PersonName, commentId: string, body: string): Comment {
    return this.mutations.commentUpdate(commentId, { body }, this.#person(name));
  }

  /** Registers a webhook as an administrator would. */
  addWebhook({
    url,
    secret,
    resourceTypes = ["Comment"],
  }: {
    readonly url: string;
    readonly secret: string;
    readonly resourceTypes?: readonly string[];
  }): Webhook {
    return this.mutations.webhookCreate({ url, secret, resourceTypes, teamId: SEED.team }, this.#person("ada"));
  }

  /**
   * What is looked for, as soon as a change of an issue or a comment, or an answer to a webhook, has made it be there.
   *
   * @param find - answers undefined as long as it is not there
   * @throws Error when it is not there in time, named by `what`
   */
  async until<T>(what: string, find: () => T | undefined, withinMs = 60_000): Promise<T> {
    const now = find();
    if (now !== undefined) return now;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const look = (): void => {
      const found = find();
      if (found !== undefined) resolve(found);
    };
    const late = setTimeout(() => reject(new Error(`${what} is not there after ${withinMs / 1_000} s.`)), withinMs);
    this.#watchers.add(look);
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      this.#watchers.delete(look);
    }
  }

  /** From now on requests fail so, as many as the fault says. */
  fail(fault: Fault): void {
    this.#faults.add(fault);
  }

  /** Ends every fault. */
  heal(): void {
    this.#faults.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.webhooks.close();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #person(name: PersonName): User {
    const user = this.workspace.users.find(({ displayName }) => displayName === name);
    if (user === undefined) throw new RangeError(`There is nobody called ${name}.`);
    return user;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isLocal(request)) return answer(response, 403, "Only from this machine.\n", "text/plain");
    const path = new URL(request.url ?? "/", this.url).pathname;
    if (request.method === "GET" && path === "/")
      return answer(response, 200, issuesPage(this.workspace), "text/html; charset=utf-8", { "content-security-policy": PAGE_POLICY });
    if (request.method === "POST" && path === "/comments") return this.#takeComment(request, response);
    if (request.method === "POST" && path === "/graphql") return this.#takeGraphql(request, response);
    return answer(response, 404, "There is GET /, POST /comments and POST /graphql.\n", "text/plain");
  }

  async #takeComment(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page of another site may post a form here; the browser says so.
    const site = request.headers["sec-fetch-site"];
    if (site !== undefined && site !== "same-origin" && site !== "none") return answer(response, 403, "Only from the page itself.\n", "text/plain");
    const form = new URLSearchParams(await bodyOf(request));
    const user = this.workspace.users.find(({ id, app }) => id === form.get("user") && !app);
    const issue = this.workspace.issues.find(({ id }) => id === form.get("issue"));
    const body = (form.get("body") ?? "").replaceAll("\r\n", "\n");
    if (user === undefined || issue === undefined || body.trim() === "")
      return answer(response, 400, "A comment needs an issue, a person and a text.\n", "text/plain");
    this.mutations.commentCreate({ issueId: issue.id, body }, user);
    return answer(response, 303, "", "text/plain", { location: `/#${issue.identifier}` });
  }

  async #takeGraphql(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const viewer = this.workspace.userOfKey(request.headers.authorization ?? "");
    if (viewer === undefined)
      return answer(response, 401, errorBody("authentication error", "AUTHENTICATION_ERROR", "Authentication required, not authenticated"));
    const read = graphqlRequest.safeParse(jsonOf(await bodyOf(request)));
    if (!read.success) return answer(response, 400, errorBody("graphql error", "BAD_REQUEST", "POST body missing, invalid or not a JSON object with a query."));
    const { query, variables, operationName } = read.data;
    const fields = rootFields(query);
    const seen = (status: number): void => void this.requests.push({ user: viewer.displayName, fields, query, variables: variables ?? {}, status });
    const spent = this.#budget?.spend(viewer.id);
    const limited = spent?.retryAfterSeconds === undefined ? undefined : ({ kind: "rate-limited", retryAfterSeconds: spent.retryAfterSeconds } as const);
    const fault = limited ?? this.#faults.take(fields);
    if (fault !== undefined && fault.kind !== "drop-after") {
      seen(fault.kind === "drop" ? 0 : this.#faults.statusOf(fault));
      return this.#faults.answer(fault, response);
    }
    const { status, body } = await this.#api.execute({ query, ...(variables ? { variables } : {}), ...(operationName ? { operationName } : {}) }, viewer);
    seen(fault === undefined ? status : 0);
    if (fault !== undefined) return void response.destroy();
    return answer(response, status, JSON.stringify(body), "application/json; charset=utf-8", spent?.headers);
  }
}

/** A page of another site may have its name point here; the name it asked for gives it away. */
function isLocal({ headers }: IncomingMessage): boolean {
  const host = (headers.host ?? "").replace(/:\d+$/, "");
  return host === "127.0.0.1" || host === "localhost";
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  type = "application/json; charset=utf-8",
  headers: { readonly [name: string]: string } = {},
): void {
  response.writeHead(status, { "content-type": type, ...headers });
  response.end(body);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // The caller answers for what is no JSON as for every other wrong body.
    return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    const bytes = Buffer.from(piece as Uint8Array);
    size += bytes.length;
    if (size > MAX_BODY_BYTES) throw new RangeError("The body is too large.");
    pieces.push(bytes);
  }
  return Buffer.concat(pieces).toString("utf8");
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      port: { type: "string" },
      webhook: { type: "string" },
      secret: { type: "string" },
      "redelivery-scale": { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const port = Number(values.port ?? DEFAULT_PORT);
  const redeliveryScale = Number(values["redelivery-scale"] ?? 1);
  if (!Number.isInteger(port) || port < 0 || port > 65_535 || !(redeliveryScale >= 0) || (values.webhook === undefined) !== (values.secret === undefined)) {
    console.error(HELP);
    return 2;
  }
  const standIn = await LinearStandIn.start({ port, redeliveryScale });
  if (values.webhook !== undefined && values.secret !== undefined)
    standIn.addWebhook({ url: values.webhook, secret: values.secret, resourceTypes: ["Comment", "Issue"] });
  console.log(`Linear is stood in for at ${standIn.url} (API: ${standIn.apiUrl}). Ctrl-C ends it.`);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  await standIn[Symbol.asyncDispose]();
  return 0;
}

if (import.meta.main) process.exitCode = await main();
