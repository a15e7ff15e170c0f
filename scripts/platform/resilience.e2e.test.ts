import { afterAll, beforeAll, expect, it } from "vitest";
import { followSession, submitAndFollow } from "@factory/cli";
import type { SessionEvent } from "@factory/schemas/proto";
import { functionsFor, generatedOrder } from "../lib/generated-order.ts";
import { expectBeadsOnce, expectWholeLog } from "../testing/log-checks.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform();
});
afterAll(() => platform.dispose());

async function wholeLog(sessionId: string): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  await followSession(platform.client, sessionId, { onEvent: (event) => events.push(event) });
  return events;
}

it("goes on after SIGKILL in mid-run and ends once, its log gapless", async () => {
  let kills = 0;
  const crash = async (): Promise<void> => {
    kills += 1;
    await platform.crashAndRestart();
  };
  let crashing: Promise<void> | undefined;
  const view = await submitAndFollow(platform.client, await platform.requestText(generatedOrder(10)), {
    onEvent: (_event, now) => {
      const done = [...now.beads.values()].filter((bead) => bead.state === "DONE").length;
      // Once while planning, twice in the middle of the beads.
      const due = (kills === 0 && now.lastSeq >= 5n) || (kills === 1 && done >= 2) || (kills === 2 && done >= 6);
      if (due && crashing === undefined) crashing = crash().finally(() => (crashing = undefined));
    },
  });
  await crashing;
  expect(kills).toBe(3);
  expect(view.terminal?.outcome).toBe("COMPLETED");
  const events = await wholeLog(view.sessionId);
  expectWholeLog(events);
  expectBeadsOnce(events);
});

it("completes a session of 50 beads in one run", async () => {
  const { functions, beads } = functionsFor(50);
  const view = await submitAndFollow(platform.client, await platform.requestText(generatedOrder(functions)));
  expect(view.terminal?.outcome, view.terminal?.reason).toBe("COMPLETED");
  expect([...view.beads.values()].filter((bead) => bead.state === "DONE")).toHaveLength(beads);
  const events = await wholeLog(view.sessionId);
  expectWholeLog(events);
  expectBeadsOnce(events);
});
