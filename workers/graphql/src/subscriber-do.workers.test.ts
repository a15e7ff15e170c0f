import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { objectName, subscriberShardOf } from "@factory/schemas";
import { CONNECTION_HEADER, encodeConnection, LOG_SUBPROTOCOL } from "@factory/schemas/rpc";
import { beforeAll, describe, expect, test } from "vitest";
import { LIVE_CURSOR_MIGRATIONS } from "./live-cursors.ts";
import { SELECTION_MIGRATIONS } from "./subscriptions/selection-texts.ts";
import { CLOSE, SUBSCRIPTION_LIMITS } from "./subscription-limits.ts";
import { TestClient } from "./testing/client.ts";
import { aSession, kinds, range, stubOf, type LogDouble } from "./testing/session-log.ts";

/** Opens a socket as the gateway does. */
async function upgrade(org: string, { connectionId = "c1", principalId = "ci", protocol = LOG_SUBPROTOCOL } = {}): Promise<Response> {
  const header = encodeConnection({ org, principalId, scopes: ["session:read"], connectionId });
  return exports.default.fetch("https://graphql/subscriptions", {
    headers: { upgrade: "websocket", "sec-websocket-protocol": protocol, [CONNECTION_HEADER]: header },
  });
}

async function connect(org: string, options: { readonly connectionId?: string; readonly principalId?: string } = {}) {
  const { webSocket, headers } = await upgrade(org, options);
  if (!webSocket) throw new Error("The upgrade was refused.");
  expect(headers.get("sec-websocket-protocol")).toBe(LOG_SUBPROTOCOL);
  webSocket.accept();
  return { client: new TestClient(webSocket), shard: subscriberShardOf(options.principalId ?? "ci", options.connectionId ?? "c1") };
}

/** A client that follows a session's log from its beginning. */
async function aFollower(org: string, events = 3) {
  const session = aSession(org);
  await session.log.put(kinds(events));
  const { client, shard } = await connect(org);
  client.send({ type: "subscribe", id: "a", log: { sessionId: session.sessionId }, afterSeq: 0 });
  await client.untilSeq("a", events);
  await expect.poll(async () => (await session.log.state()).sinks[shard]).toBe(events);
  return { ...session, client, shard, stub: stubOf(org, shard) };
}

beforeAll(async () => {
  await env.DB.prepare("CREATE TABLE IF NOT EXISTS sessions (session_id TEXT, org TEXT, assembly TEXT)").run();
});

describe("SubscriberDO", () => {
  test("replays what is stored, attaches itself and sends what is pushed", async () => {
    const { client, log, push, shard } = await aFollower("acme-live");
    await log.put(kinds(2));
    await push(shard);
    await client.untilSeq("a", 5);
    expect(client.seqs("a")).toEqual(range(0, 5));
    expect(client.frames.at(-1)).toMatchObject({ type: "next", id: "a", lastSeq: 5, events: [{ seq: 4, payload: { reason: "e4" } }, { seq: 5 }] });
  });

  test("hazard: DO reset on deploy - a socket that hibernates through evictions is sent each event once", async () => {
    const { client, log, push, shard, stub } = await aFollower("acme-evicted");
    const { reads } = await log.state();
    for (let round = 0; round < 3; round++) {
      await evictDurableObject(stub, { webSockets: "hibernate" });
      await log.put(kinds(2));
      await push(shard);
    }
    await client.untilSeq("a", 9);
    expect(client.seqs("a")).toEqual(range(0, 9));
    expect((await log.state()).reads).toBe(reads);
    expect(client.closed).toBeUndefined();
  });

  test("a push whose answer was lost with the shard's memory is not sent again", async () => {
    const { client, log, address, shard, stub } = await aFollower("acme-lost");
    await log.put(kinds(2));
    const batch = await log.batchFor(address, shard);
    if (batch === null) throw new Error("The log does not push.");
    await stub.push(batch);
    await evictDurableObject(stub, { webSockets: "hibernate" });
    expect(await stub.push(batch)).toEqual({ keep: true, lastSeq: 5 });
    await log.put(kinds(1));
    const next = await log.batchFor(address, shard);
    if (next !== null) await stub.push(next);
    await client.untilSeq("a", 6);
    expect(client.seqs("a")).toEqual(range(0, 6));
  });

  test("a client whose socket a deploy closed comes back with its last seq and misses nothing", async () => {
    const { client, org, sessionId, log, push, shard, stub } = await aFollower("acme-deploy");
    await evictDurableObject(stub, { webSockets: "close" });
    await client.until(({ closed }) => closed !== undefined);
    await log.put(kinds(4));
    const back = await connect(org, { connectionId: "c2" });
    back.client.send({ type: "subscribe", id: "a", log: { sessionId }, afterSeq: client.seqs("a").at(-1) });
    await back.client.untilSeq("a", 7);
    await log.put(kinds(1));
    await push(shard);
    await expect.poll(async () => (await log.state()).sinks[back.shard]).toBeDefined();
    await push(back.shard);
    await back.client.untilSeq("a", 8);
    expect([...client.seqs("a"), ...back.client.seqs("a")]).toEqual(range(0, 8));
  });

  test("a shard does not hibernate between pushes that follow each other, and then knows what it sent", async () => {
    const { client, log, push, shard, stub } = await aFollower("acme-midstream");
    for (let round = 0; round < 4; round++) {
      await log.put(kinds(2));
      await push(shard);
    }
    // The runtime, and so this, waits for the timer that writes the cursor.
    await evictDurableObject(stub, { webSockets: "hibernate" });
    await log.put(kinds(2));
    await push(shard);
    await client.untilSeq("a", 13);
    expect(client.seqs("a")).toEqual(range(0, 13));
  });

  test("where a life took the cursor with it, the socket is closed with a code that says resume, and nothing is missed or sent twice", async () => {
    const { client, org, sessionId, log, push, shard, stub } = await aFollower("acme-lost-cursor");
    await runInDurableObject(stub, async (_instance, state) => void state.storage.sql.exec("UPDATE live_cursors SET moving = 1"));
    await evictDurableObject(stub, { webSockets: "hibernate" });
    await log.put(kinds(2));
    await push(shard);
    await client.until(({ closed }) => closed !== undefined);
    expect(client.closed).toMatchObject({ code: CLOSE.RESTART, reason: expect.stringContaining("resume") });
    const back = await connect(org, { connectionId: "c3" });
    back.client.send({ type: "subscribe", id: "a", log: { sessionId }, afterSeq: client.frames.at(-1)?.lastSeq ?? 0 });
    await back.client.untilSeq("a", 5);
    expect([...client.seqs("a"), ...back.client.seqs("a")]).toEqual(range(0, 5));
  });

  test("an eviction while a client replays is taken up by the timer", async () => {
    const org = "acme-replaying";
    const { log, sessionId, push } = aSession(org);
    await log.put(kinds(4));
    const { client, shard } = await connect(org);
    const stub = stubOf(org, shard);
    client.send({ type: "subscribe", id: "a", log: { sessionId }, afterSeq: 2 });
    await evictDurableObject(stub, { webSockets: "hibernate" });
    await runDurableObjectAlarm(stub);
    await client.untilSeq("a", 4);
    await expect.poll(async () => (await log.state()).sinks[shard]).toBe(4);
    await log.put(kinds(1));
    await push(shard);
    await client.untilSeq("a", 5);
    expect(client.seqs("a")).toEqual([3, 4, 5]);
  });

  test("completes at the terminal event and is off the log", async () => {
    const { client, log, push, shard } = await aFollower("acme-done");
    await log.put(["SESSION_COMPLETED"]);
    await push(shard);
    await client.until(({ frames }) => frames.at(-1)?.type === "complete");
    expect(client.seqs("a")).toEqual(range(0, 4));
    await expect.poll(async () => (await log.state()).sinks[shard]).toBeUndefined();
  });

  test("the last socket that leaves takes the shard off the log", async () => {
    const { client, log, shard } = await aFollower("acme-leaves");
    client.close();
    await expect.poll(async () => (await log.state()).sinks[shard]).toBeUndefined();
  });

  test("another org's session and assembly do not exist, and an own assembly that wrote nothing yet is waited on", async () => {
    const foreign = aSession("acme-owner");
    await foreign.log.put(kinds(3));
    await env.DB.prepare("INSERT INTO sessions (session_id, org, assembly) VALUES ('SES-1', 'acme-owner', 'pricing')").run();
    const stranger = await connect("acme-stranger");
    const owner = await connect("acme-owner");
    for (const { client } of [stranger, owner]) {
      client.send({ type: "subscribe", id: "session", log: { sessionId: foreign.sessionId }, afterSeq: 0 });
      client.send({ type: "subscribe", id: "assembly", log: { assemblyId: "pricing" }, afterSeq: 0 });
    }
    await stranger.client.until(({ frames }) => frames.length === 2);
    expect(stranger.client.frames.map(({ type, code }) => [type, code])).toEqual([
      ["error", "NOT_FOUND"],
      ["error", "NOT_FOUND"],
    ]);
    await owner.client.untilSeq("session", 3);
    const assembly = env.SESSION_LOGS.getByName(objectName.assemblyLog("acme-owner", "pricing")) as unknown as LogDouble;
    await expect.poll(async () => (await assembly.state()).sinks[owner.shard]).toBe(0);
    expect(owner.client.frames.every(({ type }) => type === "next")).toBe(true);
  });

  test("answers a ping while it hibernates, and closes what it cannot read with the reason", async () => {
    const { client, stub } = await aFollower("acme-ping");
    await evictDurableObject(stub, { webSockets: "hibernate" });
    client.send({ type: "ping" });
    await client.until(({ frames }) => frames.at(-1)?.type === "pong");
    client.send({ type: "frobnicate" });
    await client.until(({ closed }) => closed !== undefined);
    expect(client.closed?.code).toBe(CLOSE.BAD_MESSAGE);
  });

  test("refuses sockets over a principal's limit, and names the limit", async () => {
    const limit = SUBSCRIPTION_LIMITS.socketsPerPrincipal;
    // Connections that fall on one shard.
    const ids = range(0, limit * 12)
      .map(String)
      .filter((id) => subscriberShardOf("ci", id) === 0);
    for (const connectionId of ids.slice(0, limit)) await connect("acme-many", { connectionId });
    const refused = await upgrade("acme-many", { connectionId: ids[limit] ?? "" });
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: "RATE_LIMITED", message: expect.stringContaining(String(limit)) });
  });

  test("keeps its state in the attachment and in one row a log, and migrates once", async () => {
    const { stub } = await aFollower("acme-state");
    await runInDurableObject(stub, async (_instance, state) => {
      const [socket] = state.getWebSockets(LOG_SUBPROTOCOL);
      expect(socket?.deserializeAttachment()).toMatchObject({
        version: 2,
        principal: { id: "ci", scopes: ["session:read"] },
        operations: [{ id: "a", live: true }],
      });
      expect(state.storage.sql.exec("SELECT cursor, attached, moving FROM live_cursors").toArray()).toEqual([{ cursor: 3, attached: 1, moving: 0 }]);
      const applied = state.storage.sql.exec("SELECT id FROM durable_migrations WHERE component = 'object'").toArray();
      expect(applied.map(({ id }) => id)).toEqual([...LIVE_CURSOR_MIGRATIONS, ...SELECTION_MIGRATIONS].map(({ id }) => id));
    });
  });
});

describe("the door", () => {
  test("opens to nothing but an upgrade that carries a connection and a known subprotocol", async () => {
    expect((await exports.default.fetch("https://graphql/subscriptions")).ok).toBe(false);
    const bare = await exports.default.fetch("https://graphql/subscriptions", { headers: { upgrade: "websocket", "sec-websocket-protocol": LOG_SUBPROTOCOL } });
    expect(bare.status).toBe(401);
    expect((await upgrade("acme-door", { protocol: "graphql-ws" })).status).toBe(400);
  });

  test("hazard: addressing the wrong object - a shard takes no connection of another org", async () => {
    const header = encodeConnection({ org: "other", principalId: "ci", scopes: [], connectionId: "c1" });
    const answer = await stubOf("acme-door", 0).fetch("https://graphql/subscriptions", {
      headers: { upgrade: "websocket", "sec-websocket-protocol": LOG_SUBPROTOCOL, [CONNECTION_HEADER]: header },
    });
    expect(answer.status).toBe(500);
  });
});
