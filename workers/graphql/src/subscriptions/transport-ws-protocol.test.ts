import { GRAPHQL_TRANSPORT_WS_SUBPROTOCOL } from "@factory/schemas/rpc";
import { describe, expect, it, vi } from "vitest";
import { CLOSE, INIT_PATIENCE_MS, PING_EVERY_CHARS, RUN_LOOKUPS, SUBSCRIPTION_LIMITS } from "../subscription-limits.ts";
import { beadDocument, sessionDocument } from "../testing/graphql-dialects.ts";
import { KEY, range, RUN, SESSION, ShardWorld, turn, type TestSocket } from "../testing/shard-world.ts";
import { SelectedEvents } from "./selected-events.ts";

const aWorld = (): ShardWorld => new ShardWorld(GRAPHQL_TRANSPORT_WS_SUBPROTOCOL);
const PRINCIPAL = { id: "ci", scopes: [] };
const INIT = { type: "connection_init" };
const subscribe = (payload: object = {}, id = "a") => ({
  type: "subscribe",
  id,
  payload: { query: sessionDocument, variables: { sessionId: SESSION }, ...payload },
});

/** A world with events and a socket that follows them live. */
async function aLiveWorld(events = 3): Promise<{ readonly world: ShardWorld; readonly socket: TestSocket }> {
  const world = aWorld();
  world.append(events);
  const socket = world.connect();
  world.subscribe(socket, "a", 0);
  await world.settle();
  return { world, socket };
}

/** Says things to a socket of nobody and lets lookups come to their end. */
async function said(...messages: readonly (object | string)[]): Promise<TestSocket> {
  const world = aWorld();
  world.append(2);
  const socket = world.upgrade(null);
  for (const message of messages) {
    if (typeof message === "string") world.shard.receive(socket, message);
    else world.say(socket, message);
    // No time passes.
    while (world.waiting > 0) await world.answer(0);
  }
  return socket;
}

describe("a connection", () => {
  it.each([
    ["a header's value", { authorization: KEY.authorization }],
    ["a header's name in capitals", { Authorization: KEY.authorization }],
    ["a bare key", { apiKey: "good" }],
  ])("is acknowledged for a good credential: %s", async (_name, payload) => {
    const socket = await said({ ...INIT, payload }, subscribe());
    expect(socket.frames[0]).toEqual({ type: "connection_ack" });
    expect(socket.seqs("a")).toEqual([1, 2]);
    expect(socket.attachment()).toMatchObject({ principal: { id: KEY.principal.id }, settled: true });
  });

  it("of an upgrade that was authenticated is acknowledged without one, and never of somebody else", async () => {
    const world = aWorld();
    const socket = world.upgrade(PRINCIPAL);
    world.say(socket, { ...INIT, payload: { authorization: KEY.authorization } });
    expect(socket.frames).toEqual([{ type: "connection_ack" }]);
    expect(socket.attachment()).toMatchObject({ principal: PRINCIPAL });
  });

  it.each([
    ["no credential", INIT, CLOSE.FORBIDDEN],
    ["a wrong key", { ...INIT, payload: { apiKey: "bad" } }, CLOSE.FORBIDDEN],
    ["a credential that is no text", { ...INIT, payload: { authorization: 7 } }, CLOSE.FORBIDDEN],
  ])("is refused with %s", async (_name, message, code) => {
    const socket = await said(message);
    expect(socket.closed?.code).toBe(code);
    expect(socket.frames).toEqual([]);
  });

  it("that is not opened in time is closed, whether or not the upgrade said whose it is", () => {
    const world = aWorld();
    const sockets = [world.upgrade(null), world.upgrade(PRINCIPAL)];
    world.clock.advance(INIT_PATIENCE_MS - 1);
    const late = world.connect();
    world.clock.advance(1);
    expect(sockets.map(({ closed }) => closed)).toEqual([
      { code: 4408, reason: "Connection initialisation timeout" },
      { code: 4408, reason: "Connection initialisation timeout" },
    ]);
    world.clock.advance(INIT_PATIENCE_MS);
    expect(late.closed).toBeUndefined();
  });

  it("whose credential takes longer than that to look up is closed too, and the answer opens nothing", async () => {
    const world = aWorld();
    const socket = world.upgrade(null);
    world.say(socket, { ...INIT, payload: { authorization: KEY.authorization } });
    world.clock.advance(INIT_PATIENCE_MS);
    await world.settle();
    expect(socket.closed?.code).toBe(CLOSE.INIT_TIMEOUT);
    expect(socket.frames).toEqual([]);
    expect(world.shard.sockets).toBe(0);
  });

  it("of nobody takes one of few places, which proven sockets do not need", () => {
    const world = aWorld();
    for (let index = 0; index < SUBSCRIPTION_LIMITS.unprovedPerShard; index++) world.upgrade(null);
    expect(world.shard.refusal(null)).toMatchObject({ code: "RATE_LIMITED", message: expect.stringContaining(String(SUBSCRIPTION_LIMITS.unprovedPerShard)) });
    expect(world.shard.refusal("ci")).toBeNull();
    world.clock.advance(INIT_PATIENCE_MS);
    expect(world.shard.refusal(null)).toBeNull();
  });

  it("counts for its principal once it has proved to be one", async () => {
    const world = aWorld();
    for (let index = 0; index < SUBSCRIPTION_LIMITS.socketsPerPrincipal; index++) world.connect(KEY.principal.id);
    const socket = world.upgrade(null);
    world.say(socket, { ...INIT, payload: { apiKey: "good" } });
    await world.settle();
    expect(socket.closed).toMatchObject({ code: CLOSE.TRY_LATER, reason: expect.stringContaining("128") });
  });

  it("that an eviction finds half open is closed, and its client connects again", () => {
    const world = aWorld();
    const socket = world.upgrade(null);
    world.say(socket, { ...INIT, payload: { authorization: KEY.authorization } });
    world.evict();
    expect(socket.closed?.code).toBe(CLOSE.RESTART);
  });
});

describe("a violation of the protocol", () => {
  const ready = { ...INIT, payload: { authorization: KEY.authorization } };
  it.each<[string, readonly (object | string)[], number]>([
    ["no JSON", ["no json"], 4400],
    ["JSON that is no object", ["[1]"], 4400],
    ["no type", [{}], 4400],
    ["a type that is none", [{ type: "start" }], 4400],
    ["a type of the server's", [{ type: "next", id: "a", payload: {} }], 4400],
    ["an acknowledgement", [{ type: "connection_ack" }], 4400],
    ["a payload of connection_init that is no object", [{ ...INIT, payload: "key" }], 4400],
    ["a payload of ping that is no object", [{ type: "ping", payload: 1 }], 4400],
    ["subscribe without an id", [ready, { type: "subscribe", payload: { query: sessionDocument } }], 4400],
    ["subscribe with an empty id", [ready, { ...subscribe(), id: "" }], 4400],
    ["subscribe without a query", [ready, { type: "subscribe", id: "a", payload: {} }], 4400],
    ["variables that are no object", [ready, subscribe({ variables: [1] })], 4400],
    ["complete without an id", [ready, { type: "complete" }], 4400],
    ["subscribe before connection_init", [subscribe()], 4401],
    ["a bad document before connection_init", [subscribe({ query: "{" })], 4401],
    ["a second connection_init", [ready, ready], 4429],
    ["an id that is in use", [ready, subscribe(), subscribe()], 4409],
    ["an id that is in use, with a bad document", [ready, subscribe(), subscribe({ query: "{" })], 4409],
    ["a frame over the limit", [ready, subscribe({ query: "#".repeat(30_000) })], 1009],
  ])("closes the socket: %s", async (_name, messages, code) => {
    const socket = await said(...messages);
    expect(socket.closed?.code).toBe(code);
    expect(Buffer.byteLength(socket.closed?.reason ?? "")).toBeLessThanOrEqual(123);
  });

  it("names the operation whose id is in use, as the protocol has it", async () => {
    expect((await said(ready, subscribe(), subscribe())).closed?.reason).toBe("Subscriber for a already exists");
  });

  it("closes a socket that initialises twice while its credential is looked up", () => {
    const world = aWorld();
    const socket = world.upgrade(null);
    world.say(socket, ready);
    world.say(socket, ready);
    expect(socket.closed?.code).toBe(4429);
  });

  it("closes a socket that subscribes while its credential is looked up", () => {
    const world = aWorld();
    const socket = world.upgrade(null);
    world.say(socket, ready);
    world.say(socket, subscribe());
    expect(socket.closed).toEqual({ code: 4401, reason: "Unauthorized" });
  });
});

describe("ping and pong", () => {
  it("are answered before and after the connection is open, with or without a payload, and complete of nothing changes nothing", async () => {
    const socket = await said(
      { type: "ping", payload: { at: 1 } },
      { ...INIT, payload: { apiKey: "good" } },
      { type: "ping" },
      { type: "pong" },
      { type: "complete", id: "x" },
    );
    expect(socket.frames.map(({ type }) => type)).toEqual(["pong", "connection_ack", "pong"]);
    expect(socket.closed).toBeUndefined();
  });
});

describe("an operation", () => {
  it("is sent a batch a frame, with the fields that it selects", async () => {
    const { world, socket } = await aLiveWorld(3);
    world.say(socket, subscribe({ query: `subscription { all: sessionEvents(sessionId: "${SESSION}", afterSeq: 2) { events { __typename n: seq } } }` }, "b"));
    await world.settle();
    expect(JSON.parse(socket.texts.at(-1) ?? "")).toEqual({ type: "next", id: "b", payload: { data: { all: { events: [{ __typename: "Event", n: 3 }] } } } });
  });

  it("is answered a bad document with what is wrong in it, and the socket goes on", async () => {
    const { world, socket } = await aLiveWorld();
    world.say(socket, subscribe({ query: 'subscription { sessionEvents(sessionId: "x") }' }, "bad"));
    world.say(socket, subscribe({ query: "{ ok }" }, "query"));
    world.say(socket, subscribe({ query: `${sessionDocument} #${"x".repeat(9_000)}` }, "large"));
    world.append(1);
    await world.settle();
    expect(socket.frames.filter(({ type }) => type === "error")).toMatchObject([
      { id: "bad", code: "INVALID_ARGUMENT", payload: [{ message: expect.any(String), locations: [{ line: 1 }] }] },
      { id: "query", payload: [{ message: expect.stringContaining("subscriptions") }] },
      { id: "large", code: "TOO_LARGE", payload: [{ extensions: { suggestion: expect.any(String) } }] },
    ]);
    expect(socket.seqs("a")).toEqual(range(0, 4));
  });

  it("is refused with the code and the suggestion of the registry", async () => {
    const { world, socket } = await aLiveWorld();
    world.say(socket, subscribe({ variables: { sessionId: "SES-none" } }, "none"));
    world.say(socket, subscribe({ query: beadDocument, variables: { runId: "RUN-none" } }, "run"));
    for (let lookup = 0; lookup < RUN_LOOKUPS; lookup++) await world.settle();
    expect(socket.frames.filter(({ type }) => type === "error")).toMatchObject([
      { id: "none", payload: [{ extensions: { code: "NOT_FOUND", suggestion: expect.any(String), retry: expect.any(String) } }] },
      { id: "run", code: "NOT_FOUND", message: expect.stringContaining("RUN-none") },
    ]);
  });

  it("of a run follows its session's log, and another that asks while it is looked up keeps its id", async () => {
    const { world, socket } = await aLiveWorld(12);
    world.say(socket, subscribe({ query: beadDocument, variables: { runId: RUN } }, "run"));
    await world.settle();
    world.append(12);
    await world.settle();
    expect(socket.seqs("run")).toEqual(world.expected(0, ({ runId }) => runId === RUN));
  });

  it("of a run that the read model learns of a moment later is started then", async () => {
    const { world, socket } = await aLiveWorld(12);
    world.runs.delete(RUN);
    world.say(socket, subscribe({ query: beadDocument, variables: { runId: RUN } }, "run"));
    await world.answer(0);
    await world.answer(0);
    world.runs.set(RUN, SESSION);
    await world.settle();
    expect(socket.seqs("run")).toEqual(world.expected(0, ({ runId }) => runId === RUN));
  });

  it("that is ended while its run is looked up is never started", async () => {
    const { world, socket } = await aLiveWorld();
    world.say(socket, subscribe({ query: beadDocument, variables: { runId: RUN } }, "run"));
    world.unsubscribe(socket, "run");
    await world.settle();
    expect(socket.types("run")).toEqual([]);
    expect(socket.attachment()).toMatchObject({ settled: true, operations: [{ id: "a" }] });
  });

  it("whose run is looked up counts for the limit and holds its id", async () => {
    const { world, socket } = await aLiveWorld();
    for (let index = 1; index < SUBSCRIPTION_LIMITS.operationsPerSocket; index++) {
      world.say(socket, subscribe({ query: beadDocument, variables: { runId: RUN } }, `run-${index}`));
    }
    world.say(socket, subscribe({}, "over"));
    expect(socket.frames.at(-1)).toMatchObject({ id: "over", code: "TOO_LARGE" });
    world.say(socket, subscribe({}, "run-1"));
    expect(socket.closed?.code).toBe(CLOSE.ID_IN_USE);
    await world.settle();
  });

  it("ends with complete when its log is closed", async () => {
    const { world, socket } = await aLiveWorld();
    world.closed = true;
    await world.settle();
    expect(socket.texts.at(-1)).toBe('{"id":"a","type":"complete"}');
  });
});

describe("one selection", () => {
  it("is executed once a batch, and its bytes are the same for every socket that shares it", async () => {
    const world = aWorld();
    world.append(3);
    const sockets = Array.from({ length: 50 }, (_, index) => {
      const socket = world.connect(`p${index}`);
      // Each stands elsewhere and writes it its own way.
      const query = index % 2 === 0 ? sessionDocument : sessionDocument.replaceAll("$afterSeq", "$after").replaceAll("\n", " ");
      world.say(socket, subscribe({ query, variables: { sessionId: SESSION, ...(index % 2 === 0 ? { afterSeq: index % 4 } : { after: 1 }) } }));
      return socket;
    });
    await world.settle();
    expect(world.storage.sql.exec("SELECT count(*) AS n FROM selections").toArray()).toEqual([{ n: 1 }]);
    world.append(2);
    const render = vi.spyOn(SelectedEvents.prototype, "render");
    await world.push();
    expect(render).toHaveBeenCalledTimes(1);
    render.mockRestore();
    const last = sockets.map(({ texts }) => texts.at(-1));
    expect(new Set(last).size).toBe(1);
    expect(sockets[0]?.seqs("a").slice(-2)).toEqual([4, 5]);
  });

  it("of one log beside another is sent what each selects, live as in a replay", async () => {
    const { world, socket } = await aLiveWorld(1);
    world.say(socket, subscribe({ query: sessionDocument.replace("seq kind stream runId", "kind") }, "kinds"));
    world.say(socket, subscribe({ query: sessionDocument.replace("seq kind stream runId", "seq") }, "seqs"));
    await world.settle();
    world.append(1);
    await world.push();
    const sent = new Map(socket.frames.slice(-3).map(({ id, events }) => [id, events]));
    expect(sent.get("kinds")).toEqual([{ kind: "ARTIFACT_WRITTEN" }]);
    expect(sent.get("seqs")).toEqual([{ seq: 2 }]);
    expect(sent.get("a")).toEqual([{ seq: 2, kind: "ARTIFACT_WRITTEN", stream: "artifactWrites", runId: null }]);
  });

  it("survives an eviction, and is forgotten with the last operation that holds it", async () => {
    const { world, socket } = await aLiveWorld();
    world.evict();
    world.append(2);
    await world.settle();
    expect(socket.seqs("a")).toEqual(range(0, 5));
    world.unsubscribe(socket, "a");
    expect(world.storage.sql.exec("SELECT key FROM selections").toArray()).toEqual([]);
  });

  it("of sockets that went away with a life of the shard is forgotten", async () => {
    const { world, socket } = await aLiveWorld();
    socket.close(1006, "");
    world.evict();
    expect(world.storage.sql.exec("SELECT key FROM selections").toArray()).toEqual([]);
  });

  it("that a life took with it costs its sockets a reconnect", async () => {
    const { world, socket } = await aLiveWorld();
    world.storage.sql.exec("DELETE FROM selections");
    world.evict();
    expect(socket.closed?.code).toBe(CLOSE.RESTART);
  });
});

describe("a socket that does not drain", () => {
  it("is closed with a code after which the standard client comes back, and told to resume", async () => {
    const { world, socket } = await aLiveWorld(1);
    while (socket.closed === undefined && world.tip < 200_000) {
      world.append(PING_EVERY_CHARS / 64);
      await world.push();
      await turn();
    }
    expect(socket.closed).toMatchObject({ code: CLOSE.TRY_LATER, reason: expect.stringContaining("resume") });
  });
});

it("the largest state of a socket fits its attachment", async () => {
  const world = aWorld();
  const socket = world.connect("p".repeat(128));
  for (let index = 0; index < SUBSCRIPTION_LIMITS.operationsPerSocket; index++) {
    const variables = { sessionId: SESSION };
    world.say(
      socket,
      subscribe(
        { query: `subscription { sessionEvents(sessionId: "${SESSION}") { lastSeq a${index}: lastSeq } } #${"x".repeat(7_000)}`, variables },
        `${"i".repeat(126)}${10 + index}`,
      ),
    );
  }
  expect(socket.attachment()).toMatchObject({ operations: { length: SUBSCRIPTION_LIMITS.operationsPerSocket } });
  expect(JSON.stringify(socket.attachment()).length).toBeLessThan(12 * 1024);
});
