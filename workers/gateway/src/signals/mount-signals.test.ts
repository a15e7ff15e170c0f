import { MemoryLog } from "@factory/durable/testing";
import { refuse } from "@factory/schemas";
import type { SignedMessage } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import type { AppEnv } from "../app.ts";
import { Call } from "../call.ts";
import { MESSAGE_MAX_BYTES, mountSignals, SIGNAL_MAX_BYTES, SIGNING_KEYS_PATH } from "./mount-signals.ts";

type Governance = Parameters<typeof mountSignals>[1]["governance"];
type Taken = { readonly token?: string; readonly body?: Uint8Array; readonly kind?: string; readonly message?: SignedMessage };

const RECEIPT = {
  signalType: "ResumeSignal",
  dispositionEventId: "DSP-00000000000000000000000001",
  repeated: false,
  acceptedAt: "2026-08-04T12:00:00.000Z",
} as const;
const KEYS = { keys: [{ kty: "OKP", crv: "Ed25519", x: "x", kid: "out-1", alg: "EdDSA", use: "sig" }] } as const;

/** The routes with a governance Worker that keeps what it is handed and answers as a test says. */
function aDoor(answers: Partial<Pick<Governance, "receiveSignal" | "receiveMessage" | "signingKeys">> = {}, admitted = true) {
  const taken: Taken[] = [];
  const counted: string[] = [];
  const log = new MemoryLog();
  const governance: Pick<Governance, "receiveSignal" | "receiveMessage" | "signingKeys"> = {
    receiveSignal: async (token, body) => {
      taken.push({ token, body });
      return (await answers.receiveSignal?.(token, body)) ?? { ok: true, receipt: RECEIPT };
    },
    receiveMessage: async (kind, message) => {
      taken.push({ kind, message });
      return (await answers.receiveMessage?.(kind, message)) ?? { ok: true, id: "ESC-1", repeated: false };
    },
    signingKeys: async () => (await answers.signingKeys?.()) ?? KEYS,
  };
  const app = new Hono<AppEnv>();
  app.use(async (c, next) => {
    c.set("requestId", "request-1");
    await next();
  });
  const admitAddressCall = async (address: string) => {
    counted.push(address);
    return admitted;
  };
  mountSignals(app, { governance, admitAddressCall }, (op, requestId) => new Call(op, requestId, log, () => 0));
  const post = async (path: string, body: BodyInit, headers: Record<string, string> = {}) =>
    app.request(path, { method: "POST", body, headers: { "cf-connecting-ip": "192.0.2.7", ...headers } });
  return { app, post, taken, counted, log };
}

const BEARER = { authorization: "Bearer token-1" };
const aMessage = (change: object = {}) =>
  JSON.stringify({ payload: Buffer.from("{}").toString("base64"), signature: { algorithm: "Ed25519", value: Buffer.alloc(64).toString("base64") }, ...change });

describe("POST /signals", () => {
  it("answers 202 with the receipt, and the same again with `repeated`", async () => {
    const door = aDoor();
    const first = await door.post("/signals", "{}", BEARER);
    expect(first.status).toBe(202);
    expect(await first.json()).toEqual({ ok: true, ...RECEIPT });
    expect(door.taken).toEqual([{ token: "token-1", body: new TextEncoder().encode("{}") }]);
    const again = await aDoor({ receiveSignal: async () => ({ ok: true, receipt: { ...RECEIPT, repeated: true } }) }).post("/signals", "{}", BEARER);
    expect([again.status, await again.json()]).toEqual([202, { ok: true, ...RECEIPT, repeated: true }]);
  });

  it.each([
    ["UNAUTHENTICATED", 401, "never"],
    ["PERMISSION_DENIED", 403, "never"],
    ["POLICY_DENIED", 403, "never"],
    ["INVALID_ARGUMENT", 400, "never"],
    ["SIGNAL_MISMATCH", 400, "never"],
    ["TOO_LARGE", 413, "never"],
    ["NOT_FOUND", 404, "never"],
    ["ELUCIDATION_UNKNOWN", 412, "never"],
    ["FAILED_PRECONDITION", 412, "never"],
    ["TOKEN_REPLAYED", 409, "never"],
    ["ALREADY_EXISTS", 409, "never"],
    ["UNAVAILABLE", 503, "later"],
  ] as const)("answers a refusal with %s by %d", async (code, status, retry) => {
    const door = aDoor({ receiveSignal: async () => refuse(code, "Why.") });
    const answer = await door.post("/signals", "{}", BEARER);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ code, message: "Why.", suggestion: expect.any(String), retry, request_id: "request-1" });
    expect(door.log.of("gateway.signals")).toMatchObject([{ outcome: "refused", fields: { code } }]);
  });

  it.each([undefined, "", "Bearer", "Basic abc", "Bearer a b"])("is not for the header %j, and nobody is asked", async (authorization) => {
    const door = aDoor();
    const answer = await door.post("/signals", "{}", authorization === undefined ? {} : { authorization });
    expect([answer.status, await answer.json<{ code: string }>()]).toMatchObject([401, { code: "UNAUTHENTICATED" }]);
    expect(door.taken).toEqual([]);
  });

  it("takes 64 KiB and not a byte more", async () => {
    const door = aDoor();
    expect((await door.post("/signals", "x".repeat(SIGNAL_MAX_BYTES), BEARER)).status).toBe(202);
    const answer = await door.post("/signals", "x".repeat(SIGNAL_MAX_BYTES + 1), BEARER);
    expect([answer.status, await answer.json<{ code: string }>()]).toMatchObject([413, { code: "TOO_LARGE" }]);
    expect(door.taken).toHaveLength(1);
  });

  it("counts each call by its address, and asks nobody for one too many", async () => {
    const door = aDoor({}, false);
    const answer = await door.post("/signals", "{}", BEARER);
    expect([answer.status, answer.headers.get("retry-after"), await answer.json<{ code: string }>()]).toMatchObject([429, "60", { code: "RATE_LIMITED" }]);
    expect(door.counted).toEqual(["signals:192.0.2.7"]);
    expect(door.taken).toEqual([]);
  });

  it("says to come again when the Worker behind it is away, and tells nothing of it", async () => {
    const door = aDoor({ receiveSignal: () => Promise.reject(new Error("stack of a secret")) });
    const answer = await door.post("/signals", "{}", BEARER);
    const text = await answer.text();
    expect(answer.status).toBe(503);
    expect(text).not.toContain("secret");
    expect(door.log.of("gateway.signals")).toMatchObject([{ outcome: "failed", fields: { error: "stack of a secret" } }]);
  });

  it("is for posting only", async () => {
    expect((await aDoor().app.request("/signals")).status).toBe(404);
  });
});

describe.each([
  ["/escalations", "EscalationEvent"],
  ["/vcrs", "VerdictClosureRecord"],
])("POST %s", (path, kind) => {
  it("hands on the exact bytes and the signature", async () => {
    const door = aDoor();
    const answer = await door.post(path, aMessage({ payload: Buffer.from([0, 255, 10]).toString("base64") }));
    expect([answer.status, await answer.json()]).toEqual([202, { ok: true, id: "ESC-1", repeated: false }]);
    expect(door.taken).toEqual([{ kind, message: { payload: new Uint8Array([0, 255, 10]), algorithm: "Ed25519", signature: new Uint8Array(64) } }]);
  });

  it.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no payload", JSON.stringify({ signature: { algorithm: "Ed25519", value: "AA==" } })],
    ["a field that nobody knows", aMessage({ extra: 1 })],
    ["a field of the signature that nobody knows", aMessage({ signature: { algorithm: "Ed25519", value: "AA==", signed_at: "now" } })],
    ["what is no base64", aMessage({ payload: "%%%" })],
    ["base64 of URLs", aMessage({ payload: "__--" })],
  ])("refuses %s with 400, and nobody is asked", async (_what, body) => {
    const door = aDoor();
    const answer = await door.post(path, body);
    expect([answer.status, await answer.json<{ code: string }>()]).toMatchObject([400, { code: "INVALID_ARGUMENT" }]);
    expect(door.taken).toEqual([]);
  });

  it("bounds the body", async () => {
    const answer = await aDoor().post(path, "x".repeat(MESSAGE_MAX_BYTES + 1));
    expect(answer.status).toBe(413);
  });

  it.each([
    ["SIGNATURE_INVALID", 401],
    ["ENVELOPE_STALE", 400],
    ["ENVELOPE_NOT_CANONICAL", 400],
    ["ALREADY_EXISTS", 409],
    ["ELUCIDATION_UNKNOWN", 412],
  ] as const)("answers %s by %d", async (code, status) => {
    const door = aDoor({ receiveMessage: async () => refuse(code) });
    const answer = await door.post(path, aMessage());
    expect([answer.status, await answer.json<{ code: string }>()]).toMatchObject([status, { code }]);
  });
});

describe("the published signing keys", () => {
  it("are there for everybody, to be kept for five minutes", async () => {
    const answer = await aDoor().app.request(SIGNING_KEYS_PATH);
    expect([answer.status, answer.headers.get("cache-control"), await answer.json()]).toEqual([200, "public, max-age=300", KEYS]);
  });

  it("are away with the Worker that has them", async () => {
    const answer = await aDoor({ signingKeys: () => Promise.reject(new Error("no key")) }).app.request(SIGNING_KEYS_PATH);
    expect([answer.status, await answer.json<{ code: string }>()]).toMatchObject([503, { code: "UNAVAILABLE" }]);
  });
});

describe("whatever is sent", () => {
  it("is answered with what it is, never with a failure of ours", async () => {
    const door = aDoor({ receiveSignal: async () => refuse("UNAUTHENTICATED"), receiveMessage: async () => refuse("SIGNATURE_INVALID") });
    const path = fc.constantFrom("/signals", "/escalations", "/vcrs");
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.jsonValue().map((value) => aMessage({ payload: value })),
      fc.jsonValue().map((value) => aMessage({ signature: value })),
    );
    const authorization = fc.oneof(fc.constant("Bearer x"), fc.string({ unit: fc.constantFrom(..."aB0 ._-=:") }));
    await fc.assert(
      fc.asyncProperty(path, body, authorization, async (where, text, header) => {
        const answer = await door.post(where, text, { authorization: header });
        expect([400, 401, 413]).toContain(answer.status);
        expect(await answer.json()).toMatchObject({ code: expect.any(String), suggestion: expect.any(String), request_id: "request-1" });
      }),
      { numRuns: 300 },
    );
  });
});
