/** GraphQL over HTTP: queries of one org's read model, with limits, a deadline and masked errors. */
import { messageOf, type Log, type StartTimeout } from "@factory/durable";
import { ERRORS, FactoryError } from "@factory/schemas";
import { CONNECTION_HEADER, GRAPHQL_PATH, parseConnection } from "@factory/schemas/rpc";
import { PothosValidationError } from "@pothos/core";
import { getOperationAST, GraphQLError, parse } from "graphql";
import { createYoga, type Plugin, type YogaInitialContext } from "graphql-yoga";
import type { GraphqlContext, Viewer } from "../graphql-context.ts";
import { schema } from "../schema/schema.ts";
import { shownError } from "./graphql-errors.ts";
import { limitRules, QUERY_LIMITS } from "./operation-limits.ts";

/** What the server needs of its surroundings. */
export type GraphqlServerDeps = {
  /** What resolvers are given; made for each operation. */
  contextOf(viewer: Viewer): GraphqlContext;
  readonly startTimeout: StartTimeout;
  now(): number;
  readonly journal: Log;
};

/** What an operation says of itself, for its log event. */
type OperationNote = { name: string; failure?: string | undefined; code?: string | undefined };

type ServerContext = { readonly viewer: Viewer; readonly note: OperationNote };
type Context = YogaInitialContext & ServerContext & GraphqlContext;

/** Answers requests that the gateway has authenticated. */
export type GraphqlServer = { fetch(request: Request): Promise<Response> };

/** True for an operation over HTTP; anything else on the binding is for a shard of client sockets. */
export function isOperation(request: Request): boolean {
  return new URL(request.url).pathname === GRAPHQL_PATH;
}

/** Builds the server once; `deps` are asked anew for each operation. */
export function graphqlServer(deps: GraphqlServerDeps): GraphqlServer {
  const yoga = createYoga<ServerContext, GraphqlContext>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    graphiql: false,
    landingPage: false,
    logging: false,
    cors: false,
    batching: false,
    multipart: false,
    maxRequestBodySize: QUERY_LIMITS.bodyBytes,
    // What the limits come to depends on the variables, so a document that passed once may not pass again.
    parserAndValidationCache: { validationCache: false },
    context: ({ viewer }) => deps.contextOf(viewer),
    maskedErrors: { maskError: (err) => shownError(err).error },
    plugins: [limits(), deadline(deps), noting()],
  });
  return { fetch: (request) => answer(deps, request, (viewer, note) => yoga.fetch(request, { viewer, note })) };
}

async function answer(
  deps: GraphqlServerDeps,
  request: Request,
  run: (viewer: Viewer, note: OperationNote) => Promise<Response> | Response,
): Promise<Response> {
  const connection = parseConnection(request.headers.get(CONNECTION_HEADER));
  if (connection === null || connection.principalId === null) return unauthenticated();
  const { org, principalId, scopes } = connection;
  const startedAt = deps.now();
  const note: OperationNote = { name: "" };
  const response = await run({ org, principalId, scopes }, note);
  const outcome = note.failure !== undefined || response.status >= 500 ? "failed" : note.code !== undefined || !response.ok ? "refused" : "ok";
  deps.journal.event({
    op: "graphql.query",
    outcome,
    durationMs: deps.now() - startedAt,
    ids: { org, principalId, connectionId: connection.connectionId },
    fields: {
      operation: note.name,
      status: response.status,
      ...(note.code === undefined ? {} : { code: note.code }),
      ...(note.failure === undefined ? {} : { error: note.failure }),
    },
  });
  return response;
}

function unauthenticated(): Response {
  const { message, suggestion, http } = ERRORS.UNAUTHENTICATED;
  return Response.json({ errors: [{ message, extensions: { code: "UNAUTHENTICATED", suggestion } }] }, { status: http });
}

/** Tokens are counted while parsing, everything else when the document and its variables are known. */
function limits(): Plugin<Context> {
  return {
    onParse({ setParseFn }) {
      setParseFn((source: Parameters<typeof parse>[0], options: Parameters<typeof parse>[1]) => bounded(source, options));
    },
    onValidate({ addValidationRule, context }) {
      const { variables, operationName } = context.params;
      for (const rule of limitRules({ variables: variables ?? {}, operationName: operationName ?? null, context })) addValidationRule(rule);
      // The library masks what execution throws and not what validation finds.
      return ({ valid, result, setResult }) => {
        if (!valid) setResult(tellable(result).map((err) => shownError(err).error));
      };
    },
  };
}

/** What could not be measured is wrong by a rule of the specification as well, which says it better. */
function tellable(errors: readonly Error[]): readonly Error[] {
  const told = errors.filter((err) => !(err instanceof PothosValidationError));
  return told.length > 0 ? told : errors;
}

function bounded(source: Parameters<typeof parse>[0], options: Parameters<typeof parse>[1]): ReturnType<typeof parse> {
  try {
    return parse(source, { ...options, maxTokens: QUERY_LIMITS.tokens });
  } catch (err) {
    if (!(err instanceof GraphQLError) || !err.message.includes(`more that ${QUERY_LIMITS.tokens} tokens`)) throw err;
    throw new GraphQLError(`The document has too many tokens; the limit is ${QUERY_LIMITS.tokens}.`, { extensions: { code: "TOO_LARGE" } });
  }
}

/** An operation that takes longer is answered with DEADLINE_EXCEEDED; what it still waits for goes nowhere. */
function deadline({ startTimeout }: GraphqlServerDeps): Plugin<Context> {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn((args: Parameters<typeof executeFn>[0]) => {
        const late = Promise.withResolvers<never>();
        const tooLate = new FactoryError("DEADLINE_EXCEEDED", `The operation took longer than ${QUERY_LIMITS.timeoutMs} ms. Ask for less at once.`);
        const stop = startTimeout(QUERY_LIMITS.timeoutMs, () => late.reject(tooLate));
        return Promise.race([Promise.resolve(executeFn(args)), late.promise]).finally(stop);
      });
    },
  };
}

/** Keeps what the log event says of an operation: its name, the code of its first error, and what was masked in it. */
function noting(): Plugin<Context, ServerContext> {
  return {
    onExecute({ args }) {
      const { note } = args.contextValue;
      note.name = getOperationAST(args.document, args.operationName)?.name?.value ?? "";
      return {
        onExecuteDone({ result }) {
          const masked = ("errors" in result ? (result.errors ?? []) : []).find((err) => shownError(err).fault);
          if (masked !== undefined) note.failure = messageOf(innermost(masked));
        },
      };
    },
    onResultProcess({ result, serverContext }) {
      const [first] = "errors" in result ? (result.errors ?? []) : [];
      const code = first?.extensions?.["code"];
      if (typeof code === "string") serverContext.note.code = code;
    },
  };
}

/** What began it: those around it repeat the statement. */
function innermost(err: Error): Error {
  const inner = err instanceof GraphQLError ? err.originalError : err.cause;
  return inner instanceof Error ? innermost(inner) : err;
}
