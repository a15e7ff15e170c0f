/**
 * One message to one subscriber: signed anew for each attempt, since a receiver takes no signature that is older than a minute. No
 * redirect is followed and nothing of the answer is read but its status.
 */
import { messageOf } from "@factory/durable";
import type { Delivery } from "@factory/durable";
import { signMessage, type SigningKey, type UnsignedMessage } from "@factory/governance";
import { refusedAddress } from "./subscriber-url.ts";
import type { AddressPolicy } from "./subscriber-url.ts";

/** How long a subscriber may take to answer, in milliseconds. */
export const TELL_TIMEOUT_MS = 10_000;
/** Longest pause that a subscriber may ask for, in milliseconds: an hour. */
const MAX_RETRY_AFTER_MS = 60 * 60_000;

/** What a call outside needs. */
export interface OutboundPorts {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly signingKey: () => Promise<SigningKey>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly addresses: AddressPolicy;
}

/** A delivery with why it failed. */
export type Telling = { readonly delivery: Delivery; readonly error: string | null };

/** Tells one subscriber. Never throws: what goes wrong outside is tried again. */
export async function tellSubscriber(ports: OutboundPorts, url: string, message: UnsignedMessage, signal: AbortSignal): Promise<Telling> {
  const refused = refusedAddress(url, ports.addresses);
  if (refused !== null) return failed(`It is not called: ${refused}.`);
  try {
    const body = await signedBody(ports, message);
    const response = await ports.fetch(
      new Request(url, {
        method: "POST",
        headers: { "content-type": "application/json", "user-agent": "factory" },
        body,
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(TELL_TIMEOUT_MS)]),
      }),
    );
    await response.body?.cancel();
    if (response.status >= 200 && response.status < 300) return { delivery: { ok: true }, error: null };
    return failed(`It answered ${response.status}.`, retryAfterMs(response.headers.get("retry-after")));
  } catch (err) {
    return failed(messageOf(err).slice(0, 256));
  }
}

async function signedBody(ports: OutboundPorts, message: UnsignedMessage): Promise<string> {
  const { payload, signature } = await signMessage(message, await ports.signingKey(), ports.now());
  return JSON.stringify({
    payload: Buffer.from(payload).toString("base64"),
    signature: { algorithm: signature.algorithm, value: Buffer.from(signature.value).toString("base64") },
  });
}

function failed(error: string, retryMs?: number): Telling {
  return { delivery: { ok: false, ...(retryMs === undefined ? {} : { retryAfterMs: retryMs }) }, error };
}

/** The pause a subscriber asks for in seconds, bounded; a date is not understood. */
function retryAfterMs(header: string | null): number | undefined {
  return header !== null && /^\d{1,9}$/.test(header) ? Math.min(MAX_RETRY_AFTER_MS, Number(header) * 1_000) : undefined;
}
