/**
 * A server on loopback that speaks the chat completions protocol, for tests of whatever talks to one. What it answers is
 * scripted; what it is asked is kept. It runs in Node only.
 *
 * @see https://platform.openai.com/docs/api-reference/chat
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";

const chatRequest = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
  stream: z.boolean().optional(),
  tools: z.array(z.unknown()).optional(),
  response_format: z.looseObject({ type: z.string() }).optional(),
});

/** A request as it arrived. */
export type ChatRequest = z.infer<typeof chatRequest>;

/** What the server answers to one request. */
export type ChatReply =
  | { readonly kind: "text"; readonly text: string; readonly usage?: ChatUsage }
  | { readonly kind: "tools"; readonly calls: readonly { readonly name: string; readonly input: unknown }[]; readonly usage?: ChatUsage }
  /** An error status; `retryAfterMs` becomes the header `retry-after-ms`. */
  | { readonly kind: "status"; readonly status: number; readonly message?: string; readonly retryAfterMs?: number }
  /** A body as it is, such as malformed JSON. */
  | { readonly kind: "raw"; readonly body: string; readonly contentType?: string }
  /** Accepts the request and never answers; the connection stays, or ends after so many milliseconds. */
  | { readonly kind: "silence"; readonly endsAfterMs?: number }
  /** Begins to answer and closes the connection. */
  | { readonly kind: "break" };

export type ChatUsage = { readonly prompt_tokens: number; readonly completion_tokens: number };

/** Chooses the answer to a request; `index` counts requests from 0. */
export type ChatScript = (request: ChatRequest, index: number) => ChatReply | Promise<ChatReply>;

const DEFAULT_USAGE: ChatUsage = { prompt_tokens: 11, completion_tokens: 7 };
/** Characters in one streamed piece: small enough that every answer comes in several. */
const PIECE_CHARS = 7;
/** Largest body that is read, in UTF-16 units. */
const MAX_BODY_CHARS = 8_000_000;

/** A running server; closing it ends every connection. */
export class ChatCompletionsServer implements AsyncDisposable {
  /** Requests in the order they came. */
  readonly requests: ChatRequest[] = [];
  /** Headers of the requests, in the same order. */
  readonly headers: IncomingMessage["headers"][] = [];
  readonly #server: Server;
  #script: ChatScript;
  #closed = 0;

  private constructor(script: ChatScript) {
    this.#script = script;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((err: unknown) => {
        response.destroy(err instanceof Error ? err : new Error(String(err)));
      });
    });
  }

  /** Starts a server on a free port of 127.0.0.1. */
  static async start(script: ChatScript): Promise<ChatCompletionsServer> {
    const server = new ChatCompletionsServer(script);
    await new Promise<void>((resolve) => {
      server.#server.listen(0, "127.0.0.1", resolve);
    });
    return server;
  }

  /** The base URL, as MODEL_BASE_URL wants it. */
  get baseUrl(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("The server is not listening.");
    return `http://127.0.0.1:${address.port}/v1`;
  }

  /** Requests whose caller went away before the answer. */
  get abandoned(): number {
    return this.#closed;
  }

  /** From now on answers come from this script. */
  answerWith(script: ChatScript): void {
    this.#script = script;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("close", () => {
      if (!response.writableFinished) this.#closed += 1;
    });
    if (request.method !== "POST" || request.url !== "/v1/chat/completions") return sendError(response, 404, "There is only POST /v1/chat/completions.");
    const parsed = chatRequest.safeParse(JSON.parse(await bodyOf(request)));
    if (!parsed.success) return sendError(response, 400, z.prettifyError(parsed.error));
    this.requests.push(parsed.data);
    this.headers.push(request.headers);
    const number = this.requests.length;
    return answer(response, parsed.data, await this.#script(parsed.data, number - 1), number);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  request.setEncoding("utf8");
  for await (const piece of request) {
    body += String(piece);
    if (body.length > MAX_BODY_CHARS) throw new RangeError("The body is too large.");
  }
  return body;
}

function answer(response: ServerResponse, request: ChatRequest, reply: ChatReply, number: number): void {
  switch (reply.kind) {
    case "silence":
      if (reply.endsAfterMs !== undefined) setTimeout(() => response.destroy(), reply.endsAfterMs);
      return;
    case "status":
      return sendError(response, reply.status, reply.message ?? `scripted ${reply.status}`, reply.retryAfterMs);
    case "raw":
      response.writeHead(200, { "content-type": reply.contentType ?? "application/json" });
      response.end(reply.body);
      return;
    case "break":
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(chunk(request, number, { role: "assistant", content: "cut" }))}\n\n`, () => response.destroy());
      return;
    case "text":
    case "tools":
      return request.stream === true ? stream(response, request, reply, number) : complete(response, request, reply, number);
    default:
      return reply satisfies never;
  }
}

function sendError(response: ServerResponse, status: number, message: string, retryAfterMs?: number): void {
  response.writeHead(status, { "content-type": "application/json", ...(retryAfterMs === undefined ? {} : { "retry-after-ms": String(retryAfterMs) }) });
  response.end(JSON.stringify({ error: { message, type: "scripted", code: String(status) } }));
}

type Answered = Extract<ChatReply, { kind: "text" | "tools" }>;

function toolCalls(
  reply: Extract<ChatReply, { kind: "tools" }>,
  number: number,
): { id: string; type: "function"; function: { name: string; arguments: string } }[] {
  return reply.calls.map(({ name, input }, at) => ({ id: `call_${number}_${at}`, type: "function", function: { name, arguments: JSON.stringify(input) } }));
}

function usageOf(reply: Answered): ChatUsage & { total_tokens: number } {
  const usage = reply.usage ?? DEFAULT_USAGE;
  return { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens };
}

const finishOf = (reply: Answered): string => (reply.kind === "text" ? "stop" : "tool_calls");

function complete(response: ServerResponse, request: ChatRequest, reply: Answered, number: number): void {
  const message =
    reply.kind === "text" ? { role: "assistant", content: reply.text } : { role: "assistant", content: null, tool_calls: toolCalls(reply, number) };
  const body = {
    id: `chatcmpl-${number}`,
    object: "chat.completion",
    created: 1_700_000_000 + number,
    model: request.model,
    choices: [{ index: 0, message, finish_reason: finishOf(reply) }],
    usage: usageOf(reply),
  };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function chunk(request: ChatRequest, number: number, delta: object, finish: string | null = null): object {
  return {
    id: `chatcmpl-${number}`,
    object: "chat.completion.chunk",
    created: 1_700_000_000 + number,
    model: request.model,
    choices: [{ index: 0, delta, finish_reason: finish }],
  };
}

function pieces(text: string): string[] {
  return Array.from({ length: Math.max(1, Math.ceil(text.length / PIECE_CHARS)) }, (_, at) => text.slice(at * PIECE_CHARS, (at + 1) * PIECE_CHARS));
}

function stream(response: ServerResponse, request: ChatRequest, reply: Answered, number: number): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (data: object): void => {
    response.write(`data: ${JSON.stringify(data)}\n\n`);
  };
  send(chunk(request, number, { role: "assistant", content: "" }));
  if (reply.kind === "text") for (const content of pieces(reply.text)) send(chunk(request, number, { content }));
  else {
    for (const [index, { id, type, function: called }] of toolCalls(reply, number).entries()) {
      send(chunk(request, number, { tool_calls: [{ index, id, type, function: { name: called.name, arguments: "" } }] }));
      for (const part of pieces(called.arguments)) send(chunk(request, number, { tool_calls: [{ index, function: { arguments: part } }] }));
    }
  }
  send(chunk(request, number, {}, finishOf(reply)));
  send({ ...chunk(request, number, {}), choices: [], usage: usageOf(reply) });
  response.end("data: [DONE]\n\n");
}
