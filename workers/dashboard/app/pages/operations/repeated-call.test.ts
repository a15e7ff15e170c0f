import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RepeatedCall } from "./repeated-call.ts";

/** A call whose answers are given by the test, and what it told. */
class World {
  readonly answers: PromiseWithResolvers<string>[] = [];
  readonly signals: AbortSignal[] = [];
  readonly told: string[] = [];
  isSeen = true;
  readonly call = new RepeatedCall<string>({
    call: (signal) => {
      this.signals.push(signal);
      const answer = Promise.withResolvers<string>();
      this.answers.push(answer);
      return answer.promise;
    },
    everyMs: 5_000,
    mayAsk: () => this.isSeen,
    onAsking: (isAsking) => void this.told.push(isAsking ? "asking" : "idle"),
    onAnswer: (answer) => void this.told.push(answer),
    onError: (err) => void this.told.push(`failed: ${String(err)}`),
  });
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a call that is made again and again", () => {
  it("is made anew some time after its answer, and never twice at once", async () => {
    const world = new World();
    const first = world.call.ask();
    void world.call.ask();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(world.answers.length).toBe(1);
    world.answers[0]?.resolve("one");
    await first;
    await vi.advanceTimersByTimeAsync(4_999);
    expect(world.answers.length).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(world.answers.length).toBe(2);
    expect(world.told).toEqual(["asking", "one", "idle", "asking"]);
  });

  it("goes on after a failure", async () => {
    const world = new World();
    const first = world.call.ask();
    world.answers[0]?.reject("down");
    await first;
    await vi.advanceTimersByTimeAsync(5_000);
    expect([world.told, world.answers.length]).toEqual([["asking", "failed: down", "idle", "asking"], 2]);
  });

  it("rests while nobody looks", async () => {
    const world = new World();
    const first = world.call.ask();
    world.answers[0]?.resolve("one");
    await first;
    world.isSeen = false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(world.answers.length).toBe(1);
    world.isSeen = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(world.answers.length).toBe(2);
  });

  it("is given up when it is stopped, and tells nothing more", async () => {
    const world = new World();
    const first = world.call.ask();
    world.call.stop();
    expect(world.signals[0]?.aborted).toBe(true);
    world.answers[0]?.resolve("late");
    await first;
    await world.call.ask();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([world.told, world.answers.length]).toEqual([["asking"], 1]);
  });
});
