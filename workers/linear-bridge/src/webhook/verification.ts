/** Whether a webhook comes from Linear: its signature over the raw body, and its time within the minute that Linear's SDK allows. */
import { LinearWebhookClient } from "@linear/sdk/webhooks";

/** Largest body, in bytes: a comment of Linear has some tens of thousands of characters. */
export const MAX_WEBHOOK_BYTES = 512 * 1024;

/** The body of a request, or null when it is over the limit: then it is not read to its end. */
export async function readBody(request: Request): Promise<Uint8Array | null> {
  if (Number(request.headers.get("content-length") ?? 0) > MAX_WEBHOOK_BYTES) return null;
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the stream. A request's body is bytes, of which the platform's type says nothing.
  for await (const chunk of request.body as ReadableStream<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_WEBHOOK_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The payload of a verified webhook, or what is wrong: only what Linear has signed is read at all. */
export type Verified = { readonly ok: true; readonly payload: unknown } | { readonly ok: false; readonly fault: "unsigned" | "no JSON" };

/**
 * Verifies a webhook as Linear's SDK does.
 *
 * @param signature - `linear-signature` header
 * @see https://linear.app/developers/webhooks#securing-webhooks
 */
export function verifyWebhook(secret: string, body: Uint8Array, signature: string | null): Verified {
  if (signature === null) return { ok: false, fault: "unsigned" };
  const bytes = Buffer.from(body);
  try {
    new LinearWebhookClient(secret).verify(bytes, signature);
    const payload: unknown = JSON.parse(bytes.toString("utf8"));
    return { ok: true, payload };
  } catch (err) {
    // The signature is looked at first, so text that is no JSON was signed.
    return { ok: false, fault: err instanceof SyntaxError ? "no JSON" : "unsigned" };
  }
}
