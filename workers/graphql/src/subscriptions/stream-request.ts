/** A request for a subscription as server-sent events: `POST` with a JSON body or `GET` with a query, as GraphQL over HTTP has them. */
import { refuse, type Refusal } from "@factory/schemas";
import { z } from "zod";
import type { OperationRequest } from "./operation-plan.ts";

const object = z.record(z.string(), z.unknown());
const operation = z.object({ query: z.string(), operationName: z.string().nullish(), variables: object.nullish(), extensions: object.nullish() });

/** The refusals of HTTP that come before any stream, with their status. */
export type NoStream = { readonly status: 400 | 405 | 406 | 415; readonly refusal: Refusal };

/** What a request asks for; `lastEventId` is the seq after which its client goes on, 0 when it does not say. */
export type StreamRequest = { readonly operation: OperationRequest; readonly lastEventId: number };

const no = (status: NoStream["status"], message: string): NoStream => ({ status, refusal: refuse("INVALID_ARGUMENT", message) });

/** Reads a request. Its size has been bounded on its way. */
export async function readStreamRequest(request: Request): Promise<StreamRequest | NoStream> {
  if (request.method !== "GET" && request.method !== "POST") return no(405, "Subscribe with GET or POST.");
  if (!accepts(request.headers.get("accept") ?? "*/*")) return no(406, "Subscriptions are answered as text/event-stream.");
  const lastEventId = seqOf(request.headers.get("last-event-id"));
  if (lastEventId === null) return no(400, "Last-Event-ID is a seq.");
  const value = request.method === "GET" ? ofQuery(new URL(request.url).searchParams) : await ofBody(request);
  if (value === undefined) return no(415, "The body of a POST is application/json.");
  const parsed = operation.safeParse(value);
  if (!parsed.success) return no(400, `This is no operation: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`);
  const { query, operationName, variables } = parsed.data;
  return { operation: { query, operationName: operationName ?? null, variables: variables ?? null }, lastEventId };
}

/** Undefined for another type; null for what is no JSON. */
async function ofBody(request: Request): Promise<unknown> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers.get("content-type") ?? "")) return undefined;
  return jsonOf(await request.text());
}

function ofQuery(parameters: URLSearchParams): unknown {
  const variables = parameters.get("variables");
  return {
    query: parameters.get("query") ?? undefined,
    operationName: parameters.get("operationName"),
    // What is no JSON is no object either, and refused as such.
    variables: variables === null ? null : (jsonOf(variables) ?? variables),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Refused by the shape it does not have.
    return null;
  }
}

function accepts(accept: string): boolean {
  return accept.split(",").some((range) => /^\s*(text\/event-stream|text\/\*|\*\/\*)\s*(;|$)/i.test(range));
}

function seqOf(header: string | null): number | null {
  if (header === null || header === "") return 0;
  return /^\d{1,15}$/.test(header) ? Number(header) : null;
}
