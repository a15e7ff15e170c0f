import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readSigningJwk, signingKeysFor, verifyMessage } from "@factory/governance";
import { kvKey, SIGNATURE_ALGORITHMS, type HealthSummary } from "@factory/schemas";
import { afterEach, describe, expect, it } from "vitest";
import { MAX_SUBSCRIBERS, TOLD_TTL_MS } from "./desk.ts";
import { TELL_TIMEOUT_MS } from "./outbound.ts";
import { PARKED_REST_MS } from "./upkeep.ts";
import { anEscalation, aClosure, SignalsWorld } from "./testing/world.ts";

const ACTOR = { principalId: "dev", person: "dev", requestId: "r-1" };
const URL_1 = "https://we.example.com/told";
const URL_2 = "https://they.example.com/told";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** What a subscriber on this machine got. */
type Got = { readonly method: string; readonly contentType: string; readonly body: string };

/** A subscriber on a loopback port; `answer` says what it does with each call. */
async function aSubscriber(answer: (call: number, response: ServerResponse) => void): Promise<{ readonly url: string; readonly got: Got[] }> {
  const got: Got[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    got.push({ method: request.method ?? "", contentType: request.headers["content-type"] ?? "", body: Buffer.concat(chunks).toString() });
    answer(got.length, response);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`, got };
}

/** A world that tells the real network of this machine, signed with a real key. */
async function aTalkingWorld(): Promise<SignalsWorld> {
  const world = new SignalsWorld({ allowLoopback: true });
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("no key pair");
  const jwk = JSON.stringify({ ...(await crypto.subtle.exportKey("jwk", pair.privateKey)), kid: "out-1" });
  world.outbound = () => readSigningJwk(jwk, "OUTBOUND_SIGNING_KEY");
  world.fetch = (request) => fetch(request);
  return world;
}

/** What a receiver does with a message: it verifies it with the keys that the factory publishes. */
async function readAs(world: SignalsWorld, body: string) {
  const { payload, signature } = JSON.parse(body) as { payload: string; signature: { algorithm: string; value: string } };
  const { keys } = await world.signals.signingKeys();
  const published = signingKeysFor(
    "kernel",
    async (key) => {
      const jwk = keys.find(({ kid }) => kvKey.envelopeKey(kid) === key);
      const publicKey = Buffer.from(jwk?.x ?? "", "base64url").toString("base64");
      return jwk === undefined ? null : { keyId: jwk.kid, org: "acme", algorithm: "Ed25519", publicKey, uses: ["kernel"], status: "active" };
    },
    world.clock.now,
  );
  const algorithm = SIGNATURE_ALGORITHMS.find((known) => known === signature.algorithm) ?? "HMAC-SHA256";
  return verifyMessage(Buffer.from(payload, "base64"), { algorithm, value: Buffer.from(signature.value, "base64") }, published, world.clock.now());
}

describe("what is told outside", () => {
  it("reaches a subscriber that failed at first, signed anew, as one message that the published key verifies", async () => {
    const world = await aTalkingWorld();
    const { url, got } = await aSubscriber((call, response) => response.writeHead(call < 3 ? 503 : 204).end());
    expect(world.desk.putSubscriber(url, ACTOR)).toEqual({ ok: true, added: true });
    expect(await world.signals.tell("acme", "escalation:1", anEscalation())).toEqual({ ok: true });
    await world.settle();
    expect(got.map(({ method, contentType }) => `${method} ${contentType}`)).toEqual(Array.from({ length: 3 }, () => "POST application/json"));
    const last = await readAs(world, got[2]?.body ?? "");
    expect(last).toMatchObject({
      ok: true,
      message: { org: "acme", key_id: "out-1", source: { kernel_id: "factory", agent_id: "signal-desk" }, message: anEscalation() },
    });
    const ids = got.map(({ body }) => JSON.parse(Buffer.from(JSON.parse(body).payload, "base64").toString()).envelope_id);
    expect(new Set(ids).size).toBe(1);
    expect(world.desk.subscribers()).toMatchObject([{ url, pending: 0, lastError: null, lastDeliveredAt: expect.any(String), addedBy: "dev" }]);
  });

  it("does not follow a redirect, and reads nothing of an answer", async () => {
    const world = await aTalkingWorld();
    const elsewhere = await aSubscriber((_call, response) => response.writeHead(204).end());
    const { url, got } = await aSubscriber((call, response) => {
      if (call === 1) response.writeHead(307, { location: elsewhere.url }).end();
      else response.writeHead(200, { "content-type": "application/json" }).end("{ this is no JSON");
    });
    world.desk.putSubscriber(url, ACTOR);
    await world.signals.tell("acme", "escalation:1", anEscalation());
    await world.settle();
    expect(got).toHaveLength(2);
    expect(elsewhere.got).toEqual([]);
    expect(world.desk.subscribers()).toMatchObject([{ pending: 0, lastError: null }]);
  });

  it("gives up a call that hangs, and says why it waits", async () => {
    const world = new SignalsWorld();
    world.fetch = (request) =>
      new Promise((_resolve, reject) => {
        request.signal.addEventListener("abort", () => reject(new Error("aborted")));
        queueMicrotask(() => world.clock.advance(2 * TELL_TIMEOUT_MS));
      });
    world.desk.putSubscriber(URL_1, ACTOR);
    await world.signals.tell("acme", "escalation:1", anEscalation());
    await world.settle(1);
    expect(world.desk.subscribers()).toMatchObject([{ pending: 1 }]);
    world.fetch = async () => new Response(null, { status: 204 });
    await world.settle();
    expect(world.desk.subscribers()).toMatchObject([{ pending: 0 }]);
  });

  it("waits as long as a subscriber asks, and lets the others have theirs", async () => {
    const world = new SignalsWorld();
    for (const url of [URL_1, URL_2]) world.desk.putSubscriber(url, ACTOR);
    const calls: { readonly url: string; readonly at: number }[] = [];
    world.fetch = async ({ url }) => {
      calls.push({ url, at: world.clock.now() });
      const first = calls.filter((call) => call.url === url).length === 1;
      return url === URL_1 && first ? new Response("later", { status: 429, headers: { "retry-after": "120" } }) : new Response(null, { status: 202 });
    };
    const start = world.clock.now();
    await world.signals.tell("acme", "escalation:1", anEscalation());
    await world.settle();
    expect(calls.filter(({ url }) => url === URL_2)).toHaveLength(1);
    const again = calls.findLast(({ url }) => url === URL_1);
    expect((again?.at ?? 0) - start).toBeGreaterThanOrEqual(120_000);
  });

  it("is tried for days where a subscriber is away, also with another message behind it, and is then given up", async () => {
    const world = new SignalsWorld();
    world.desk.putSubscriber(URL_1, ACTOR);
    world.fetch = async () => new Response(null, { status: 500 });
    await world.signals.tell("acme", "escalation:1", anEscalation());
    await world.settle(40 * 60_000);
    expect(world.outbox.parked()).toHaveLength(1);
    await world.settle(PARKED_REST_MS);
    expect(world.desk.subscribers()).toMatchObject([{ pending: 1, lastError: "It answered 500." }]);
    world.clock.advance(TOLD_TTL_MS);
    await world.settle(2 * PARKED_REST_MS);
    expect(world.desk.subscribers()).toMatchObject([{ pending: 0 }]);
    expect(world.outbox.pending() + world.outbox.parked().length).toBe(0);
    expect(world.database.sql.exec("SELECT * FROM told").toArray()).toEqual([]);
  });

  it("is told once for an effect, and another content under the same effect is refused", async () => {
    const world = new SignalsWorld();
    world.desk.putSubscriber(URL_1, ACTOR);
    expect(await world.signals.tell("acme", "e-1", anEscalation())).toEqual({ ok: true });
    expect(await world.signals.tell("acme", "e-1", anEscalation())).toEqual({ ok: true });
    expect(await world.signals.tell("acme", "e-1", anEscalation({ openDivergenceCount: 2 }))).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
    await world.settle();
    expect(world.sent).toHaveLength(1);
  });

  it("is every kind of message, health and verdicts too", async () => {
    const world = await aTalkingWorld();
    const { url, got } = await aSubscriber((_call, response) => response.writeHead(204).end());
    world.desk.putSubscriber(url, ACTOR);
    const health: HealthSummary = { type: "HealthSummary", assemblies: [], producedAt: "2026-08-04T12:00:00.000Z" };
    const told = [anEscalation(), health, aClosure("DSP-00000000000000000000000001")];
    for (const [index, message] of told.entries()) await world.signals.tell("acme", `e-${index}`, message);
    await world.settle();
    const read = await Promise.all(got.map(async ({ body }) => readAs(world, body)));
    expect(read).toMatchObject(told.map((message) => ({ ok: true, message: { message } })));
  });

  it("is refused when it is no message or too large, and nothing is told", async () => {
    const world = new SignalsWorld();
    world.desk.putSubscriber(URL_1, ACTOR);
    const before = world.tables();
    expect(await world.signals.tell("acme", "e-1", { ...anEscalation(), extra: 1 } as never)).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    const divergenceIds = Array.from({ length: 256 }, (_, index) => `DIV-${String(index).padStart(26, "0")}`);
    const large = anEscalation({
      divergenceIds,
      hypothesisChain: divergenceIds.map((id) => id.replace("DIV", "HYP")),
      requestedAction: "€".repeat(16_384),
      producedBy: "x",
    });
    expect(await world.signals.tell("acme", "e-1", large)).toMatchObject({ ok: false, code: "TOO_LARGE" });
    expect(world.tables()).toBe(before);
  });

  it("waits while there is no key to sign it with", async () => {
    const world = new SignalsWorld();
    const { outbound } = world;
    world.outbound = () => readSigningJwk(undefined, "OUTBOUND_SIGNING_KEY");
    world.desk.putSubscriber(URL_1, ACTOR);
    await world.signals.tell("acme", "e-1", anEscalation());
    await world.settle(5_000);
    expect(world.sent).toEqual([]);
    expect(world.desk.subscribers()).toMatchObject([{ pending: 1, lastError: expect.stringContaining("OUTBOUND_SIGNING_KEY") }]);
    world.outbound = outbound;
    await world.settle();
    expect(world.sent).toHaveLength(1);
  });
});

describe("subscribers", () => {
  it("are known by their address, and the same one again changes nothing", () => {
    const { desk } = new SignalsWorld();
    expect(desk.putSubscriber("https://WE.example.com/told", ACTOR)).toEqual({ ok: true, added: true });
    expect(desk.putSubscriber(URL_1, ACTOR)).toEqual({ ok: true, added: false });
    expect(desk.subscribers().map(({ url }) => url)).toEqual([URL_1]);
    expect(desk.removeSubscriber("https://WE.example.com/told")).toEqual({ removed: true });
    expect(desk.removeSubscriber(URL_1)).toEqual({ removed: false });
  });

  it("are told no longer once they are removed, also what was on its way", async () => {
    const world = new SignalsWorld();
    world.desk.putSubscriber(URL_1, ACTOR);
    await world.signals.tell("acme", "e-1", anEscalation());
    world.desk.removeSubscriber(URL_1);
    await world.settle();
    expect(world.sent).toEqual([]);
    expect(world.outbox.pending()).toBe(0);
  });

  it("are outside: no address inside is taken, and none is called that was taken before", async () => {
    const inside = "http://127.0.0.1:9/told";
    expect(new SignalsWorld().desk.putSubscriber(inside, ACTOR)).toMatchObject({
      ok: false,
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("https"),
    });
    const world = new SignalsWorld();
    world.store.addSubscriber(inside, "dev", world.clock.now());
    await world.signals.tell("acme", "e-1", anEscalation());
    await world.settle(10_000);
    expect(world.sent).toEqual([]);
    expect(world.desk.subscribers()).toMatchObject([{ pending: 1, lastError: expect.stringContaining("not called") }]);
  });

  it("are so many at most", () => {
    const { desk } = new SignalsWorld();
    for (let n = 0; n < MAX_SUBSCRIBERS; n += 1) expect(desk.putSubscriber(`${URL_1}/${n}`, ACTOR)).toMatchObject({ ok: true });
    expect(desk.putSubscriber(URL_1, ACTOR)).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    expect(desk.putSubscriber(`${URL_1}/0`, ACTOR)).toEqual({ ok: true, added: false });
  });
});
