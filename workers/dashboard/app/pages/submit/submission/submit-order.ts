/** Hands an order in: signs its envelope, sends it, and leaves as soon as the platform has said which session it is. */
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type Client } from "@connectrpc/connect";
import { orderEnvelope, signEnvelope, type SigningKey } from "@factory/governance";
import { digestOf } from "@factory/schemas";
import { SignatureAlgorithm, StreamMode, SubmitSessionRequestSchema, type FactoryGateway, type SubmitSessionRequest } from "@factory/schemas/proto";
import type { Draft, DraftOwner, DraftStorage } from "../draft/draft-store.ts";
import { envelopeIdFor, forgetEnvelopeId } from "./envelope-ids.ts";

/** What hands in, in the envelope. */
const KERNEL = "factory-dashboard";
/** Carries the session's id before the first event does. */
const SESSION_ID_HEADER = "factory-session-id";
/** How long an answer is waited for, in milliseconds. */
const ANSWER_TIMEOUT_MS = 30_000;

export type SubmitDeps = {
  readonly gateway: Pick<Client<typeof FactoryGateway>, "submitSession">;
  readonly key: SigningKey;
  readonly storage: DraftStorage;
  /** Epoch milliseconds. */
  readonly now: () => number;
};

/** A draft with who hands it in. */
export type OrderToSubmit = Draft & { readonly owner: DraftOwner; readonly assembly: string | null };

/**
 * Hands a draft in.
 *
 * @returns the session's id. The same draft has the same session, until one was told here.
 * @throws ConnectError as the platform refuses it, DOMException when the key does not sign.
 */
export async function submitOrder({ gateway, key, storage, now }: SubmitDeps, order: OrderToSubmit): Promise<string> {
  const { text, files, owner } = order;
  const assembly = order.assembly ?? undefined;
  const envelopeId = envelopeIdFor(storage, owner, digestOf({ text, files, assembly: order.assembly }));
  const nowMs = now();
  const unsigned = orderEnvelope({ text, files, assembly, envelopeId, kernelId: KERNEL, actorId: owner.principalId }, nowMs);
  const { payload, signature } = await signEnvelope(unsigned, key, nowMs);
  const request = create(SubmitSessionRequestSchema, {
    envelope: { payload, signature: { algorithm: WIRE_ALGORITHMS[signature.algorithm], value: signature.value } },
    streamMode: StreamMode.TERMINAL_ONLY,
  });
  try {
    const sessionId = await sessionOf(gateway, request);
    forgetEnvelopeId(storage, owner, envelopeId);
    return sessionId;
  } catch (err) {
    // Another content has this id already, so no repeat can be told from it.
    if (ConnectError.from(err).code === Code.AlreadyExists) forgetEnvelopeId(storage, owner, envelopeId);
    throw err;
  }
}

const WIRE_ALGORITHMS = { "HMAC-SHA256": SignatureAlgorithm.HMAC_SHA256, Ed25519: SignatureAlgorithm.ED25519 } as const;

/** Reads the session's id from the header or the first event, whichever comes first, and leaves the stream. */
async function sessionOf(gateway: SubmitDeps["gateway"], request: SubmitSessionRequest): Promise<string> {
  const leave = new AbortController();
  const late = setTimeout(() => leave.abort(new ConnectError("The factory has not answered in time.", Code.DeadlineExceeded)), ANSWER_TIMEOUT_MS);
  let named: string | null = null;
  const onHeader = (header: Headers): void => {
    named = header.get(SESSION_ID_HEADER);
    if (named !== null) leave.abort();
  };
  try {
    for await (const { event } of gateway.submitSession(request, { signal: leave.signal, onHeader })) {
      named = event?.sessionId ?? named;
      if (named !== null) break;
    }
  } catch (err) {
    // Without a name the stream was not left because the header has said everything.
    if (named === null) throw leave.signal.reason instanceof ConnectError ? leave.signal.reason : err;
  } finally {
    clearTimeout(late);
    leave.abort();
  }
  if (named === null) throw new ConnectError("The factory has ended its answer without a session.", Code.Unavailable);
  return named;
}
