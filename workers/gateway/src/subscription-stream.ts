/**
 * `/graphql/stream`: a subscription as server-sent events, on its way to a shard of the caller's org. The answer goes through as the
 * shard writes it; a stream that breaks is resumed by its client, with the last seq it has.
 */
import { authenticate, requireScope, type AuthenticatedPrincipal } from "@factory/governance";
import { ERRORS, refuse, type Refusal, type Result } from "@factory/schemas";
import { CONNECTION_HEADER, encodeConnection, GRAPHQL_STREAM_PATH } from "@factory/schemas/rpc";
import type { Call } from "./call.ts";
import type { GatewayDeps } from "./deps.ts";
import { RequestBody } from "./request-body.ts";

/** Of a request's body or query: a document and variables of the largest sizes, escaped. */
const OPERATION_MAX_BYTES = 64 * 1024;

/** What the shard looks at beside the operation. */
const PASSED_HEADERS = ["accept", "content-type", "last-event-id"] as const;

/** Authenticates a request for a stream and hands it to the graphql Worker. */
export async function openStream(deps: GatewayDeps, call: Call, request: Request): Promise<Response> {
  const body = new RequestBody(request.body);
  const admitted = await admit(deps, request.headers);
  const text = admitted.ok ? await boundedText(body) : null;
  if (!admitted.ok || text === null) {
    await body.drain();
    return refused(call, admitted.ok ? tooLarge() : admitted);
  }
  call.principal = admitted.principal;
  const { search } = new URL(request.url);
  if (search.length > OPERATION_MAX_BYTES) return refused(call, tooLarge());
  const answer = await deps.subscriptions.fetch(streamRequest(deps, admitted.principal, request, text));
  call.end(answer.ok ? "ok" : answer.status < 500 ? "refused" : "failed", answer.ok ? {} : { status: answer.status });
  return new Response(answer.body, answer);
}

async function admit(deps: GatewayDeps, headers: Headers): Promise<Result<{ principal: AuthenticatedPrincipal }>> {
  const answer = await authenticate(headers.get("authorization"), deps.records, deps.now());
  if (!answer.ok) return answer;
  return requireScope(answer.principal, "session:read") ?? answer;
}

/** Null for a body over the limit. */
async function boundedText(body: RequestBody): Promise<string | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > OPERATION_MAX_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Built from nothing, as an upgrade is, but for the headers that are part of the protocol. */
function streamRequest(deps: GatewayDeps, { org, id, scopes }: AuthenticatedPrincipal, request: Request, body: string): Request {
  const headers = new Headers({
    [CONNECTION_HEADER]: encodeConnection({ org, principalId: id, scopes: [...scopes], connectionId: deps.newRequestId() }),
  });
  for (const name of PASSED_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const { method } = request;
  const url = `https://graphql${GRAPHQL_STREAM_PATH}${new URL(request.url).search}`;
  return new Request(url, { method, headers, ...(method === "GET" || method === "HEAD" ? {} : { body }) });
}

const tooLarge = (): Refusal => refuse("TOO_LARGE", `An operation has at most ${OPERATION_MAX_BYTES} bytes.`);

function refused(call: Call, { code, message }: Refusal): Response {
  call.end("refused", { code, message });
  return Response.json({ code, message, suggestion: ERRORS[code].suggestion }, { status: ERRORS[code].http });
}
