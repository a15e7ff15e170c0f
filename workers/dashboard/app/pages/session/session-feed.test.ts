import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Client } from "urql";
import type { LiveClient } from "../../data/subscriptions.ts";
import { feedSession, HEAD_EVERY_MS } from "./session-feed.ts";
import type { EventRow, SessionHead } from "./session-queries.ts";
import { SessionStore } from "./session-store.ts";
import { aBead, aHead, aModelCall, anEnd, SESSION_ID } from "./testing/session-builders.ts";

type Sink = Parameters<LiveClient["subscribe"]>[1];
type Operation = { readonly variables: { readonly afterSeq: number }; readonly sink: Sink; isOver: boolean };

/** A read side that answers what the test says, and a live link that the test holds the other end of. */
function aFeed(first: SessionHead | null, fails = false) {
  const store = new SessionStore(SESSION_ID, (run) => run());
  const operations: Operation[] = [];
  const world = { head: first, fails, heads: 0, bead: aBead(), log: [] as EventRow[] };
  const answer = async (
    document: { readonly definitions?: unknown },
    variables: { readonly first?: number; readonly after?: string | null; readonly afterSeq?: number },
  ) => {
    if (world.fails) return { error: new Error("out of reach") };
    if (variables.afterSeq !== undefined) {
      const { afterSeq } = variables;
      return { data: { session: { events: { nodes: world.log.filter(({ seq }) => seq > afterSeq) } } } };
    }
    if (variables.first === undefined) {
      world.heads += 1;
      return { data: { session: world.head } };
    }
    const isLast = variables.after === "page-1";
    const bead = isLast ? { ...world.bead, id: "BEAD-2" } : world.bead;
    return { data: { session: { beads: { nodes: [bead], pageInfo: { hasNextPage: !isLast, endCursor: isLast ? null : "page-1" } } } }, document };
  };
  const live = {
    subscribe: ((payload: { readonly variables: Operation["variables"] }, sink: Sink) => {
      const operation: Operation = { variables: payload.variables, sink, isOver: false };
      operations.push(operation);
      return () => {
        operation.isOver = true;
        sink.complete();
      };
      // The feed gives these variables, whatever the client would take.
    }) as unknown as LiveClient["subscribe"],
  };
  // Only what the feed calls is there, and it awaits the answer alone.
  const reads = { query: answer } as unknown as Pick<Client, "query">;
  const stop = feedSession({ sessionId: SESSION_ID, store, reads, live });
  const send = (operation: Operation | undefined, ...events: ReturnType<typeof aModelCall>[]): void =>
    operation?.sink.next({ data: { sessionEvents: { events, lastSeq: events.at(-1)?.seq ?? 0 } } });
  return { store, world, operations, stop, send };
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe("the feed of a session's page", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("follows once, after what the head has, and loads every page of beads", async () => {
    const { store, operations } = aFeed(aHead({ asOfSeq: 7 }));
    await pass(0);
    expect(operations.map(({ variables }) => variables.afterSeq)).toEqual([7]);
    const state = store.state();
    expect(state.kind === "known" && [...state.view.model.beads.keys()]).toEqual(["BEAD-1", "BEAD-2"]);
    expect(state.kind === "known" && state.view.model.beadsComplete).toBe(true);
  });

  it("says at every new connection where it has come to", async () => {
    const { operations, send } = aFeed(aHead({ asOfSeq: 7 }));
    await pass(0);
    const [operation] = operations;
    send(operation, aModelCall(8), aModelCall(9));
    // The client serialises the same variables again when it connects again.
    expect(JSON.parse(JSON.stringify(operation?.variables))).toEqual({ sessionId: SESSION_ID, afterSeq: 9 });
  });

  it("follows again from the last event after the operation was refused or broke", async () => {
    const { operations, send } = aFeed(aHead());
    await pass(0);
    send(operations[0], aModelCall(1), aModelCall(2));
    operations[0]?.sink.error(new Error("refused"));
    await pass(2_000);
    expect(operations.map(({ variables }) => variables.afterSeq)).toEqual([2, 2]);
    operations[1]?.sink.next({ errors: [] });
    expect(operations[1]?.isOver).toBe(true);
    await pass(2_000);
    expect(operations).toHaveLength(3);
  });

  it("asks for the head again when events have come, at most every 500 ms, until the read model has them", async () => {
    const { operations, send, store, world } = aFeed(aHead());
    await pass(0);
    expect(world.heads).toBe(1);
    for (let seq = 1; seq <= 30; seq++) {
      send(operations[0], aModelCall(seq));
      await pass(HEAD_EVERY_MS / 10);
    }
    expect(world.heads).toBeLessThanOrEqual(4);
    const before = world.heads;
    await pass(HEAD_EVERY_MS * 3);
    expect(world.heads).toBeGreaterThan(before);
    world.head = aHead({ asOfSeq: 30 });
    await pass(HEAD_EVERY_MS);
    expect(store.isBehind).toBe(false);
    const quiet = world.heads;
    await pass(HEAD_EVERY_MS * 10);
    expect(world.heads).toBe(quiet);
  });

  it("asks no more once the session has ended and the read model has its end", async () => {
    const { operations, send, world } = aFeed(aHead());
    await pass(0);
    send(operations[0], anEnd(1));
    world.head = aHead({ asOfSeq: 1, outcome: "COMPLETED", state: "COMPLETED" });
    await pass(HEAD_EVERY_MS * 2);
    const { heads } = world;
    await pass(120_000);
    expect(world.heads).toBe(heads);
  });

  it("asks the log for the events when the link brings none, and ends with the session", async () => {
    const { store, world } = aFeed(aHead());
    await pass(0);
    world.log = [aModelCall(1), aModelCall(2), anEnd(3)];
    world.head = aHead({ asOfSeq: 3, outcome: "COMPLETED", state: "COMPLETED" });
    await pass(20_000);
    const state = store.state();
    expect(state.kind === "known" && state.view.model).toMatchObject({ seq: 3, closed: true, state: "COMPLETED" });
    const { heads } = world;
    await pass(60_000);
    expect(world.heads).toBe(heads);
  });

  it("leaves the log alone while the link brings what the read model has", async () => {
    const { operations, send, store, world } = aFeed(aHead());
    await pass(0);
    world.log = [{ ...aModelCall(1), eventId: "from the log" }];
    world.head = aHead({ asOfSeq: 1 });
    send(operations[0], aModelCall(1));
    await pass(20_000);
    expect(store.events().map(({ eventId }) => eventId)).toEqual(["EVT-1"]);
  });

  it("does not follow a session that has ended already", async () => {
    const { operations, world } = aFeed(aHead({ asOfSeq: 4, outcome: "FAILED", state: "FAILED" }));
    await pass(60_000);
    expect(operations).toEqual([]);
    expect(world.heads).toBe(1);
  });

  it("finds a session that the read model has only after it was asked for", async () => {
    const { store, operations, world } = aFeed(null);
    await pass(0);
    expect(store.state().kind).toBe("missing");
    world.head = aHead();
    await pass(HEAD_EVERY_MS);
    expect(store.state().kind).toBe("known");
    expect(operations).toHaveLength(1);
  });

  it("says that it cannot ask, goes on trying, and recovers", async () => {
    const { store, world } = aFeed(aHead(), true);
    await pass(0);
    expect(store.state().kind).toBe("failed");
    world.fails = false;
    await pass(2_000);
    expect(store.state().kind).toBe("known");
  });

  it("asks nothing and follows nothing once it is stopped", async () => {
    const { operations, stop, world, send } = aFeed(aHead());
    await pass(0);
    stop();
    expect(operations[0]?.isOver).toBe(true);
    send(operations[0], aModelCall(1));
    const { heads } = world;
    await pass(60_000);
    expect(world.heads).toBe(heads);
    expect(operations).toHaveLength(1);
  });
});
