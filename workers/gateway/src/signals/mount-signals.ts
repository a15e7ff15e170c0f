/**
 * Where the We-layer and other kernels knock: `POST /signals` behind a disposition token, `POST /escalations` and `POST /vcrs` in
 * signed messages, and the public keys of what the factory tells outside. The governance Worker verifies; this door bounds what is
 * read and says what became of it.
 */
import { messageOf } from "@factory/durable";
import { ERRORS, refuse, type Refusal, type Result } from "@factory/schemas";
import type { SignedMessage } from "@factory/schemas/rpc";
import { z } from "zod";
import { addressOf } from "../admission.ts";
import type { CallFor, GatewayApp } from "../app.ts";
import type { Call } from "../call.ts";
import type { GatewayDeps } from "../deps.ts";
import { bytesWithin } from "../reader-request.ts";
import { refusalHeaders } from "../refusal-response.ts";
import { RequestBody } from "../request-body.ts";

/** Largest body of a signal, in bytes: 64 KiB. */
export const SIGNAL_MAX_BYTES = 65_536;
/** Largest body around a signed message, in bytes: 96 KiB holds a payload of 64 KiB in base64 with its signature. */
export const MESSAGE_MAX_BYTES = 98_304;

/** Static public material, as the keys of evidence are. */
export const SIGNING_KEYS_PATH = "/.well-known/factory-signing-keys.json";
/** How long the keys may be kept by who asked, in seconds: a new key is known soon after it signs. */
const SIGNING_KEYS_MAX_AGE_S = 300;

/** Taken, and carried on from here. */
const ACCEPTED = 202;

/** What the routes need of the gateway. */
type SignalsDeps = Pick<GatewayDeps, "admitAddressCall"> & {
  readonly governance: Pick<GatewayDeps["governance"], "receiveSignal" | "receiveMessage" | "signingKeys">;
};

/** A signed message as it travels in JSON. */
const signedMessage = z.strictObject({
  payload: z.base64().min(1),
  signature: z.strictObject({ algorithm: z.string().min(1).max(32), value: z.base64().min(1).max(256) }),
});

/** What became of a call, as it is answered in JSON. */
type Taken = Result<{ readonly [field: string]: unknown }>;

/** A request on its way through. */
type Knock = { readonly request: Request; readonly body: RequestBody; readonly call: Call };

/** Adds the routes. */
export function mountSignals(app: GatewayApp, deps: SignalsDeps, callFor: CallFor): void {
  const handle = (op: string, take: (knock: Knock) => Promise<Taken>) => {
    return async ({
      req,
      var: { requestId },
    }: {
      readonly req: { readonly raw: Request };
      readonly var: { readonly requestId: string };
    }): Promise<Response> => {
      const knock = { request: req.raw, body: new RequestBody(req.raw.body), call: callFor(op, requestId) };
      const answer = await answered(deps, knock, take);
      await knock.body.drain();
      return responseOf(answer, knock.call);
    };
  };
  app.post(
    "/signals",
    handle("gateway.signals", (knock) => takeSignal(deps, knock)),
  );
  app.post(
    "/escalations",
    handle("gateway.escalations", (knock) => takeMessage(deps, knock, "EscalationEvent")),
  );
  app.post(
    "/vcrs",
    handle("gateway.verdictClosures", (knock) => takeMessage(deps, knock, "VerdictClosureRecord")),
  );
  app.get(SIGNING_KEYS_PATH, async (c) => {
    const call = callFor("gateway.signingKeys", c.var.requestId);
    const answer = await unlessBroken(call, async () => ({ ok: true, ...(await deps.governance.signingKeys()) }));
    if (!answer.ok) return responseOf(answer, call);
    call.end("ok", { keys: answer.keys.length });
    c.header("cache-control", `public, max-age=${SIGNING_KEYS_MAX_AGE_S}`);
    return c.json({ keys: answer.keys });
  });
}

async function answered(deps: SignalsDeps, knock: Knock, take: (knock: Knock) => Promise<Taken>): Promise<Taken> {
  return unlessBroken(knock.call, async () => {
    // Every call costs look-ups before it proves anything, so each is counted by where it comes from.
    if (!(await deps.admitAddressCall(`signals:${addressOf(knock.request.headers)}`)))
      return refuse("RATE_LIMITED", "Too many signals came from this address.");
    return take(knock);
  });
}

async function takeSignal({ governance }: SignalsDeps, { request, body }: Knock): Promise<Taken> {
  const token = /^bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (token === undefined) return refuse("UNAUTHENTICATED", "A signal comes behind a disposition token: send `Authorization: Bearer <token>`.");
  const bytes = await bytesOf(body, SIGNAL_MAX_BYTES);
  if (bytes === null) return refuse("TOO_LARGE", `A signal has ${SIGNAL_MAX_BYTES} bytes at most.`);
  const answer = await governance.receiveSignal(token, new Uint8Array(bytes));
  return answer.ok ? { ok: true, ...answer.receipt } : answer;
}

async function takeMessage({ governance }: SignalsDeps, { body }: Knock, kind: "EscalationEvent" | "VerdictClosureRecord"): Promise<Taken> {
  const bytes = await bytesOf(body, MESSAGE_MAX_BYTES);
  if (bytes === null) return refuse("TOO_LARGE", `A signed message has ${MESSAGE_MAX_BYTES} bytes at most.`);
  const message = readMessage(bytes);
  if (message === null) {
    return refuse("INVALID_ARGUMENT", "The body has to be JSON: { payload: base64, signature: { algorithm, value: base64 } }, and nothing else.");
  }
  const answer = await governance.receiveMessage(kind, message);
  return answer.ok ? { ok: true, id: answer.id, repeated: answer.repeated } : answer;
}

/** A whole body; null for one over the limit. A body that breaks off has gone with its sender, and what there is of it is no document. */
async function bytesOf(body: RequestBody, maxBytes: number): Promise<Uint8Array | null> {
  try {
    return await bytesWithin(body, maxBytes);
  } catch {
    return new Uint8Array();
  }
}

function readMessage(bytes: Uint8Array): SignedMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    // What the parser says quotes the body; that it is none is said by the caller.
    return null;
  }
  const parsed = signedMessage.safeParse(value);
  if (!parsed.success) return null;
  const { payload, signature } = parsed.data;
  return { payload: plainBytes(payload), algorithm: signature.algorithm, signature: plainBytes(signature.value) };
}

/** Bytes of base64, in memory of their own: what RPC carries is the whole buffer behind a view. */
function plainBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}

/** A Worker that does not answer says nothing about the call: whoever made it may make it again. */
async function unlessBroken<T extends object>(call: Call, work: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work();
  } catch (err) {
    call.end("failed", { code: "UNAVAILABLE", error: messageOf(err) });
    return refuse("UNAVAILABLE", "The factory could not look at this now. Nothing was taken; send it again.");
  }
}

function responseOf(answer: Taken, call: Call): Response {
  if (answer.ok) {
    call.end("ok");
    return Response.json(answer, { status: ACCEPTED });
  }
  call.end("refused", { code: answer.code, message: answer.message });
  return refusalOf(answer, call.requestId);
}

function refusalOf(refusal: Refusal, requestId: string): Response {
  const { code, message } = refusal;
  const { http, suggestion, retry } = ERRORS[code];
  return Response.json({ code, message, suggestion, retry, request_id: requestId }, { status: http, headers: refusalHeaders(refusal) });
}
