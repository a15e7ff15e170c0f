import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GRAPHQL_TRANSPORT_WS_SUBPROTOCOL, LOG_SUBPROTOCOL } from "@factory/schemas/rpc";
import { distinctKey } from "./event-batch.ts";
import { FACTORY_LOG_PROTOCOL } from "./factory-log-protocol.ts";
import { PAUSE_MS } from "./live-cursors.ts";
import { CLOSE, MAX_WINDOW_MS, PING_EVERY_CHARS, SUBSCRIPTION_LIMITS, WATCH_MS } from "./subscription-limits.ts";
import { beadDocument } from "./testing/graphql-dialects.ts";
import { eventAt, range, RUN, SESSION, ShardWorld, turn, type TestEvent, type TestSocket } from "./testing/shard-world.ts";

/** A world whose log has events and one socket that follows it live. */
async function aLiveWorld(events = 3): Promise<{ readonly world: ShardWorld; readonly socket: TestSocket }> {
  const world = new ShardWorld();
  world.append(events);
  const socket = world.connect();
  world.subscribe(socket, "a", 0);
  await world.settle();
  return { world, socket };
}

describe("an operation", () => {
  it("is sent what is stored and then what comes, each event once", async () => {
    const { world, socket } = await aLiveWorld(10);
    world.append(5);
    await world.settle();
    expect(socket.seqs("a")).toEqual(range(0, 15));
  });

  it("is sent nothing up to the seq it has seen", async () => {
    const { world, socket } = await aLiveWorld(10);
    world.subscribe(socket, "b", 7);
    await world.settle();
    world.append(1);
    await world.settle();
    expect(socket.seqs("b")).toEqual(range(7, 11));
  });

  it("is sent what its streams, run and mode let pass, replayed or live", async () => {
    const world = new ShardWorld();
    const socket = world.connect();
    world.append(20);
    world.subscribe(socket, "beads", 0, { streams: ["beadUpdates"] });
    world.subscribe(socket, "run", 0, { streams: ["beadUpdates", "sessionEvents"], runId: "RUN-a" });
    world.subscribe(socket, "states", 0, { mode: "STATE_TRANSITIONS" });
    await world.settle();
    world.append(20);
    await world.settle();
    expect(socket.seqs("beads")).toEqual(world.expected(0, ({ stream }) => stream === "beadUpdates"));
    expect(socket.seqs("run")).toEqual(world.expected(0, ({ runId }) => runId === "RUN-a"));
    expect(socket.seqs("states")).toEqual(world.expected(0, ({ kind }) => kind === "COMPILATION_STARTED"));
  });

  it("completes when the log is closed and it has all of it, live, replaying or come too late", async () => {
    const { world, socket } = await aLiveWorld(6);
    world.append(3);
    world.subscribe(socket, "behind", 0);
    world.closed = true;
    await world.settle();
    world.subscribe(socket, "late", 9);
    await world.settle();
    expect(socket.seqs("a")).toEqual(range(0, 9));
    expect(socket.seqs("behind")).toEqual(range(0, 9));
    for (const id of ["a", "behind", "late"]) expect(socket.types(id).at(-1)).toBe("complete");
    expect(socket.types("late")).toEqual(["complete"]);
    expect(world.sinkCursor).toBeNull();
  });

  it("is refused where nobody can have been, for a session that is not there and for an id that is none", async () => {
    const { world, socket } = await aLiveWorld(3);
    world.subscribe(socket, "future", 9);
    world.say(socket, { type: "subscribe", id: "none", log: { sessionId: "SES-none" }, afterSeq: 0 });
    const empty = new ShardWorld();
    const other = empty.connect();
    empty.subscribe(other, "absent", 0);
    await world.settle();
    await empty.settle();
    expect(socket.frames.filter(({ type }) => type === "error").map(({ id, code }) => [id, code])).toEqual([
      ["none", "NOT_FOUND"],
      ["future", "INVALID_ARGUMENT"],
    ]);
    expect(other.frames).toMatchObject([{ type: "error", id: "absent", code: "NOT_FOUND" }]);
    expect(empty.sinkCursor).toBeNull();
  });

  it("that replays does not turn live on what was the end of the log before the last push", async () => {
    const { world, socket } = await aLiveWorld(3);
    world.subscribe(socket, "b", 1);
    await world.answer(0);
    // The log has read up to 3; before its answer comes, it pushes 4 and 5.
    world.append(2);
    await world.push();
    await world.settle();
    world.append(1);
    await world.settle();
    expect(socket.seqs("b")).toEqual(range(1, 6));
  });

  it("waits on the empty log of an assembly that the org has, and on no other", async () => {
    const world = new ShardWorld();
    world.assemblies = ["pricing"];
    const socket = world.connect();
    world.say(socket, { type: "subscribe", id: "own", log: { assemblyId: "pricing" }, afterSeq: 0 });
    world.say(socket, { type: "subscribe", id: "foreign", log: { assemblyId: "other" }, afterSeq: 0 });
    await world.settle();
    expect(socket.frames).toMatchObject([{ type: "error", id: "foreign", code: "NOT_FOUND" }]);
    expect(world.attaches).toBe(1);
  });

  it("ends when it is unsubscribed, and the last one takes the shard off the log", async () => {
    const { world, socket } = await aLiveWorld();
    world.subscribe(socket, "b", 0);
    await world.settle();
    world.say(socket, { type: "unsubscribe", id: "a" });
    world.append(1);
    await world.settle();
    expect(socket.seqs("a")).toEqual(range(0, 3));
    expect(world.detaches).toBe(0);
    world.say(socket, { type: "unsubscribe", id: "b" });
    await world.settle();
    expect(world.detaches).toBe(1);
    expect(world.sinkCursor).toBeNull();
  });

  it("that follows one which left does not overtake it on the way to the log", async () => {
    const { world, socket } = await aLiveWorld();
    world.say(socket, { type: "unsubscribe", id: "a" });
    world.subscribe(socket, "b", 3);
    // The log is slow with the detach, so the read of the second operation is answered first.
    while (world.waiting > 1) await world.answer(1);
    expect([world.attaches, world.detaches]).toEqual([1, 0]);
    await world.settle();
    expect([world.attaches, world.detaches]).toEqual([2, 1]);
    world.append(1);
    await world.settle();
    expect(socket.seqs("b")).toEqual([4]);
  });
});

describe("nothing missed, nothing twice", () => {
  /** One operation as a client asked for it, and the sockets it was on. */
  type Asked = {
    readonly sockets: TestSocket[];
    readonly id: string;
    readonly after: number;
    readonly more: object;
    readonly pass: (event: TestEvent) => boolean;
  };

  /** What a client does whose socket was closed: it connects again and resumes with its last seq. */
  function comeBack(world: ShardWorld, asked: readonly Asked[]): void {
    for (const { sockets, id, after, more } of asked) {
      if (sockets.at(-1)?.closed === undefined) continue;
      expect(sockets.at(-1)?.closed?.code).toBe(CLOSE.RESTART);
      const socket = world.connect();
      world.subscribe(socket, id, Math.max(after, ...sockets.map((old) => old.lastSeq(id) ?? 0)), more);
      sockets.push(socket);
    }
  }

  type Filter = { readonly more: object; readonly pass: (event: TestEvent) => boolean };
  const FILTERS: { readonly [dialect: string]: readonly Filter[] } = {
    [LOG_SUBPROTOCOL]: [
      { more: {}, pass: () => true },
      { more: {}, pass: () => true },
      { more: { streams: ["beadUpdates"] }, pass: ({ stream }) => stream === "beadUpdates" },
      { more: { runId: RUN }, pass: ({ runId }) => runId === RUN },
    ],
    [GRAPHQL_TRANSPORT_WS_SUBPROTOCOL]: [
      { more: {}, pass: () => true },
      {
        more: {
          query: "subscription ($sessionId: ID! $afterSeq: Int) { e: sessionEvents(sessionId: $sessionId, afterSeq: $afterSeq) { lastSeq events { seq } } }",
        },
        pass: () => true,
      },
      // Its log is looked up first.
      { more: { query: beadDocument }, pass: ({ stream, runId }) => stream === "beadUpdates" && runId === RUN },
      { more: { query: beadDocument }, pass: ({ stream, runId }) => stream === "beadUpdates" && runId === RUN },
    ],
  };
  /** A place in the log, from its beginning to its end; most clients stand near the end. */
  const place = fc.constantFrom(0, 0.5, 0.8, 0.9, 0.95, 1);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("append" as const), n: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("push" as const), n: fc.integer({ min: 1, max: 9 }), lost: fc.boolean() }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant("answer" as const), n: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("subscribe" as const), n: fc.nat(20), filter: fc.nat(3), at: place }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("rewind" as const), n: fc.integer({ min: 1, max: 9 }), at: place }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("evict" as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), n: fc.nat(40) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), n: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("watch" as const) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("settle" as const) }) },
  );

  it.each(Object.keys(FILTERS))("whatever order pushes, replays, lost answers, repeated pushes, evictions and departures come in: %s", async (dialect) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80, size: "max" }), fc.boolean(), async (steps, closes) => {
        const world = new ShardWorld(dialect);
        world.append(3);
        const asked: Asked[] = [];
        for (const one of steps) {
          if (one.do === "append") world.append(one.n);
          else if (one.do === "push") void world.push(one.n, one.lost);
          else if (one.do === "answer") await world.answer(one.n);
          else if (one.do === "evict") world.evict();
          else if (one.do === "advance") world.clock.advance(one.n);
          else if (one.do === "watch") world.shard.watch();
          else if (one.do === "settle") await world.settle();
          // The log may push again from where it does not know that it has been.
          else if (one.do === "rewind") {
            world.sinkCursor = world.sinkCursor === null ? null : Math.floor(world.sinkCursor * one.at);
            void world.push(one.n);
          } else if (one.do === "leave") {
            const gone = asked.splice(one.n % Math.max(1, asked.length), 1)[0];
            const socket = gone?.sockets.at(-1);
            if (gone !== undefined && socket?.closed === undefined) world.unsubscribe(socket ?? world.connect(), gone.id);
          } else {
            const open = world.sockets.filter(({ closed }) => closed === undefined);
            const socket = (one.n % 3 === 0 ? undefined : open[one.n % Math.max(1, open.length)]) ?? world.connect();
            const { more, pass } = FILTERS[dialect]?.[one.filter] ?? { more: {}, pass: () => true };
            const after = Math.floor(one.at * world.tip);
            const id = `op-${asked.length}-${world.sockets.length}-${world.tip}-${after}-${one.n}`;
            if (asked.some((other) => other.id === id) || asked.filter(({ sockets }) => sockets.includes(socket)).length >= 16) continue;
            world.subscribe(socket, id, after, more);
            asked.push({ sockets: [socket], id, after, more, pass });
          }
          await turn();
          comeBack(world, asked);
        }
        world.closed = closes;
        await world.settleWithTimer();
        for (const { sockets, id, after, pass } of asked) {
          expect(sockets.at(-1)?.closed).toBeUndefined();
          expect(
            sockets.flatMap((socket) => socket.seqs(id)),
            id,
          ).toEqual(world.expected(after, pass));
          expect(sockets.flatMap((socket) => socket.types(id)).filter((type) => type !== "next")).toEqual(closes ? ["complete"] : []);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe("frames", () => {
  it("carry all events of a batch, and one payload serves every socket that asked for the same", async () => {
    const { world } = await aLiveWorld(0 + 1);
    const sockets = Array.from({ length: 20 }, () => world.connect());
    for (const [index, socket] of sockets.entries()) world.subscribe(socket, `op${index}`, 1);
    await world.settle();
    world.append(8);
    await world.settle();
    const seen = range(1, 9).map((seq) => {
      const { stream: _known, ...event } = eventAt(seq);
      return event;
    });
    for (const [index, socket] of sockets.entries()) {
      expect(socket.frames).toEqual([{ type: "next", id: `op${index}`, events: seen, lastSeq: 9 }]);
      expect(socket.texts[0]?.slice(`{"type":"next","id":"op${index}"`.length)).toBe(sockets[0]?.texts[0]?.slice('{"type":"next","id":"op0"'.length));
    }
  });

  it("leave at once when the log was silent, and under load a window apart", async () => {
    const { world } = await aLiveWorld(1);
    const sockets = Array.from({ length: 1_000 }, (_, index) => world.connect(`p${index % 20}`));
    for (const socket of sockets) world.subscribe(socket, "a", 1);
    await world.settle();
    world.clock.advance(1_000);
    world.append(1);
    await world.push();
    expect(sockets[0]?.seqs("a")).toEqual([2]);
    world.append(1);
    const pushed = world.push();
    world.clock.advance(MAX_WINDOW_MS - 1);
    await turn();
    expect(sockets[0]?.seqs("a")).toEqual([2]);
    world.clock.advance(1);
    await pushed;
    expect(sockets[0]?.seqs("a")).toEqual([2, 3]);
  });

  it("have no window for a few sockets", async () => {
    const { world, socket } = await aLiveWorld(1);
    for (let seq = 2; seq < 6; seq++) {
      world.append(1);
      await world.push();
    }
    expect(socket.frames.filter(({ type }) => type === "next")).toHaveLength(5);
  });

  it("of two filters that let the same pass are one distinct operation", () => {
    const key = (filter: Parameters<typeof distinctKey>[0]["filter"]) => distinctKey({ protocol: FACTORY_LOG_PROTOCOL, filter, selection: undefined });
    expect(key({ streams: ["beadUpdates", "sessionEvents"] })).toBe(key({ streams: ["sessionEvents", "beadUpdates", "beadUpdates"] }));
    expect(key({ streams: ["artifactWrites", "beadUpdates", "sessionEvents"] })).toBe(key({}));
    expect(key({ runId: "RUN-a" })).not.toBe(key({}));
  });
});

describe("a socket that does not drain", () => {
  const big = (world: ShardWorld): void => world.append(PING_EVERY_CHARS / 64);

  it("hazard: unbounded payload kills the object - is closed with a code that says resume, and others go on", async () => {
    const { world, socket } = await aLiveWorld(1);
    const other = world.connect();
    world.subscribe(other, "a", 1);
    await world.settle();
    while (socket.closed === undefined && world.tip < 200_000) {
      big(world);
      await world.push();
      if (other.frames.at(-1)?.type === "ping") world.say(other, { type: "pong" });
    }
    expect(socket.closed).toMatchObject({ code: CLOSE.SLOW, reason: expect.stringContaining("resume") });
    const sent = socket.texts.reduce((sum, text) => sum + text.length, 0);
    expect(sent).toBeLessThan(SUBSCRIPTION_LIMITS.unackedChars + 2 * PING_EVERY_CHARS);
    expect(other.closed).toBeUndefined();
    expect(other.seqs("a")).toEqual(range(1, world.tip));
  });

  it("is not replayed to faster than it acknowledges", async () => {
    const world = new ShardWorld();
    world.append(PING_EVERY_CHARS / 16);
    const socket = world.connect();
    world.subscribe(socket, "a", 0);
    await world.settle();
    const sent = socket.texts.reduce((sum, text) => sum + text.length, 0);
    expect(sent).toBeLessThan(PING_EVERY_CHARS + 2_000);
    expect(socket.frames.at(-1)?.type).toBe("ping");
    for (let pongs = 0; pongs < 100 && socket.seqs("a").length < world.tip; pongs++) {
      world.say(socket, { type: "pong" });
      await world.settle();
    }
    expect(socket.seqs("a")).toEqual(range(0, world.tip));
  });

  it("is closed when it has not answered a ping for a minute", async () => {
    const world = new ShardWorld();
    world.append(PING_EVERY_CHARS / 16);
    const socket = world.connect();
    world.subscribe(socket, "a", 0);
    await world.settle();
    world.clock.advance(WATCH_MS + 1);
    world.shard.watch();
    expect(socket.closed?.code).toBe(CLOSE.SLOW);
    expect(world.shard.sockets).toBe(0);
  });
});

describe("limits", () => {
  it("name themselves: operations of a socket, size of a frame, sockets of a principal and of the shard", async () => {
    const { world, socket } = await aLiveWorld();
    for (let index = 1; index <= SUBSCRIPTION_LIMITS.operationsPerSocket; index++) world.subscribe(socket, `op${index}`, 0);
    await world.settle();
    expect(socket.frames.filter(({ type }) => type === "error")).toMatchObject([{ id: "op16", code: "TOO_LARGE", message: expect.stringContaining("16") }]);
    const other = world.connect();
    world.shard.receive(other, "x".repeat(SUBSCRIPTION_LIMITS.messageChars + 1));
    expect(other.closed).toMatchObject({ code: 1009, reason: expect.stringContaining("4096") });
    for (let index = 1; index < SUBSCRIPTION_LIMITS.socketsPerPrincipal; index++) world.connect();
    expect(world.shard.refusal("ci")).toMatchObject({ code: "RATE_LIMITED", message: expect.stringContaining("128") });
    expect(world.shard.refusal("someone-else")).toBeNull();
    for (let index = world.shard.sockets; index < SUBSCRIPTION_LIMITS.socketsPerShard; index++) world.connect(`p${index}`);
    expect(world.shard.refusal("someone-else")).toMatchObject({ code: "RATE_LIMITED", message: expect.stringContaining("4096") });
  });

  it("the largest state of a socket fits its attachment", () => {
    const socket = new ShardWorld().connect("p".repeat(128));
    const world = new ShardWorld();
    const full = world.connect("p".repeat(128));
    for (let index = 0; index < SUBSCRIPTION_LIMITS.operationsPerSocket; index++) {
      const more = { streams: ["beadUpdates", "artifactWrites", "sessionEvents"], runId: "R".repeat(64), mode: "STATE_TRANSITIONS" };
      world.subscribe(full, `${"i".repeat(62)}${10 + index}`, 0, more);
    }
    expect(JSON.stringify(full.attachment()).length).toBeLessThan(12 * 1024);
    expect(socket.attachment()).toMatchObject({ operations: [] });
  });

  it("closes a socket for a frame that is no message, a binary one and an id that is in use", async () => {
    const { world, socket } = await aLiveWorld();
    const [text, binary] = [world.connect(), world.connect()];
    world.shard.receive(text, "no json");
    world.shard.receive(binary, new ArrayBuffer(1));
    world.subscribe(socket, "a", 0);
    expect([text, binary, socket].map(({ closed }) => closed?.code)).toEqual([4400, 1003, 4409]);
  });
});

describe("after an eviction", () => {
  it("a live socket is sent what comes, with no read and no attach", async () => {
    const { world, socket } = await aLiveWorld();
    const { reads, attaches } = world;
    world.evict();
    world.append(2);
    await world.settle();
    expect(socket.seqs("a")).toEqual(range(0, 5));
    expect([world.reads, world.attaches]).toEqual([reads, attaches]);
  });

  it("hazard: one bad run bricks list - a socket whose attachment does not parse is closed, and the others are served", async () => {
    const { world, socket } = await aLiveWorld();
    const bad = world.connect();
    bad.corrupt({ version: 99 });
    world.evict();
    world.append(1);
    await world.settle();
    expect(bad.closed).toMatchObject({ code: CLOSE.RESTART, reason: expect.stringContaining("resume") });
    expect(socket.seqs("a")).toEqual(range(0, 4));
  });

  it("hazard: DO reset on deploy mid-turn - an attach that was never answered is made again", async () => {
    const world = new ShardWorld();
    world.append(2);
    const socket = world.connect();
    world.subscribe(socket, "a", 0);
    await world.answer(0);
    await world.answer(0);
    expect([world.waiting, world.attaches]).toEqual([1, 0]);
    world.evict();
    await world.settle();
    world.append(2);
    await world.settle();
    expect(socket.seqs("a")).toEqual(range(0, 4));
  });

  it("in the middle of a stream costs a client a reconnect with its last seq, and no more", async () => {
    const { world, socket } = await aLiveWorld(1);
    for (let seq = 2; seq < 6; seq++) {
      world.append(1);
      await world.push();
    }
    world.evict();
    expect(socket.closed).toMatchObject({ code: CLOSE.RESTART, reason: expect.stringContaining("resume") });
    world.append(2);
    const back = world.connect();
    world.subscribe(back, "a", socket.lastSeq("a") ?? 0);
    await world.settle();
    expect([...socket.seqs("a"), ...back.seqs("a")]).toEqual(range(0, 7));
  });

  it("of a socket that lost one log's cursor the others keep theirs", async () => {
    const { world, socket } = await aLiveWorld(1);
    world.assemblies = ["pricing"];
    const both = world.connect();
    world.say(both, { type: "subscribe", id: "quiet", log: { assemblyId: "pricing" }, afterSeq: 0 });
    const quiet = world.connect();
    world.say(quiet, { type: "subscribe", id: "quiet", log: { assemblyId: "pricing" }, afterSeq: 0 });
    world.subscribe(both, "busy", 0);
    await world.settle();
    world.append(1);
    await world.push();
    world.append(1);
    await world.push();
    world.evict();
    expect([both, socket, quiet].map(({ closed }) => closed?.code)).toEqual([CLOSE.RESTART, CLOSE.RESTART, undefined]);
    expect(world.storage.sql.exec("SELECT log FROM live_cursors").toArray()).toEqual([{ log: "assembly pricing" }]);
  });

  it("cursors whose sockets are gone are forgotten, and the log is told when it pushes", async () => {
    const { world, socket } = await aLiveWorld();
    socket.close(1006, "");
    world.evict();
    expect(world.storage.sql.exec("SELECT * FROM live_cursors").toArray()).toEqual([]);
    world.append(1);
    await world.push();
    expect(world.sinkCursor).toBeNull();
  });
});

describe("the live cursor", () => {
  const row = (world: ShardWorld) => world.storage.sql.exec("SELECT cursor, moving FROM live_cursors").toArray();

  it("is written with a push that comes alone, once for many that follow each other, and again when they pause", async () => {
    const { world } = await aLiveWorld(1);
    const next = async (): Promise<void> => {
      world.append(1);
      await world.push();
    };
    world.clock.advance(PAUSE_MS);
    await next();
    expect(row(world)).toEqual([{ cursor: 2, moving: 0 }]);
    for (let push = 0; push < 20; push++) {
      world.clock.advance(PAUSE_MS / 4);
      await next();
    }
    expect(row(world)).toEqual([{ cursor: 3, moving: 1 }]);
    world.clock.advance(PAUSE_MS - 1);
    expect(row(world)).toEqual([{ cursor: 3, moving: 1 }]);
    world.clock.advance(1);
    expect(row(world)).toEqual([{ cursor: 22, moving: 0 }]);
  });
});

describe("the timer", () => {
  it("takes up a replay whose read broke", async () => {
    const world = new ShardWorld();
    world.append(2);
    world.brokenReads = 1;
    const socket = world.connect();
    world.subscribe(socket, "a", 0);
    await world.settle();
    expect(socket.frames).toEqual([]);
    expect(world.journal.of("subscriber.replay")).toMatchObject([{ outcome: "failed", fields: { error: "the log was reset" } }]);
    await world.settleWithTimer();
    expect(socket.seqs("a")).toEqual([1, 2]);
  });

  it("attaches again to a log that was silent, so that a lost sink costs a minute and not the stream", async () => {
    const { world, socket } = await aLiveWorld();
    world.sinkCursor = null;
    world.append(2);
    await world.settle();
    expect(socket.seqs("a")).toEqual(range(0, 3));
    await world.settleWithTimer();
    expect(socket.seqs("a")).toEqual(range(0, 5));
  });

  it("is not needed by a shard without sockets", async () => {
    const { world, socket } = await aLiveWorld();
    world.shard.leave(socket);
    world.watchAt = null;
    world.shard.watch();
    expect(world.watchAt).toBeNull();
  });
});

describe("replays", () => {
  it("that stand at the same cursor share their reads", async () => {
    const world = new ShardWorld();
    world.append(8);
    const sockets = Array.from({ length: 100 }, () => world.connect());
    for (const socket of sockets) world.subscribe(socket, "a", 0);
    await world.settle();
    for (const socket of sockets) expect(socket.seqs("a")).toEqual(range(0, 8));
    expect(world.reads).toBe(2);
  });

  it("refused by a log that pushes to as many shards as it may say so and end", async () => {
    const world = new ShardWorld();
    world.append(1);
    world.attachRefused = true;
    const socket = world.connect();
    world.subscribe(socket, "a", 0);
    await world.settle();
    expect(socket.frames.at(-1)).toMatchObject({ type: "error", id: "a", code: "TOO_LARGE" });
    expect(world.storage.sql.exec("SELECT * FROM live_cursors").toArray()).toEqual([]);
  });
});

describe("a push", () => {
  it("that does not join is answered with where to go on", async () => {
    const { world } = await aLiveWorld();
    world.append(5);
    expect(await world.shard.push(world.batch(5))).toEqual({ keep: true, lastSeq: 3 });
  });

  it("of what the shard has changes nothing", async () => {
    const { world, socket } = await aLiveWorld(5);
    expect(await world.shard.push(world.batch(1, 2))).toEqual({ keep: true, lastSeq: 5 });
    world.append(1);
    expect(await world.shard.push(world.batch(5))).toEqual({ keep: true, lastSeq: 6 });
    expect(socket.seqs("a")).toEqual(range(0, 6));
  });

  it("of another org, or with a gap in it, is an error", async () => {
    const { world } = await aLiveWorld();
    world.append(2);
    await expect(world.shard.push({ ...world.batch(3), log: { kind: "session", org: "other", sessionId: SESSION } })).rejects.toMatchObject({
      code: "INTEGRITY",
    });
    await expect(world.shard.push({ ...world.batch(3), lastSeq: 9 })).rejects.toMatchObject({ code: "INTEGRITY" });
  });
});
