import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { newApiKey } from "@factory/governance";
import { kvKey, objectName, subscriberShardOf } from "@factory/schemas";
import {
  CONNECTION_HEADER,
  encodeConnection,
  GRAPHQL_STREAM_PATH,
  GRAPHQL_TRANSPORT_WS_SUBPROTOCOL,
  type LogAddress,
  type SubscriptionConnection,
} from "@factory/schemas/rpc";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { CLOSE, SUBSCRIPTION_LIMITS } from "../subscription-limits.ts";
import { TestClient } from "../testing/client.ts";
import { EventSourceReader } from "../testing/event-source.ts";
import { aSession, kinds, range, stubOf, type LogDouble } from "../testing/session-log.ts";

const SESSION_EVENTS = `subscription ($sessionId: ID!, $afterSeq: Int) {
  sessionEvents(sessionId: $sessionId, afterSeq: $afterSeq) { events { seq kind occurredAt payload } lastSeq }
}`;
const BEAD_UPDATES = `subscription ($runId: ID!, $afterSeq: Int) { beadUpdates(runId: $runId, afterSeq: $afterSeq) { events { seq } lastSeq } }`;
const ARTIFACT_WRITES = `subscription ($assemblyId: ID!, $afterSeq: Int) { artifactWrites(assemblyId: $assemblyId, afterSeq: $afterSeq) { events { seq sessionId } lastSeq } }`;

type Who = Partial<Omit<SubscriptionConnection, "org">>;

const headerOf = (org: string, { principalId = "ci", connectionId = "c1" }: Who): string =>
  encodeConnection({ org, principalId, scopes: principalId === null ? [] : ["session:read"], connectionId });

async function upgrade(org: string, who: Who = {}): Promise<Response> {
  return exports.default.fetch("https://graphql/subscriptions", {
    headers: { upgrade: "websocket", "sec-websocket-protocol": GRAPHQL_TRANSPORT_WS_SUBPROTOCOL, [CONNECTION_HEADER]: headerOf(org, who) },
  });
}

/** A socket that has said nothing yet. */
async function open(org: string, who: Who = {}) {
  const { webSocket, headers } = await upgrade(org, who);
  if (!webSocket) throw new Error("The upgrade was refused.");
  expect(headers.get("sec-websocket-protocol")).toBe(GRAPHQL_TRANSPORT_WS_SUBPROTOCOL);
  webSocket.accept();
  const shard = subscriberShardOf(who.principalId === undefined ? "ci" : (who.principalId ?? ""), who.connectionId ?? "c1");
  return { client: new TestClient(webSocket), shard, stub: stubOf(org, shard) };
}

/** A socket whose connection is acknowledged. */
async function connect(org: string, who: Who = {}) {
  const opened = await open(org, who);
  opened.client.send({ type: "connection_init" });
  await opened.client.until(({ frames }) => frames.at(-1)?.type === "connection_ack");
  return opened;
}

const subscribe = (client: TestClient, id: string, query: string, variables: object): void =>
  client.send({ type: "subscribe", id, payload: { query, variables } });

/** A client that follows a session's log from its beginning. */
async function aFollower(org: string, events = 3) {
  const session = aSession(org);
  await session.log.put(kinds(events));
  const opened = await connect(org);
  subscribe(opened.client, "a", SESSION_EVENTS, { sessionId: session.sessionId });
  await opened.client.untilSeq("a", events);
  await expect.poll(async () => (await session.log.state()).sinks[opened.shard]).toBe(events);
  return { ...session, ...opened };
}

/** A key of an org, stored where the gateway's keys are. */
async function aKey(org: string, scopes: readonly ["session:read"] | readonly ["session:submit"] = ["session:read"]): Promise<string> {
  const key = newApiKey(org, "browser", scopes, Date.now());
  await env.CONFIG.put(key.storageKey, JSON.stringify(key.record));
  return key.apiKey;
}

beforeAll(async () => {
  await env.DB.prepare("CREATE TABLE IF NOT EXISTS sessions (session_id TEXT, org TEXT, assembly TEXT)").run();
  await env.DB.prepare("CREATE TABLE IF NOT EXISTS session_views (session_id TEXT, org TEXT, run_id TEXT)").run();
});

describe("a socket that proves itself in its first message", () => {
  test("is sent what it subscribes to, through evictions, as the principal of its key", async () => {
    const { log, sessionId, push } = aSession("gql-browser");
    await log.put(kinds(2));
    const { client, shard, stub } = await open("gql-browser", { principalId: null });
    client.send({ type: "connection_init", payload: { authorization: `Bearer ${await aKey("gql-browser")}` } });
    await client.until(({ frames }) => frames.at(-1)?.type === "connection_ack");
    subscribe(client, "a", SESSION_EVENTS, { sessionId, afterSeq: 1 });
    await client.untilSeq("a", 2);
    await expect.poll(async () => (await log.state()).sinks[shard]).toBe(2);
    await evictDurableObject(stub, { webSockets: "hibernate" });
    await log.put(kinds(1));
    await push(shard);
    await client.untilSeq("a", 3);
    expect(client.seqs("a")).toEqual([2, 3]);
    expect(client.frames.at(-1)).toMatchObject({
      type: "next",
      id: "a",
      payload: { data: { sessionEvents: { events: [{ seq: 3, kind: "COMPILATION_STARTED", payload: { reason: "e3" } }], lastSeq: 3 } } },
    });
    await runInDurableObject(stub, async (_instance, state) => {
      const [socket] = state.getWebSockets(GRAPHQL_TRANSPORT_WS_SUBPROTOCOL);
      expect(socket?.deserializeAttachment()).toMatchObject({ version: 2, settled: true, principal: { id: "browser", scopes: ["session:read"] } });
    });
  });

  test("is closed for a key of another org, one without the scope, and none", async () => {
    const keys = [await aKey("gql-other"), await aKey("gql-own", ["session:submit"]), "fk_gql-own_none"];
    for (const [index, apiKey] of keys.entries()) {
      const { client } = await open("gql-own", { principalId: null, connectionId: `c${index}` });
      client.send({ type: "connection_init", payload: { apiKey } });
      await client.until(({ closed }) => closed !== undefined);
      expect(client.closed?.code).toBe(CLOSE.FORBIDDEN);
      expect(client.frames).toEqual([]);
    }
  });

  test("may prove itself by a token of its organisation's issuer", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const issuer = "https://login.gql-oidc.test/";
    const jwksUri = `${issuer}keys`;
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" }] };
    const put = (key: string, record: object): Promise<void> => env.CONFIG.put(key, JSON.stringify(record));
    await put(kvKey.oidcIssuer(issuer), { issuer, audience: "factory", jwksUri, org: "gql-oidc" });
    // As another isolate has kept it; nothing is fetched.
    await put(kvKey.jwks(issuer), { jwksUri, fetchedAt: Date.now(), jwks });
    await put(kvKey.memberBySubject("gql-oidc", "sub-ana"), { memberId: "ana", org: "gql-oidc", roles: ["viewer"], status: "active" });
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .setIssuer(issuer)
      .setAudience("factory")
      .setSubject("sub-ana")
      .setIssuedAt()
      .setExpirationTime("1m")
      .sign(privateKey);
    const { client, stub } = await open("gql-oidc", { principalId: null });
    client.send({ type: "connection_init", payload: { authorization: `Bearer ${token}` } });
    await client.until(({ frames }) => frames.at(-1)?.type === "connection_ack");
    await runInDurableObject(stub, async (_instance, state) => {
      const [socket] = state.getWebSockets(GRAPHQL_TRANSPORT_WS_SUBPROTOCOL);
      expect(socket?.deserializeAttachment()).toMatchObject({ principal: { id: "ana", scopes: ["session:read"] } });
    });
    const { client: elsewhere } = await open("gql-own", { principalId: null, connectionId: "c-oidc" });
    elsewhere.send({ type: "connection_init", payload: { authorization: `Bearer ${token}` } });
    await elsewhere.until(({ closed }) => closed !== undefined);
    expect(elsewhere.closed?.code).toBe(CLOSE.FORBIDDEN);
  });

  test("is closed when policy does not let it read, with as much of the reason as a frame holds", async () => {
    const { client } = await open("gql-denied", { principalId: null });
    client.send({ type: "connection_init", payload: { apiKey: await aKey("gql-denied") } });
    await client.until(({ closed }) => closed !== undefined);
    expect(client.closed).toMatchObject({ code: CLOSE.FORBIDDEN, reason: expect.stringContaining("Forbidden: Nobody reads here   it is Sunday") });
    expect(client.closed?.reason.length).toBe(123);
  });

  test("of the shards of nobody is closed whatever it says", async () => {
    const { client } = await open("_", { principalId: null });
    client.send({ type: "connection_init", payload: { apiKey: await aKey("gql-some") } });
    await client.until(({ closed }) => closed !== undefined);
    expect(client.closed).toEqual({ code: CLOSE.FORBIDDEN, reason: "Forbidden: The call carries no valid credential." });
  });

  test("is closed when it says nothing in time", async () => {
    const { client, stub } = await open("gql-silent", { principalId: null });
    await client.until(({ closed }) => closed !== undefined);
    expect(client.closed).toEqual({ code: CLOSE.INIT_TIMEOUT, reason: "Connection initialisation timeout" });
    await runInDurableObject(stub, async (_instance, state) => expect(state.getWebSockets()).toEqual([]));
  });

  test("gets one of few places", async () => {
    const limit = SUBSCRIPTION_LIMITS.unprovedPerShard;
    const ids = range(0, limit * 12)
      .map(String)
      .filter((id) => subscriberShardOf("", id) === 0);
    await Promise.all(ids.slice(0, limit).map((connectionId) => open("gql-crowd", { principalId: null, connectionId })));
    const refused = await upgrade("gql-crowd", { principalId: null, connectionId: ids[limit] ?? "" });
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: "RATE_LIMITED", message: expect.stringContaining(String(limit)) });
  });
});

describe("graphql-transport-ws on sockets that hibernate", () => {
  test("1 000 events through 20 evictions, half of which close the socket, come without a gap and without a repeat", async () => {
    const { log, push, sessionId, org, ...first } = await aFollower("gql-evicted", 1);
    let { client, shard, stub } = first;
    const seqs: number[] = [];
    let sockets = 1;
    for (let round = 0; round < 20; round++) {
      const closes = round % 2 === 1;
      await log.put(kinds(20));
      await push(shard);
      await evictDurableObject(stub, { webSockets: closes ? "close" : "hibernate" });
      await log.put(kinds(round === 19 ? 29 : 30));
      await push(shard);
      if (closes) {
        await client.until(({ closed }) => closed !== undefined);
        seqs.push(...client.seqs("a"));
        ({ client, shard, stub } = await connect(org, { connectionId: `c${(sockets += 1)}` }));
        subscribe(client, "a", SESSION_EVENTS, { sessionId, afterSeq: seqs.at(-1) ?? 0 });
        const tip = (round + 1) * 50 + (round === 19 ? 0 : 1);
        await client.untilSeq("a", tip);
        const on = shard;
        await expect.poll(async () => (await log.state()).sinks[on]).toBe(tip);
      }
    }
    await client.untilSeq("a", 1_000);
    seqs.push(...client.seqs("a"));
    expect(seqs).toEqual(range(0, 1_000));
    expect(sockets).toBe(11);
  });

  test("another org's session, run and assembly do not exist", async () => {
    const foreign = aSession("gql-owner");
    await foreign.log.put(["BEAD_CLAIMED", "COMPILATION_STARTED", "BEAD_CLAIMED"]);
    await env.DB.prepare("INSERT INTO sessions (session_id, org, assembly) VALUES (?, 'gql-owner', 'pricing')").bind(foreign.sessionId).run();
    await env.DB.prepare("INSERT INTO session_views (session_id, org, run_id) VALUES (?, 'gql-owner', 'RUN-1')").bind(foreign.sessionId).run();
    const [stranger, owner] = [await connect("gql-stranger"), await connect("gql-owner")];
    for (const { client } of [stranger, owner]) {
      subscribe(client, "session", SESSION_EVENTS, { sessionId: foreign.sessionId });
      subscribe(client, "run", BEAD_UPDATES, { runId: "RUN-1" });
      subscribe(client, "assembly", ARTIFACT_WRITES, { assemblyId: "pricing" });
    }
    await stranger.client.until(({ frames }) => frames.filter(({ type }) => type === "error").length === 3);
    expect(stranger.client.frames.slice(1).map(({ type, code }) => [type, code])).toEqual(Array.from({ length: 3 }, () => ["error", "NOT_FOUND"]));
    await owner.client.untilSeq("session", 3);
    await owner.client.untilSeq("run", 3);
    expect(owner.client.seqs("run")).toEqual([1, 3]);
    const assembly = env.SESSION_LOGS.getByName(objectName.assemblyLog("gql-owner", "pricing")) as unknown as LogDouble;
    await expect.poll(async () => (await assembly.state()).sinks[owner.shard]).toBe(0);
    await assembly.put(["ARTIFACT_WRITTEN"]);
    const address: LogAddress = { kind: "assembly", org: "gql-owner", assemblyId: "pricing" };
    const batch = await assembly.batchFor(address, owner.shard);
    if (batch === null) throw new Error("The assembly's log does not push.");
    await owner.stub.push(batch);
    await owner.client.untilSeq("assembly", 1);
    expect(owner.client.frames.some(({ type }) => type === "error")).toBe(false);
  });

  test("an operation whose run is being looked up survives nothing it need not: an eviction waits for it", async () => {
    const { log, sessionId } = aSession("gql-lookup");
    await log.put(["BEAD_CLAIMED"]);
    await env.DB.prepare("INSERT INTO session_views (session_id, org, run_id) VALUES (?, 'gql-lookup', 'RUN-1')").bind(sessionId).run();
    const { client, stub } = await connect("gql-lookup");
    subscribe(client, "run", BEAD_UPDATES, { runId: "RUN-1" });
    await evictDurableObject(stub, { webSockets: "hibernate" });
    await client.until((one) => one.closed !== undefined || one.seqs("run").length === 1);
    expect(client.closed?.code ?? CLOSE.RESTART).toBe(CLOSE.RESTART);
  });
});

describe("server-sent events", () => {
  async function stream(org: string, body: object, headers: { readonly [name: string]: string } = {}, who: Who = {}): Promise<Response> {
    return exports.default.fetch(`https://graphql${GRAPHQL_STREAM_PATH}`, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "application/json", [CONNECTION_HEADER]: headerOf(org, who), ...headers },
      body: JSON.stringify(body),
    });
  }

  test("replay, follow and complete, and each event's id resumes", async () => {
    const { log, push, sessionId } = aSession("sse-live");
    await log.put(kinds(3));
    const response = await stream("sse-live", { query: SESSION_EVENTS, variables: { sessionId } });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const reader = await new EventSourceReader(response).untilSeq(3);
    const shard = subscriberShardOf("ci", "c1");
    await expect.poll(async () => (await log.state()).sinks[shard]).toBe(3);
    await log.put(kinds(2));
    const pushed = push(shard);
    await reader.untilSeq(5);
    await pushed;
    expect(reader.seqs()).toEqual(range(0, 5));
    expect(reader.events.at(-1)).toMatchObject({ event: "next", id: "5", data: { data: { sessionEvents: { lastSeq: 5 } } } });
    await log.put(["SESSION_COMPLETED"]);
    await push(shard);
    await reader.until(({ ended }) => ended);
    expect(reader.events.at(-1)).toEqual({ event: "complete", data: null });

    const resumed = await new EventSourceReader(
      await stream("sse-live", { query: SESSION_EVENTS, variables: { sessionId, afterSeq: 1 } }, { "last-event-id": "4" }),
    ).until(({ ended }) => ended);
    expect(resumed.seqs()).toEqual([5, 6]);
  });

  test("a reader that leaves takes the shard off the log", async () => {
    const { log, sessionId, push } = aSession("sse-leaves");
    await log.put(kinds(1));
    const reader = await new EventSourceReader(await stream("sse-leaves", { query: SESSION_EVENTS, variables: { sessionId } })).untilSeq(1);
    const shard = subscriberShardOf("ci", "c1");
    await expect.poll(async () => (await log.state()).sinks[shard]).toBe(1);
    await reader.cancel();
    await log.put(kinds(1));
    await push(shard);
    await expect.poll(async () => (await log.state()).sinks[shard]).toBeUndefined();
  });

  test("a bad document and what the org does not have are said in the stream, which completes", async () => {
    const foreign = aSession("sse-owner");
    await foreign.log.put(kinds(1));
    for (const [query, variables, code] of [
      ["subscription { nothing }", {}, "INVALID_ARGUMENT"],
      ["{ __typename }", {}, "INVALID_ARGUMENT"],
      [SESSION_EVENTS, { sessionId: foreign.sessionId }, "NOT_FOUND"],
      [BEAD_UPDATES, { runId: "RUN-foreign" }, "NOT_FOUND"],
      [ARTIFACT_WRITES, { assemblyId: "foreign" }, "NOT_FOUND"],
    ] as const) {
      const response = await stream("sse-stranger", { query, variables });
      expect(response.status).toBe(200);
      const { events } = await new EventSourceReader(response).until(({ ended }) => ended);
      expect(events).toMatchObject([{ event: "next", data: { errors: [{ extensions: { code } }] } }, { event: "complete" }]);
    }
  });

  test("refuses over HTTP what is no request for a stream", async () => {
    const post = { method: "POST", body: "{}" };
    for (const [init, status] of [
      [{ method: "PUT" }, 405],
      [{ ...post, headers: { accept: "application/json", "content-type": "application/json" } }, 406],
      [{ ...post, headers: { "content-type": "text/plain" } }, 415],
      [{ ...post, headers: { "content-type": "application/json" } }, 400],
      [{ ...post, headers: { "content-type": "application/json", "last-event-id": "x" } }, 400],
    ] as const) {
      const headers = { ...("headers" in init ? init.headers : {}), [CONNECTION_HEADER]: headerOf("sse-http", {}) };
      expect((await exports.default.fetch(`https://graphql${GRAPHQL_STREAM_PATH}`, { ...init, headers })).status).toBe(status);
    }
    expect((await exports.default.fetch(`https://graphql${GRAPHQL_STREAM_PATH}`)).status).toBe(401);
    expect((await stream("sse-http", { query: SESSION_EVENTS }, {}, { principalId: null })).status).toBe(401);
  });

  test("takes a GET with its operation in the query", async () => {
    const { log, sessionId } = aSession("sse-get");
    await log.put(["COMPILATION_STARTED", "SESSION_COMPLETED"]);
    const parameters = new URLSearchParams({ query: SESSION_EVENTS, variables: JSON.stringify({ sessionId }) });
    const response = await exports.default.fetch(`https://graphql${GRAPHQL_STREAM_PATH}?${parameters}`, {
      headers: { accept: "text/event-stream", [CONNECTION_HEADER]: headerOf("sse-get", {}) },
    });
    expect((await new EventSourceReader(response).until(({ ended }) => ended)).seqs()).toEqual([1, 2]);
  });

  test("hazard: unbounded payload kills the object - a reader that does not read is told to resume after what it was sent, and misses nothing", async () => {
    const { log, push, sessionId } = aSession("sse-slow");
    await log.put(kinds(1));
    const reader = await new EventSourceReader(await stream("sse-slow", { query: SESSION_EVENTS, variables: { sessionId } })).untilSeq(1);
    const shard = subscriberShardOf("ci", "c1");
    await expect.poll(async () => (await log.state()).sinks[shard]).toBe(1);
    for (let round = 0; (await log.state()).sinks[shard] !== undefined && round < 200; round++) {
      await log.put(kinds(1_000));
      await push(shard);
    }
    await reader.until(({ ended }) => ended);
    const last = reader.events.at(-1);
    expect(last).toMatchObject({ event: "next", data: { errors: [{ message: expect.stringContaining("resume"), extensions: { code: "UNAVAILABLE" } }] } });
    const seqs = reader.seqs();
    expect(seqs).toEqual(range(0, seqs.length));
    const again = await stream("sse-slow", { query: SESSION_EVENTS, variables: { sessionId } }, { "last-event-id": reader.events.at(-2)?.id ?? "" });
    expect((await new EventSourceReader(again).untilSeq(seqs.length + 1)).seqs()[0]).toBe(seqs.length + 1);
  });
});
