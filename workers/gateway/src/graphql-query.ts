/**
 * `/graphql`: an operation over HTTP on its way to the graphql Worker, which has no public route. Who asks is established here and told
 * in a header of its own; the Worker answers from the org of that principal only.
 */
import { ERRORS, refuse, type Refusal } from "@factory/schemas";
import { GRAPHQL_PATH } from "@factory/schemas/rpc";
import type { Call } from "./call.ts";
import type { GatewayDeps } from "./deps.ts";
import { admitReader, bytesWithin, readerRequest } from "./reader-request.ts";
import { refusalHeaders } from "./refusal-response.ts";
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
  const admitted = await admitReader(deps, call, request, request.headers.get("authorization"));
  if (!admitted.ok) return refused(call, body, admitted);
  const { principal } = admitted;
  const bytes = await bytesWithin(body, OPERATION_MAX_BYTES);
  if (bytes === null || new URL(request.url).search.length > OPERATION_MAX_BYTES) {
    return refused(call, body, refuse("TOO_LARGE", `An operation has at most ${OPERATION_MAX_BYTES} bytes.`));
  }
  const answer = await deps.subscriptions.fetch(readerRequest(deps, { principal, request, body: bytes, path: GRAPHQL_PATH, passed: PASSED_HEADERS }));
  call.end(answer.status < 400 ? "ok" : answer.status < 500 ? "refused" : "failed", { status: answer.status });
  return new Response(answer.body, answer);
}

/** A person who opens the route: nothing is asked yet, and a page is wanted. */
function isBrowsers({ method, headers, url }: Request): boolean {
  return method === "GET" && (headers.get("accept") ?? "").includes("text/html") && !new URL(url).searchParams.has("query");
}

/** A well-formed GraphQL response, so that any client shows what is wrong. */
async function refused(call: Call, body: RequestBody, refusal: Refusal): Promise<Response> {
  const { code, message } = refusal;
  await body.drain();
  call.end("refused", { code, message });
  const { http, suggestion, retry } = ERRORS[code];
  return Response.json({ errors: [{ message, extensions: { code, suggestion, retry } }] }, { status: http, headers: refusalHeaders(refusal) });
}
