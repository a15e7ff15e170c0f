import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { SubmitSessionRequestSchema } from "@factory/schemas/proto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { followSession, submitAndFollow } from "./follow.ts";
import { anEvent, ended, moved, startFakeGateway, type FakeGateway, type Script } from "./testing/fake-gateway.ts";

let fake: FakeGateway | undefined;
afterEach(async () => {
  await fake?.stop();
  fake = undefined;
});

async function start(...scripts: Script[]): Promise<FakeGateway> {
  fake = await startFakeGateway(scripts);
  return fake;
}

const request = create(SubmitSessionRequestSchema, {});
const all = [moved(1, "COMMISSIONING"), moved(2, "COMPILING"), moved(3, "EXECUTING"), ended(4)];

describe("submitAndFollow", () => {
  it("resumes after a break with the last seq it saw, and sees each event once", async () => {
    const { client, resumed } = await start(
      { events: all.slice(0, 2), last: Code.Unavailable },
      { events: all.slice(0, 3), last: "end" },
      { events: all, last: "end" },
    );
    const seen: bigint[] = [];
    const reconnects: string[] = [];
    const view = await submitAndFollow(client, request, { onEvent: (event) => seen.push(event.seq), onReconnect: (reason) => reconnects.push(reason) });
    expect(seen).toEqual([1n, 2n, 3n, 4n]);
    expect(resumed).toEqual([2n, 3n]);
    expect(reconnects).toEqual(["the log broke off"]);
    expect(view.terminal?.outcome).toBe("COMPLETED");
  });

  it("throws what resuming cannot mend", async () => {
    const { client } = await start({ events: [], last: Code.Unauthenticated });
    await expect(submitAndFollow(client, request)).rejects.toMatchObject({ code: Code.Unauthenticated });
  });

  it("throws when a refusal comes in mid-stream", async () => {
    const { client, resumed } = await start({ events: all.slice(0, 1), last: Code.PermissionDenied });
    await expect(submitAndFollow(client, request)).rejects.toBeInstanceOf(ConnectError);
    expect(resumed).toEqual([]);
  });

  it("closes the call when it has seen enough of a session that goes on", async () => {
    const { client, left } = await start({ events: all.slice(0, 2), last: "hang" });
    const view = await submitAndFollow(client, request, { until: (now) => now.state === "COMPILING" });
    expect(view.lastSeq).toBe(2n);
    await vi.waitFor(() => expect(left()).toBe(1));
  });
});

describe("followSession", () => {
  it("starts strictly after the seq it is given", async () => {
    const { client, resumed } = await start({ events: all, last: "end" });
    const seen: bigint[] = [];
    await followSession(client, "SES-1", { after: 2n, onEvent: (event) => seen.push(event.seq) });
    expect(seen).toEqual([3n, 4n]);
    expect(resumed).toEqual([2n]);
  });

  it("ends at once when its signal is aborted", async () => {
    const { client } = await start({ events: all.slice(0, 1), last: "hang" });
    const stop = new AbortController();
    const view = await followSession(client, "SES-1", { signal: stop.signal, onEvent: () => stop.abort() });
    expect(view.lastSeq).toBe(1n);
  });

  it("leaves at a review that waits for a person, not at one that policy decides", async () => {
    const review = (seq: number, context?: object): ReturnType<typeof anEvent> =>
      anEvent(seq, "REVIEW_REQUIRED", {
        case: "reviewPrompt",
        value: { reviewId: `REV-${seq}`, toState: "AWAITING_APPROVAL", ...(context === undefined ? {} : { context }) },
      });
    const { client } = await start({ events: [review(1, { decidedBy: "policy:auto" }), moved(2, "COMPILING"), review(3)], last: "hang" });
    const view = await followSession(client, "SES-1", { until: (now) => now.openReview?.decidedByPolicy === false });
    expect(view.openReview?.reviewId).toBe("REV-3");
  });
});
