/** What every client may rely on at the public port, whatever stands behind the gateway. */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromJson, toJsonString, type JsonValue } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import * as overNode from "@connectrpc/connect-node";
import * as overFetch from "@connectrpc/connect-web";
import { sha256Hex } from "@factory/schemas";
import {
  CancelSessionRequestSchema,
  ErrorDetailSchema,
  FactoryDelivery,
  FactoryGateway,
  SessionEventKind,
  SubmitSessionRequestSchema,
  SubmitSessionResponseSchema,
  type SessionEvent,
  type SubmitSessionRequest,
} from "@factory/schemas/proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anEnvelope, signed, type Credentials } from "./builders.ts";

/** Absolute path of the repository. */
export const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "..");

/** A gateway at a port, an order that it completes, and how to end it. */
export type EdgeUnderTest = { readonly url: string; readonly credentials: Credentials; readonly order: string; stop(): Promise<void> };

/** Longest a session of the order may take, in milliseconds. */
const SESSION_DEADLINE_MS = 100_000;

const authorize =
  (apiKey: string): Interceptor =>
  (next) =>
  (request) => {
    request.header.set("authorization", `Bearer ${apiKey}`);
    return next(request);
  };

/** The generated clients' transports, by name. */
const TRANSPORTS: { readonly [name: string]: (baseUrl: string, interceptors: Interceptor[]) => Transport } = {
  "connect-node, Connect, binary": (baseUrl, interceptors) =>
    overNode.createConnectTransport({ baseUrl, interceptors, httpVersion: "1.1", useBinaryFormat: true }),
  "connect-node, Connect, JSON, gzip": (baseUrl, interceptors) =>
    overNode.createConnectTransport({
      baseUrl,
      interceptors,
      httpVersion: "1.1",
      useBinaryFormat: false,
      sendCompression: overNode.compressionGzip,
      compressMinBytes: 0,
    }),
  "connect-node, gRPC-Web": (baseUrl, interceptors) => overNode.createGrpcWebTransport({ baseUrl, interceptors, httpVersion: "1.1" }),
  "connect-web, Connect, JSON": (baseUrl, interceptors) => overFetch.createConnectTransport({ baseUrl, interceptors }),
  "connect-web, Connect, binary": (baseUrl, interceptors) => overFetch.createConnectTransport({ baseUrl, interceptors, useBinaryFormat: true }),
  "connect-web, gRPC-Web": (baseUrl, interceptors) => overFetch.createGrpcWebTransport({ baseUrl, interceptors }),
};

/** Declares the contract as tests against the gateway that `start` gives. */
export function edgeContract(name: string, start: () => Promise<EdgeUnderTest>): void {
  describe(`at ${name}`, () => {
    let edge: EdgeUnderTest;
    beforeAll(async () => {
      edge = await start();
    });
    afterAll(() => edge?.stop());

    const transport = (kind: string, apiKey: string = edge.credentials.apiKey): Transport => {
      const make = TRANSPORTS[kind];
      if (make === undefined) throw new Error(`No transport ${kind}.`);
      return make(edge.url, [authorize(apiKey)]);
    };
    const request = async (): Promise<SubmitSessionRequest> => {
      const envelope = anEnvelope({ payload: { workOrder: edge.order, files: [], config: {} } });
      return create(SubmitSessionRequestSchema, { envelope: await signed(envelope, edge.credentials.signingKey) });
    };

    describe.each(Object.keys(TRANSPORTS))("a generated client over %s", (kind) => {
      it("submits, follows to the end, resumes and takes what was made", { timeout: SESSION_DEADLINE_MS }, async () => {
        const gateway = createClient(FactoryGateway, transport(kind));
        const events: SessionEvent[] = [];
        for await (const { event } of gateway.submitSession(await request())) if (event !== undefined) events.push(event);
        expectWholeSession(events);

        const sessionId = events[0]?.sessionId ?? "";
        const later: bigint[] = [];
        for await (const { event } of gateway.resumeStream({ sessionId, fromSequence: 2n })) if (event !== undefined) later.push(event.seq);
        expect(later).toEqual(events.slice(2).map((event) => event.seq));

        const delivery = createClient(FactoryDelivery, transport(kind));
        const files = new Map<string, { readonly sha256: string; readonly chunks: Uint8Array[] }>();
        for await (const { path, sha256, data } of delivery.getDeliverable({ sessionId })) {
          files.set(path, { sha256, chunks: [...(files.get(path)?.chunks ?? []), data] });
        }
        expect(files.size).toBeGreaterThan(0);
        expect([...files.keys()]).toEqual([...files.keys()].sort());
        for (const { sha256, chunks } of files.values()) expect(sha256Hex(Buffer.concat(chunks))).toBe(sha256);
        const evidence = await delivery.getEvidence({ sessionId });
        expect(sha256Hex(evidence.package)).toBe(evidence.sha256);
      });

      it("reads codes and details of errors, on calls and on streams", async () => {
        const gateway = createClient(FactoryGateway, transport(kind));
        const absent = { sessionId: "SES-0123456789ABCDEFGHJKMNPQRS" };
        for (const run of [() => gateway.cancelSession(absent), () => drain(gateway.resumeStream(absent))]) {
          expect(await refusalOf(run)).toEqual({ code: Code.NotFound, detail: "NOT_FOUND" });
        }
        const stranger = createClient(FactoryGateway, transport(kind, `fk_nobody_${"x".repeat(43)}`));
        for (const run of [() => stranger.cancelSession(absent), () => drain(stranger.resumeStream(absent))]) {
          expect(await refusalOf(run)).toEqual({ code: Code.Unauthenticated, detail: "UNAUTHENTICATED" });
        }
      });

      it("is told of a message over the limit, not cut off", async () => {
        const gateway = createClient(FactoryGateway, transport(kind));
        const payload = new Uint8Array(13 * 1_048_576).fill(0x20);
        crypto.getRandomValues(payload.subarray(0, 65_536));
        // Not compressible, or gzip would bring it under the limit of the wire and over that of the message.
        for (let at = 65_536; at < payload.length; at *= 2) payload.copyWithin(at, 0, Math.min(at, payload.length - at));
        expect(await refusalOf(() => drain(gateway.submitSession({ envelope: { payload } })))).toEqual({ code: Code.ResourceExhausted, detail: "TOO_LARGE" });
      });
    });

    it.each([["connect"], ["grpcweb"]])("is called by buf curl over %s", { timeout: SESSION_DEADLINE_MS }, async (protocol) => {
      const answer = await bufCurl(edge, protocol, "FactoryGateway/SubmitSession", toJsonString(SubmitSessionRequestSchema, await request()));
      expect(answer.code, answer.stderr).toBe(0);
      const events = jsonObjects(answer.stdout).map((json) => fromJson(SubmitSessionResponseSchema, json).event);
      expectWholeSession(events.flatMap((event) => (event === undefined ? [] : [event])));

      const refused = await bufCurl(
        edge,
        protocol,
        "FactoryGateway/CancelSession",
        toJsonString(CancelSessionRequestSchema, create(CancelSessionRequestSchema, { sessionId: "SES-none" })),
      );
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain("not_found");
    });

    it("answers any other path with 404, whatever its body", async () => {
      const missing = await fetch(`${edge.url}/factory.v1.FactoryGateway/Nothing`, { method: "POST", body: new Uint8Array(2 * 1_048_576) });
      expect(missing.status).toBe(404);
      expect(await missing.json()).toMatchObject({ code: "unimplemented" });
    });

    it("answers garbage as the protocol says", async () => {
      const post = (headers: { [name: string]: string }, body: string): Promise<Response> =>
        fetch(`${edge.url}/factory.v1.FactoryGateway/CancelSession`, {
          method: "POST",
          headers: { authorization: `Bearer ${edge.credentials.apiKey}`, ...headers },
          body,
        });
      const garbage = await post({ "content-type": "application/json" }, "not json");
      expect(garbage.status).toBe(400);
      expect(await garbage.json()).toMatchObject({ code: "invalid_argument", details: [{ type: "factory.v1.ErrorDetail" }] });
      expect((await post({ "content-type": "text/plain" }, "hello")).status).toBe(415);
      expect((await post({ "content-type": "application/json", "content-encoding": "br" }, "x")).status).toBe(501);
    });

    it("says who is well and which version answers, with a request id on each", async () => {
      const health = await fetch(`${edge.url}/health`, { headers: { "x-request-id": "req-1" } });
      expect(await health.json()).toMatchObject({ ok: true, failing: [] });
      expect(health.headers.get("x-request-id")).toBe("req-1");
      const version = await fetch(`${edge.url}/version`);
      expect(await version.json()).toMatchObject({ name: "factory" });
      expect(version.headers.get("x-request-id")).toMatch(/.{8}/);
    });
  });
}

function expectWholeSession(events: readonly SessionEvent[]): void {
  expect(events[0]?.kind).toBe(SessionEventKind.SESSION_SUBMITTED);
  expect(events.at(-1)?.kind).toBe(SessionEventKind.SESSION_COMPLETED);
  expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => BigInt(index + 1)));
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

async function refusalOf(run: () => Promise<unknown>): Promise<{ code: Code; detail: string | undefined }> {
  try {
    await run();
  } catch (err) {
    const refusal = ConnectError.from(err);
    return { code: refusal.code, detail: refusal.findDetails(ErrorDetailSchema)[0]?.code };
  }
  throw new Error("The call succeeded.");
}

type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs a program to its end with text on its standard input. */
export function run(command: string, args: readonly string[], { input = "", env = process.env, cwd = REPOSITORY } = {}): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(input);
  });
}

/** Calls a method with `buf curl`, the request on its standard input. */
export function bufCurl({ url, credentials }: Pick<EdgeUnderTest, "url" | "credentials">, protocol: string, method: string, body: string): Promise<Finished> {
  const buf = join(REPOSITORY, "node_modules", ".bin", "buf");
  return run(
    buf,
    ["curl", "--schema", "proto", "--protocol", protocol, "-H", `Authorization: Bearer ${credentials.apiKey}`, "-d", "@-", `${url}/factory.v1.${method}`],
    { input: body },
  );
}

/** JSON objects that were printed one after another, over several lines each. */
export function jsonObjects(text: string): JsonValue[] {
  return text
    .split(/(?<=^\})\n/m)
    .filter((part) => part.trim() !== "")
    .map((part) => JSON.parse(part) as JsonValue);
}
