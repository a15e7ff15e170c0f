/** What every route of the read side does before it hands a request on: who reads, how much of a body is taken, and what is passed. */
import type { AuthenticatedPrincipal } from "@factory/governance";
import type { Result } from "@factory/schemas";
import { CONNECTION_HEADER, encodeConnection } from "@factory/schemas/rpc";
import { addressOf, admit } from "./admission.ts";
import type { Call } from "./call.ts";
import type { GatewayDeps } from "./deps.ts";
import { READ_ROUTE } from "./needs.ts";
import type { RequestBody } from "./request-body.ts";

/** The caller behind a credential, with the scope to read and policy's leave. */
export async function admitReader(
  deps: GatewayDeps,
  call: Call,
  request: Request,
  credential: string | null,
): Promise<Result<{ principal: AuthenticatedPrincipal }>> {
  const operation = new URL(request.url).pathname.slice(1);
  return admit(deps, call, { credential, address: addressOf(request.headers), operation }, READ_ROUTE);
}

/** A whole body; null for one over the limit. */
export async function bytesWithin(body: RequestBody, maxBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** An operation as its reader sent it. */
export type ReaderOperation = {
  readonly principal: AuthenticatedPrincipal;
  readonly request: Request;
  readonly body: Uint8Array;
  /** Path at the graphql Worker. */
  readonly path: string;
  /** Headers that are part of the protocol. */
  readonly passed: readonly string[];
};

/** Built from nothing, so that no header of the caller's reaches the Worker but those of the protocol; the connection's id is never the caller's choice. */
export function readerRequest(deps: GatewayDeps, { principal, request, body, path, passed }: ReaderOperation): Request {
  const { org, id, scopes } = principal;
  const connection = encodeConnection({ org, principalId: id, scopes: [...scopes], connectionId: deps.newRequestId() });
  const headers = new Headers({ [CONNECTION_HEADER]: connection });
  for (const name of passed) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const { method } = request;
  const url = `https://graphql${path}${new URL(request.url).search}`;
  return new Request(url, { method, headers, ...(method === "GET" || method === "HEAD" ? {} : { body }) });
}
