/** `factory.v1.FactoryProducer`: what a runner outside appends to a session's log, behind its token. */
import type { ServiceImpl } from "@connectrpc/connect";
import { FactoryError } from "@factory/schemas";
import type { AppendEventsRequest, FactoryProducer } from "@factory/schemas/proto";
import { abortable } from "./abortable.ts";
import { callOf, producerOf, type Call } from "./call.ts";
import { raise, toConnectError } from "./connect-errors.ts";
import type { GatewayDeps } from "./deps.ts";
import { producerWrites } from "./producer-events.ts";

/** The service over the gateway's dependencies. */
export function producerService(deps: GatewayDeps): ServiceImpl<typeof FactoryProducer> {
  return {
    async appendEvents(request, context) {
      const call = callOf(context);
      try {
        return await append(deps, call, context.signal, request);
      } catch (err) {
        throw toConnectError(err, call.requestId);
      }
    },
  };
}

/** One call into the log; whose log it is comes from the token and from nothing in the request. */
async function append(
  deps: GatewayDeps,
  call: Call,
  signal: AbortSignal,
  { sessionId, events }: AppendEventsRequest,
): Promise<{ lastSeq: bigint; appended: number }> {
  const producer = producerOf(call);
  if (sessionId !== producer.sessionId) throw new FactoryError("PERMISSION_DENIED", "The token is for another session.");
  const writes = producerWrites(producer, events, deps.now());
  const { org, workOrderId, assemblyId } = producer;
  const answer = await abortable(signal, deps.sessionLog(org, sessionId).append({ org, sessionId, workOrderId, assemblyId }, writes));
  if (!answer.ok) return raise(answer);
  return { lastSeq: BigInt(answer.tip.lastSeq), appended: answer.appended };
}
