/** The platform's edge as anybody on the network sees it: whatever headers and bodies one likes to send. */
import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { create, toJson, type DescMethod, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { SUBSCRIPTION_SUBPROTOCOLS } from "@factory/schemas/rpc";
import { WebSocket } from "ws";
import { connectAnswer, http, httpAnswer, jsonOf, TAKEN, type Answer } from "./answers.ts";

/** Longest wait for an answer, in milliseconds. */
const ANSWER_WITHIN_MS = 20_000;
/** Head of a message in a stream: a byte of flags and four of length. */
const FRAME_HEAD_BYTES = 5;
const END_OF_STREAM = 0b10;

type Headers = { readonly [name: string]: string };

/** An answer with its body as it came. */
export type Answered = { readonly status: number; readonly text: string };

/** Callers without a method of the generated client: nothing is added to what they say. */
export class Door {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Sends bytes. */
  async send(
    path: string,
    { method = "POST", headers = {}, body }: { readonly method?: string; readonly headers?: Headers; readonly body?: BodyInit },
  ): Promise<Answered> {
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const response = await fetch(`${this.url}${path}`, { method, headers, signal, redirect: "manual", ...(body === undefined ? {} : { body }) });
    return { status: response.status, text: await response.text() };
  }

  /** Posts a JSON value to a route that is no Connect method. @param authorization - the whole header, null for none */
  async post(path: string, body: unknown, authorization: string | null = null, headers: Headers = {}): Promise<Answer> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const { status, text: said } = await this.send(path, {
      body: text,
      headers: { "content-type": "application/json", ...headers, ...authorized(authorization) },
    });
    return httpAnswer(status, said);
  }

  /** Calls a Connect method. A stream's answer is that of its first message. @param authorization - the whole header, null for none */
  async connect<I extends DescMessage, O extends DescMessage>(
    method: DescMethod & { readonly input: I; readonly output: O },
    message: MessageInitShape<I>,
    authorization: string | null,
  ): Promise<Answer> {
    const { answer } = await this.connectWith(method, message, authorization);
    return answer;
  }

  /** As {@link Door.connect}, with the message that came. */
  async connectWith<I extends DescMessage, O extends DescMessage>(
    method: DescMethod & { readonly input: I; readonly output: O },
    message: MessageInitShape<I>,
    authorization: string | null,
  ): Promise<{ readonly answer: Answer; readonly message: unknown }> {
    const json = JSON.stringify(toJson(method.input, create(method.input, message)));
    if (method.methodKind !== "unary") return this.#stream(procedureOf(method), json, authorization);
    const headers = { "content-type": "application/json", ...authorized(authorization) };
    const { status, text } = await this.send(procedureOf(method), { body: json, headers });
    return status === 200 ? { answer: TAKEN, message: jsonOf(text) } : { answer: connectAnswer(jsonOf(text)), message: undefined };
  }

  /** Calls a Connect method with bytes of one's own. */
  async connectBytes(
    method: DescMethod,
    { binary, bytes }: { readonly binary: boolean; readonly bytes: Uint8Array },
    authorization: string | null,
  ): Promise<Answer> {
    const form = binary ? "proto" : "json";
    if (method.methodKind !== "unary") return (await this.#stream(procedureOf(method), bytes, authorization, `application/connect+${form}`)).answer;
    const headers = { "content-type": `application/${form}`, ...authorized(authorization) };
    const { status, text } = await this.send(procedureOf(method), { headers, body: Uint8Array.from(bytes) });
    if (status === 200) return TAKEN;
    const said = jsonOf(text);
    return said === undefined ? http(status, "no JSON") : connectAnswer(said);
  }

  async #stream(
    path: string,
    message: string | Uint8Array,
    authorization: string | null,
    type = "application/connect+json",
  ): Promise<{ readonly answer: Answer; readonly message: unknown }> {
    const enough = new AbortController();
    const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const headers = { "content-type": type, ...authorized(authorization) };
    const response = await fetch(`${this.url}${path}`, { method: "POST", headers, body: frameOf(message), signal });
    try {
      const { end, value } = await firstFrame(response);
      if (!end) return { answer: TAKEN, message: value };
      const error = typeof value === "object" && value !== null ? Reflect.get(value, "error") : undefined;
      return { answer: error === undefined ? TAKEN : connectAnswer(error), message: undefined };
    } finally {
      enough.abort();
    }
  }

  /** Asks GraphQL for something. */
  graphql(query: string, variables: object, authorization: string | null): Promise<Answer> {
    return this.post("/graphql", { query, variables }, authorization);
  }

  /** Subscribes over server-sent events: the code of the first error that comes, `OK` once something else did. */
  async subscribe(query: string, variables: object, authorization: string | null): Promise<Answer> {
    const enough = new AbortController();
    const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const headers = { "content-type": "application/json", accept: "text/event-stream", ...authorized(authorization) };
    const response = await fetch(`${this.url}/graphql/stream`, { method: "POST", headers, body: JSON.stringify({ query, variables }), signal });
    try {
      if (response.headers.get("content-type")?.includes("event-stream") !== true) return httpAnswer(response.status, await response.text());
      const data = await firstEvent(response);
      return data === undefined ? http(response.status, "ended") : httpAnswer(response.status, data);
    } finally {
      enough.abort();
    }
  }

  /** Opens a socket of `graphql-transport-ws` and subscribes: the code of the first error, or the code it was closed with. */
  socket(org: string, authorization: string | null, query: string, variables: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${this.url.replace(/^http/, "ws")}/graphql?org=${org}`, [SUBSCRIPTION_SUBPROTOCOLS[0]]);
      const late = setTimeout(() => reject(new Error("The socket said nothing.")), ANSWER_WITHIN_MS);
      const done = (answer: Answer): void => {
        clearTimeout(late);
        socket.terminate();
        resolve(answer);
      };
      const say = (message: object): void => socket.send(JSON.stringify(message));
      socket.on("open", () => say({ type: "connection_init", payload: authorized(authorization) }));
      socket.on("message", (data: Buffer) => {
        const { type, payload } = jsonOf(data.toString("utf8")) as { readonly type: string; readonly payload?: unknown };
        if (type === "connection_ack") say({ id: "1", type: "subscribe", payload: { query, variables } });
        else if (type === "error") done(httpAnswer(200, JSON.stringify({ errors: payload })));
        else if (type === "next") done(http(200, "OK"));
      });
      socket.on("close", (code, reason) => done(http(code, reason.toString("utf8"))));
      socket.on("error", reject);
    });
  }

  /** Opens a socket with headers of one's own: what the upgrade was answered. */
  upgrade(path: string, headers: Headers): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": randomBytes(16).toString("base64") };
      const request = httpRequest(`${this.url}${path}`, { headers: { ...upgrade, ...headers }, timeout: ANSWER_WITHIN_MS });
      request.on("upgrade", (response, socket) => {
        socket.destroy();
        resolve(http(response.statusCode ?? 0, "OK"));
      });
      request.on("response", (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
        response.on("end", () => resolve(httpAnswer(response.statusCode ?? 0, text)));
      });
      request.on("error", reject);
      request.end();
    });
  }
}

/** Path of a Connect method. */
export function procedureOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}

/** A message of a Connect stream. */
export function frameOf(message: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const payload = Buffer.from(message);
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
  frame.writeUInt32BE(payload.length, 1);
  payload.copy(frame, FRAME_HEAD_BYTES);
  return Uint8Array.from(frame);
}

/** The header of a credential; nothing without one. */
function authorized(authorization: string | null): Headers {
  return authorization === null ? {} : { authorization };
}

async function firstFrame(response: Response): Promise<{ readonly end: boolean; readonly value: unknown }> {
  let read = Buffer.alloc(0);
  for await (const chunk of response.body ?? []) {
    read = Buffer.concat([read, chunk]);
    if (read.length < FRAME_HEAD_BYTES) continue;
    const end = FRAME_HEAD_BYTES + read.readUInt32BE(1);
    if (read.length >= end) return { end: (read.readUInt8(0) & END_OF_STREAM) !== 0, value: jsonOf(read.subarray(FRAME_HEAD_BYTES, end).toString("utf8")) };
  }
  throw new Error(`The stream was answered ${response.status} and ended before its first message.`);
}

/** Data of the first event that has any. */
async function firstEvent(response: Response): Promise<string | undefined> {
  let read = "";
  for await (const chunk of response.body ?? []) {
    read += Buffer.from(chunk).toString("utf8");
    for (const event of read.split("\n\n").slice(0, -1)) {
      const data = event
        .split("\n")
        .find((line) => line.startsWith("data: "))
        ?.slice("data: ".length);
      if (data !== undefined && data !== "") return data;
    }
  }
  return undefined;
}
