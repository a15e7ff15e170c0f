import { expect, test } from "vitest";
import { eventLoopTurn } from "./event-loop.ts";

test("a turn lets in what was due before it and is over before what is set behind it", async () => {
  const ran: string[] = [];
  setTimeout(() => ran.push("before"), 0);
  await eventLoopTurn();
  setTimeout(() => ran.push("behind"), 0);
  expect(ran).toEqual(["before"]);
});
