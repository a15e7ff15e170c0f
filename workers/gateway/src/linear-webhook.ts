/**
 * `POST /webhooks/linear`: what Linear tells, on its way to the bridge. It carries no credential of ours: the bridge verifies Linear's
 * signature over the raw body, which therefore passes untouched. Nothing else of the request does.
 */
import { refuse, type Refusal } from "@factory/schemas";
import { addressOf } from "./admission.ts";
import type { Call } from "./call.ts";
import type { GatewayDeps } from "./deps.ts";
import { bytesWithin } from "./reader-request.ts";
import { refusalResponse } from "./refusal-response.ts";
import { RequestBody } from "./request-body.ts";

/** Path of the route. */
export const LINEAR_WEBHOOK_PATH = "/webhooks/linear";

/** Of a delivery, in bytes: 1 MiB. */
const DELIVERY_MAX_BYTES = 1_048_576;

/** What Linear says of a delivery in headers. */
const PASSED_HEADERS = ["content-type", "linear-signature", "linear-delivery", "linear-event", "linear-timestamp"] as const;

/** Hands a delivery to the bridge and answers what it answers. */
export async function forwardDelivery(deps: GatewayDeps, call: Call, request: Request): Promise<Response> {
  const body = new RequestBody(request.body);
  // Whoever sends these proves nothing at this door, so they count with those who prove nothing.
  if (!(await deps.admitAddressCall(`linear:${addressOf(request.headers)}`))) {
    return refused(call, body, refuse("RATE_LIMITED", "Too many deliveries came from this address."));
  }
  const bytes = await bytesWithin(body, DELIVERY_MAX_BYTES);
  if (bytes === null) return refused(call, body, refuse("TOO_LARGE", `A delivery has at most ${DELIVERY_MAX_BYTES} bytes.`));
  const headers = new Headers();
  for (const name of PASSED_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const answer = await deps.linear.fetch(new Request(`https://linear-bridge${LINEAR_WEBHOOK_PATH}`, { method: "POST", headers, body: bytes }));
  call.end(answer.ok ? "ok" : answer.status < 500 ? "refused" : "failed", answer.ok ? {} : { status: answer.status });
  return new Response(answer.body, answer);
}

async function refused(call: Call, body: RequestBody, refusal: Refusal): Promise<Response> {
  await body.drain();
  call.end("refused", { code: refusal.code, message: refusal.message });
  return refusalResponse(refusal);
}
