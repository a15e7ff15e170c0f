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
import { authenticateProducer } from "@factory/governance";
import { FactoryAdmin, FactoryDelivery, FactoryGateway, FactoryProducer } from "@factory/schemas/proto";
import { abortable } from "./abortable.ts";
import { adminService } from "./admin/admin-service.ts";
import { addressOf, admit, countRefusal, type Asking } from "./admission.ts";
import { callKey, callOf, followCall, type Call } from "./call.ts";
import { gzip } from "./compression.ts";
import { errorOf, raise, toConnectError } from "./connect-errors.ts";
import { deliveryService } from "./delivery-service.ts";
import type { GatewayDeps } from "./deps.ts";
import { gatewayService } from "./gateway-service.ts";
import { NEEDS, procedureOf } from "./needs.ts";
import { PRODUCER_LIMITS } from "./producer-events.ts";
import { producerService } from "./producer-service.ts";
import { RequestBody } from "./request-body.ts";

/**
 * Largest message on the wire, in bytes: 8 MiB of content is 10.7 MiB as base64 in JSON, and escapes in the envelope
 * take the rest. Parsing one message of this size several times over still fits an isolate's 128 MB.
 */
const READ_MAX_BYTES = 12 * 1_048_576;

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
    requestGate: (context) => openGate(deps, context),
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
async function openGate(deps: GatewayDeps, context: HandlerContext): Promise<void> {
  const call = callOf(context);
  followCall(call, context.signal);
  context.signal.throwIfAborted();
  try {
    const { requestHeader: headers, method } = context;
    const asking = { credential: headers.get("authorization"), address: addressOf(headers), operation: procedureOf(method) };
    if (PRODUCER_METHODS.has(asking.operation)) await admitProducer(deps, call, asking);
    else await admitPrincipal(deps, call, asking, context);
  } catch (err) {
    throw toConnectError(err, call.requestId);
  }
}

async function admitPrincipal(deps: GatewayDeps, call: Call, asking: Asking, { method, signal }: HandlerContext): Promise<void> {
  const answer = await abortable(signal, admit(deps, call, asking, NEEDS[procedureOf(method)]));
  if (!answer.ok) return raise(answer);
}

async function admitProducer(deps: GatewayDeps, call: Call, { credential, address }: Asking): Promise<void> {
  const answer = await authenticateProducer(credential, deps.producerTokenKey, deps.now());
  if (!answer.ok) return raise((await countRefusal(deps, address)) ?? answer);
  call.producer = answer.producer;
  call.sessionId = answer.producer.sessionId;
  if (await deps.admitProducerCall(answer.producer.tokenId)) return;
  throw errorOf("RATE_LIMITED", `A producer token may make ${PRODUCER_LIMITS.callsPerMinute} calls a minute.`);
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
