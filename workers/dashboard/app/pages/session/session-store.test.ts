import { describe, expect, it } from "vitest";
import type { EventRow } from "./session-queries.ts";
import { SessionStore, type SessionView } from "./session-store.ts";
import { aBead, aBeadMove, aHead, aModelCall, SESSION_ID } from "./testing/session-builders.ts";

/** A store whose frames come when the test says so. */
function aStore() {
  const frames: (() => void)[] = [];
  const store = new SessionStore(SESSION_ID, (run) => void frames.push(run));
  let told = 0;
  store.subscribe(() => (told += 1));
  return {
    store,
    frames,
    told: () => told,
    paint: () => {
      for (const run of frames.splice(0)) run();
    },
    view: (): SessionView => {
      const state = store.state();
      if (state.kind !== "known") throw new Error(`The store is ${state.kind}.`);
      return state.view;
    },
  };
}

const seqsOf = (events: readonly EventRow[]): number[] => events.map(({ seq }) => seq);

describe("the store of a session's page", () => {
  it("says that it asks, that there is no such session, and that the session is known", () => {
    const { store, view } = aStore();
    expect(store.state().kind).toBe("asking");
    store.takeHead(null);
    expect(store.state().kind).toBe("missing");
    store.takeHead(aHead());
    expect(view().session.title).toBe("Cart pricing");
  });

  it("folds what has come once a frame, however many batches it came in", () => {
    const { store, frames, told, paint, view } = aStore();
    store.takeHead(aHead());
    const before = told();
    for (let seq = 1; seq <= 50; seq++) store.takeEvents([aBeadMove(seq, { beadId: `BEAD-${seq}` })]);
    expect(frames).toHaveLength(1);
    expect(told()).toBe(before);
    paint();
    expect(told()).toBe(before + 1);
    expect(view().model).toMatchObject({ seq: 50 });
    expect(view().model.beads.size).toBe(50);
  });

  it("resumes after the last event that has come, folded or not", () => {
    const { store, paint } = aStore();
    store.takeHead(aHead({ asOfSeq: 4 }));
    expect(store.lastSeq).toBe(4);
    store.takeEvents([aModelCall(5), aModelCall(6)]);
    expect(store.lastSeq).toBe(6);
    paint();
    expect(store.lastSeq).toBe(6);
  });

  it("keeps each event once when a stream repeats some of them", () => {
    const { store, paint } = aStore();
    store.takeHead(aHead());
    store.takeEvents([aModelCall(1), aModelCall(2)]);
    store.takeEvents([aModelCall(2), aModelCall(3)]);
    paint();
    store.takeEvents([aModelCall(1), aModelCall(3), aModelCall(4)]);
    paint();
    expect(seqsOf(store.events())).toEqual([1, 2, 3, 4]);
  });

  it("signals a kind only once the read model has read its event", () => {
    const { store, paint } = aStore();
    store.takeHead(aHead());
    store.takeEvents([aModelCall(1), aBeadMove(2)]);
    paint();
    expect(store.readSeq(["MODEL_CALLED", "BEAD_STATE_CHANGED"])).toBe(0);
    expect(store.isBehind).toBe(true);
    store.takeHead(aHead({ asOfSeq: 1 }));
    expect(store.readSeq(["MODEL_CALLED"])).toBe(1);
    expect(store.readSeq(["BEAD_STATE_CHANGED"])).toBe(0);
    store.takeHead(aHead({ asOfSeq: 2 }));
    expect(store.readSeq(["BEAD_STATE_CHANGED"])).toBe(2);
    expect(store.isBehind).toBe(false);
  });

  it("signals an event that comes after a head that has read it already", () => {
    const { store, paint } = aStore();
    store.takeHead(aHead());
    store.takeHead(aHead({ asOfSeq: 3 }));
    store.takeEvents([aModelCall(1), aModelCall(2), aModelCall(3)]);
    paint();
    expect(store.isBehind).toBe(true);
    store.takeHead(aHead({ asOfSeq: 3 }));
    expect(store.readSeq(["MODEL_CALLED"])).toBe(3);
  });

  it("keeps what is known on the page when newer figures cannot be had", () => {
    const { store, view } = aStore();
    store.takeHead(aHead());
    store.takeError(new Error("out of reach"));
    expect(store.state()).toMatchObject({ kind: "known", error: { message: "out of reach" } });
    store.takeHead(aHead({ title: "Renamed" }));
    expect(store.state()).toMatchObject({ error: null });
    expect(view().session.title).toBe("Renamed");
  });

  it("leaves a bead that did not change the same thing, so that nothing of it is rendered again", () => {
    const { store, paint, view } = aStore();
    store.takeHead(aHead());
    store.takeBeads([aBead(), aBead({ id: "BEAD-2" })], true);
    const before = view().model.beads.get("BEAD-2");
    store.takeEvents([aBeadMove(5, { toState: "LEASED" })]);
    paint();
    expect(view().model.beads.get("BEAD-1")?.state).toBe("LEASED");
    expect(view().model.beads.get("BEAD-2")).toBe(before);
  });
});
