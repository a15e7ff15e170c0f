/**
 * `/graphql`: an operation over HTTP on its way to the graphql Worker, which has no public route. Who asks is established here and told
 * in a header of its own; the Worker answers from the org of that principal only.
 */
import { authenticate, requireScope, type AuthenticatedPrincipal } from "@factory/governance";
import { ERRORS, refuse, type Refusal, type Result } from "@factory/schemas";
import { CONNECTION_HEADER, encodeConnection, GRAPHQL_PATH } from "@factory/schemas/rpc";
import type { Call } from "./call.ts";
import type { GatewayDeps } from "./deps.ts";
import { RequestBody } from "./request-body.ts";

/** Of a request's body, and of its query string, in bytes: a document of the most tokens with its variables. */
const OPERATION_MAX_BYTES = 128 * 1024;

/** What the protocol says in headers. */
const PASSED_HEADERS = ["accept", "content-type"] as const;

/** Authenticates an operation and hands it to the graphql Worker. */
export async function forwardQuery(deps: GatewayDeps, call: Call, request: Request): Promise<Response> {
  if (deps.graphiql !== undefined && isBrowsers(request)) {
    call.end("ok", { page: "graphiql" });
    const page = await deps.graphiql.fetch(new Request("https://graphiql/"));
    return new Response(page.body, page);
  }
  const body = new RequestBody(request.body);
  const admitted = await admit(deps, request.headers);
  if (!admitted.ok) return refused(call, body, admitted);
  call.principal = admitted.principal;
  const bytes = await boundedBytes(body);
  if (bytes === null || new URL(request.url).search.length > OPERATION_MAX_BYTES) {
    return refused(call, body, refuse("TOO_LARGE", `An operation has at most ${OPERATION_MAX_BYTES} bytes.`));
  }
  const answer = await deps.subscriptions.fetch(operationFor(deps, admitted.principal, request, bytes));
  call.end(answer.status < 400 ? "ok" : answer.status < 500 ? "refused" : "failed", { status: answer.status });
  return new Response(answer.body, answer);
}

async function admit(deps: GatewayDeps, headers: Headers): Promise<Result<{ principal: AuthenticatedPrincipal }>> {
  const answer = await authenticate(headers.get("authorization"), deps.records, deps.now());
  if (!answer.ok) return answer;
  return requireScope(answer.principal, "session:read") ?? answer;
}

/** A person who opens the route: nothing is asked yet, and a page is wanted. */
function isBrowsers({ method, headers, url }: Request): boolean {
  return method === "GET" && (headers.get("accept") ?? "").includes("text/html") && !new URL(url).searchParams.has("query");
}

/** Null for a body over the limit. */
async function boundedBytes(body: RequestBody): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > OPERATION_MAX_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Built from nothing, so that no header of the caller's reaches the Worker but those of the protocol. */
function operationFor(deps: GatewayDeps, { org, id, scopes }: AuthenticatedPrincipal, request: Request, body: Uint8Array): Request {
  const connection = encodeConnection({ org, principalId: id, scopes: [...scopes], connectionId: deps.newRequestId() });
  const headers = new Headers({ [CONNECTION_HEADER]: connection });
  for (const name of PASSED_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const { method } = request;
  const url = `https://graphql${GRAPHQL_PATH}${new URL(request.url).search}`;
  return new Request(url, { method, headers, ...(method === "GET" || method === "HEAD" ? {} : { body }) });
}

/** A well-formed GraphQL response, so that any client shows what is wrong. */
async function refused(call: Call, body: RequestBody, { code, message }: Refusal): Promise<Response> {
  await body.drain();
  call.end("refused", { code, message });
  const { http, suggestion, retry } = ERRORS[code];
  return Response.json({ errors: [{ message, extensions: { code, suggestion, retry } }] }, { status: http });
}
