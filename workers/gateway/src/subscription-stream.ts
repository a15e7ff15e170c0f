/**
 * `/graphql/stream`: a subscription as server-sent events, on its way to a shard of the caller's org. The answer goes through as the
 * shard writes it; a stream that breaks is resumed by its client, with the last seq it has.
 */
import { refuse, type Refusal } from "@factory/schemas";
import { GRAPHQL_STREAM_PATH } from "@factory/schemas/rpc";
import type { Call } from "./call.ts";
import type { GatewayDeps } from "./deps.ts";
import { admitReader, bytesWithin, readerRequest } from "./reader-request.ts";
import { refusalResponse } from "./refusal-response.ts";
import { RequestBody } from "./request-body.ts";

/** Of a request's body or query: a document and variables of the largest sizes, escaped. */
const OPERATION_MAX_BYTES = 64 * 1024;

/** What the shard looks at beside the operation. */
const PASSED_HEADERS = ["accept", "content-type", "last-event-id"] as const;

/** Authenticates a request for a stream and hands it to the graphql Worker. */
export async function openStream(deps: GatewayDeps, call: Call, request: Request): Promise<Response> {
  const body = new RequestBody(request.body);
  const admitted = await admitReader(deps, call, request, request.headers.get("authorization"));
  const bytes = admitted.ok ? await bytesWithin(body, OPERATION_MAX_BYTES) : null;
  if (!admitted.ok || bytes === null) {
    await body.drain();
    return refused(call, admitted.ok ? tooLarge() : admitted);
  }
  const { principal } = admitted;
  const { search } = new URL(request.url);
  if (search.length > OPERATION_MAX_BYTES) return refused(call, tooLarge());
  const answer = await deps.subscriptions.fetch(readerRequest(deps, { principal, request, body: bytes, path: GRAPHQL_STREAM_PATH, passed: PASSED_HEADERS }));
  call.end(answer.ok ? "ok" : answer.status < 500 ? "refused" : "failed", answer.ok ? {} : { status: answer.status });
  return new Response(answer.body, answer);
}

const tooLarge = (): Refusal => refuse("TOO_LARGE", `An operation has at most ${OPERATION_MAX_BYTES} bytes.`);

function refused(call: Call, refusal: Refusal): Response {
  call.end("refused", { code: refusal.code, message: refusal.message });
  return refusalResponse(refusal);
}
