import { afterAll, beforeAll, expect, it } from "vitest";
import { submitAndFollow } from "@factory/cli";
import { sessionIdOf } from "@factory/schemas";
import { generatedOrder } from "../lib/generated-order.ts";
import { LogSocket } from "../testing/log-socket.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform();
});
afterAll(() => platform.dispose());

const follow = (sessionId: string, more: object = {}): LogSocket => new LogSocket(platform.url, platform.credentials.apiKey, { log: { sessionId }, ...more });

it("a socket that follows a session over SIGKILL and restart misses nothing and sees nothing twice", async () => {
  let socket: LogSocket | undefined;
  let crash: Promise<void> | undefined;
  const view = await submitAndFollow(platform.client, await platform.requestText(generatedOrder(6)), {
    onEvent: (_event, { sessionId }) => {
      socket ??= follow(sessionId).connect();
      const open = socket;
      // Killed once the socket is in the middle of the stream; it comes back as any client does.
      crash ??= open
        .until(({ seqs }) => seqs.length >= 6)
        .then(async () => {
          await platform.crashAndRestart();
          await open.until(({ closed }) => closed);
          open.connect();
        });
    },
  });
  await crash;
  expect(view.terminal?.outcome, view.terminal?.reason).toBe("COMPLETED");
  await socket?.until(({ end }) => end !== undefined);
  expect(socket?.end).toMatchObject({ type: "complete" });
  expect(socket?.sockets).toBe(2);
  expect(socket?.seqs).toEqual(Array.from({ length: Number(view.lastSeq) }, (_, index) => index + 1));
  expect(socket?.kinds.at(-1)).toBe("SESSION_COMPLETED");

  const late = follow(view.sessionId, { mode: "TERMINAL_ONLY" }).connect();
  await late.until(({ end }) => end !== undefined);
  expect([late.seqs, late.end?.type]).toEqual([[Number(view.lastSeq)], "complete"]);
});

it("a session that the org does not have is not found, and a wrong key opens nothing", async () => {
  const absent = follow(sessionIdOf("someone-else", "WO-1", "env-1")).connect();
  await absent.until(({ end }) => end !== undefined);
  expect(absent.end).toMatchObject({ type: "error", code: "NOT_FOUND" });
  const stranger = new LogSocket(platform.url, "fk_acme_wrong", { log: { sessionId: "SES-x" } }).connect();
  await stranger.until(({ closed }) => closed);
  expect(stranger.end).toBeUndefined();
});

it("the gateway's health names the Worker behind the sockets", async () => {
  const response = await fetch(`${platform.url}/health`);
  expect(await response.json()).toMatchObject({ workers: expect.arrayContaining([{ worker: "graphql", ok: true }]) });
});
