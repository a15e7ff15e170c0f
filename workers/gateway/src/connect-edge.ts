/**
 * The Connect edge: protobuf-es services behind the library's universal handlers, on the runtime's fetch API.
 *
 * Connect and gRPC-Web are served, JSON and binary. gRPC itself is not: it needs HTTP/2 trailers, which a Worker cannot
 * send; such a call is answered 415.
 *
 * @see https://connectrpc.com/docs/protocol
 */
import { Code, ConnectError, createConnectRouter, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { authenticate, authenticateProducer, requireScope, type Scope } from "@factory/governance";
import { FactoryAdmin, FactoryDelivery, FactoryGateway, FactoryProducer } from "@factory/schemas/proto";
import { adminService } from "./admin/admin-service.ts";
import { callKey, callOf, followCall, type Call } from "./call.ts";
import { gzip } from "./compression.ts";
import { errorOf, raise, toConnectError } from "./connect-errors.ts";
import { deliveryService } from "./delivery-service.ts";
import type { GatewayDeps } from "./deps.ts";
import { gatewayService } from "./gateway-service.ts";
import { PRODUCER_LIMITS } from "./producer-events.ts";
import { producerService } from "./producer-service.ts";
import { RequestBody } from "./request-body.ts";

/**
 * Largest message on the wire, in bytes: 8 MiB of content is 10.7 MiB as base64 in JSON, and escapes in the envelope
 * take the rest. Parsing one message of this size several times over still fits an isolate's 128 MB.
 */
const READ_MAX_BYTES = 12 * 1_048_576;

/** The scope each method needs. A method that is not here is refused. */
const SCOPES: { readonly [procedure: string]: Scope } = {
  [procedureOf(FactoryGateway.method.submitSession)]: "session:submit",
  [procedureOf(FactoryGateway.method.resumeStream)]: "session:read",
  [procedureOf(FactoryGateway.method.cancelSession)]: "session:control",
  [procedureOf(FactoryGateway.method.acknowledgeReview)]: "review:decide",
  [procedureOf(FactoryDelivery.method.getEvidence)]: "session:read",
  [procedureOf(FactoryDelivery.method.getDeliverable)]: "session:read",
  [procedureOf(FactoryAdmin.method.why)]: "session:read",
  [procedureOf(FactoryAdmin.method.impact)]: "session:read",
  [procedureOf(FactoryAdmin.method.lineage)]: "session:read",
  [procedureOf(FactoryAdmin.method.getKnowingState)]: "session:read",
  [procedureOf(FactoryAdmin.method.setTrust)]: "admin",
  [procedureOf(FactoryAdmin.method.revokeTrust)]: "admin",
  [procedureOf(FactoryAdmin.method.setConsent)]: "admin",
  [procedureOf(FactoryAdmin.method.revokeConsent)]: "admin",
  [procedureOf(FactoryAdmin.method.applyPolicy)]: "admin",
  [procedureOf(FactoryAdmin.method.reproject)]: "admin",
  [procedureOf(FactoryAdmin.method.projectionLag)]: "admin",
  [procedureOf(FactoryAdmin.method.objectHealth)]: "session:read",
  [procedureOf(FactoryAdmin.method.operations)]: "session:read",
  [procedureOf(FactoryAdmin.method.issueProducerToken)]: "admin",
};

/** Methods that a producer token opens, and nothing else does. */
const PRODUCER_METHODS: ReadonlySet<string> = new Set([procedureOf(FactoryProducer.method.appendEvents)]);

/** Answers calls of the services; null for a path that is none of theirs. */
export type ConnectEdge = (request: Request, requestId: string) => Promise<Response | null>;

/** Builds the router and its handlers once. */
export function createConnectEdge(deps: GatewayDeps, callFor: (op: string, requestId: string) => Call): ConnectEdge {
  const router = createConnectRouter({
    grpc: false,
    acceptCompression: [gzip],
    readMaxBytes: READ_MAX_BYTES,
    requestGate: (context) => admit(deps, context),
  })
    .service(FactoryGateway, gatewayService(deps))
    .service(FactoryDelivery, deliveryService(deps))
    .service(FactoryAdmin, adminService(deps))
    .service(FactoryProducer, producerService(deps));
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  return async (request, requestId) => {
    const handler = handlers.get(new URL(request.url).pathname);
    if (handler === undefined) return null;
    const call = callFor(`gateway.${handler.method.name}`, requestId);
    return serve(handler, request, call);
  };
}

/** Runs before a body is read: a call without the right credential costs one look-up. */
async function admit(deps: GatewayDeps, context: HandlerContext): Promise<void> {
  const call = callOf(context);
  followCall(call, context.signal);
  context.signal.throwIfAborted();
  try {
    const authorization = context.requestHeader.get("authorization");
    if (PRODUCER_METHODS.has(procedureOf(context.method))) await admitProducer(deps, call, authorization);
    else await admitPrincipal(deps, call, authorization, SCOPES[procedureOf(context.method)]);
  } catch (err) {
    throw toConnectError(err, call.requestId);
  }
}

async function admitPrincipal(deps: GatewayDeps, call: Call, authorization: string | null, scope: Scope | undefined): Promise<void> {
  const answer = await authenticate(authorization, deps.records, deps.now());
  if (!answer.ok) return raise(answer);
  call.principal = answer.principal;
  if (scope === undefined) throw errorOf("PERMISSION_DENIED", "No scope opens this method.");
  const refusal = requireScope(answer.principal, scope);
  if (refusal !== null) return raise(refusal);
}

async function admitProducer(deps: GatewayDeps, call: Call, authorization: string | null): Promise<void> {
  const answer = await authenticateProducer(authorization, deps.producerTokenKey, deps.now());
  if (!answer.ok) return raise(answer);
  call.producer = answer.producer;
  call.sessionId = answer.producer.sessionId;
  if (await deps.admitProducerCall(answer.producer.tokenId)) return;
  const { callsPerMinute } = PRODUCER_LIMITS;
  const err = errorOf("RATE_LIMITED", `A producer token may make ${callsPerMinute} calls a minute.`);
  err.metadata.set("retry-after", "60");
  throw err;
}

async function serve(handler: UniversalHandler, request: Request, call: Call): Promise<Response> {
  const gone = new AbortController();
  const leave = (): void => gone.abort(new ConnectError("The caller closed the call.", Code.Canceled));
  request.signal.addEventListener("abort", leave, { once: true });
  const body = new RequestBody(request.body);
  const answer = await handler({
    httpVersion: "",
    method: request.method,
    url: request.url,
    header: request.headers,
    body,
    signal: gone.signal,
    contextValues: createContextValues().set(callKey, call),
  });
  // A refusal may come before the body is read; the caller hears it only once it has sent the rest.
  if (call.ended || !call.admitted) await body.drain();
  // The gate ends every call that reaches it; what is left is a wrong verb or content type.
  if (!call.ended && !call.admitted) call.end("refused", { status: answer.status });
  return responseOf(answer, handler.method.methodKind === "unary", leave);
}

async function responseOf(answer: UniversalServerResponse, whole: boolean, leave: () => void): Promise<Response> {
  const headers = new Headers(answer.header);
  // The library has compressed the body itself; the runtime must not do it again.
  const encodeBody = headers.has("content-encoding") ? "manual" : "automatic";
  const { body } = answer;
  if (body === undefined) return new Response(null, { status: answer.status, headers });
  const payload = whole ? await collect(body) : streamOf(body, leave);
  return new Response(payload, { status: answer.status, headers, encodeBody });
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of body) chunks.push(Uint8Array.from(chunk));
  return new Blob(chunks);
}

/** A body that is pulled one message at a time; when the client goes, the call's signal is aborted at once. */
function streamOf(body: AsyncIterable<Uint8Array>, leave: () => void): ReadableStream<Uint8Array> {
  const iterator = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const step = await iterator.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      async cancel(reason) {
        leave();
        try {
          await iterator.throw?.(reason);
        } catch {
          // A generator throws back what it was told; the call has ended with the signal.
        }
      },
    },
    { highWaterMark: 0 },
  );
}

function procedureOf(method: { readonly parent: { readonly typeName: string }; readonly name: string }): string {
  return `${method.parent.typeName}/${method.name}`;
}
