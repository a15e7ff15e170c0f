/** One call at the edge: who made it, what it touched, how it ended; written as one canonical log event. */
import { Code, ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { messageOf, type Log, type Outcome } from "@factory/durable";
import type { AuthenticatedPrincipal, ProducerPrincipal } from "@factory/governance";
import type { PolicyDecision } from "@factory/schemas/rpc";
import { completeDetail, errorOf, isFault, registryCode } from "./connect-errors.ts";

/** What a call has said of itself so far. */
export class Call {
  readonly requestId: string;
  /** Name of the operation, `gateway.<method>`. */
  readonly op: string;
  /** Set by the gate; a handler runs only behind it. */
  principal: AuthenticatedPrincipal | undefined;
  /** Set by the gate of a producer's method instead. */
  producer: ProducerPrincipal | undefined;
  sessionId: string | undefined;
  /** Messages sent on a stream. */
  sent = 0;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #decisions: PolicyDecision[] = [];
  #noted: { readonly [key: string]: unknown } = {};
  #ended = false;

  constructor(op: string, requestId: string, log: Log, now: () => number) {
    this.op = op;
    this.requestId = requestId;
    this.#log = log;
    this.#now = now;
    this.#startedAt = now();
  }

  /** True once the gate has let the call in. */
  get admitted(): boolean {
    return this.principal !== undefined || this.producer !== undefined;
  }

  /** Keeps what policy decided for the call's event. */
  decided(decision: PolicyDecision): void {
    this.#decisions.push(decision);
  }

  /** Keeps fields for the call's event, whatever its end. */
  note(fields: { readonly [key: string]: unknown }): void {
    this.#noted = { ...this.#noted, ...fields };
  }

  /** True once the call's event is written. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Writes the call's one event; a second call is ignored, since the first reason is the cause. */
  end(outcome: Outcome, fields: { readonly [key: string]: unknown } = {}): void {
    if (this.#ended) return;
    this.#ended = true;
    const { sessionId, producer } = this;
    const principal = this.principal ?? producer;
    this.#log.event({
      op: this.op,
      outcome,
      durationMs: this.#now() - this.#startedAt,
      ids: {
        requestId: this.requestId,
        ...(principal === undefined ? {} : { org: principal.org, principalId: principal.id }),
        ...(sessionId === undefined ? {} : { sessionId }),
        ...(producer === undefined ? {} : { jti: producer.tokenId }),
      },
      fields: { ...this.#noted, ...this.#policyFields(), ...fields, ...(this.sent === 0 ? {} : { sent: this.sent }) },
    });
  }

  #policyFields(): { readonly [key: string]: unknown } {
    if (this.#decisions.length === 0) return {};
    const policies = [...new Set(this.#decisions.flatMap((decision) => decision.policies))];
    return { decisions: this.#decisions.map(({ decisionId }) => decisionId), policies };
  }
}

/** The call a Connect handler belongs to. */
export const callKey = createContextKey<Call | undefined>(undefined, { description: "call" });

/** The call of a handler's context. @throws ConnectError INTERNAL when the edge did not set it. */
export function callOf(context: Pick<HandlerContext, "values">): Call {
  const call = context.values.get(callKey);
  if (call === undefined) throw errorOf("INTERNAL");
  return call;
}

/** The caller behind the gate. @throws ConnectError UNAUTHENTICATED when the gate has not passed. */
export function principalOf(call: Call): AuthenticatedPrincipal {
  if (call.principal === undefined) throw errorOf("UNAUTHENTICATED");
  return call.principal;
}

/** The producer behind the gate. @throws ConnectError UNAUTHENTICATED when the gate has not passed. */
export function producerOf(call: Call): ProducerPrincipal {
  if (call.producer === undefined) throw errorOf("UNAUTHENTICATED");
  return call.producer;
}

/**
 * Follows a call to its end. The library aborts the context's signal when a call ends, with the error before that is
 * serialised: so errors it raised itself get their detail here, whatever the protocol.
 */
export function followCall(call: Call, signal: AbortSignal): void {
  const settle = (): void => {
    const reason: unknown = signal.reason;
    if (!(reason instanceof ConnectError)) {
      const completed = reason === undefined || (reason instanceof Error && reason.name === "AbortError");
      call.end(completed ? "ok" : "failed", completed ? {} : { error: messageOf(reason) });
      return;
    }
    completeDetail(reason);
    if (reason.code === Code.Canceled) return call.end("ok", { code: "CANCELLED" });
    const cause = isFault(reason) && reason.cause !== undefined ? { error: messageOf(reason.cause) } : {};
    call.end(isFault(reason) ? "failed" : "refused", { code: registryCode(reason), message: reason.rawMessage, ...cause });
  };
  if (signal.aborted) settle();
  else signal.addEventListener("abort", settle, { once: true });
}
