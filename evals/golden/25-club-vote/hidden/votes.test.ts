import { expect, test } from "vitest";
import { hasQuorum, isAccepted, minutesLine, turnout, votesCast, winner } from "../src/index.ts";

test("turnout and quorum", () => {
  expect([turnout(1, 8), turnout(3, 7), turnout(199, 200)]).toEqual([13, 43, 100]);
  for (let votes = 0; votes <= 9; votes += 1) expect([votes, hasQuorum(votes, 9)]).toEqual([votes, votes * 2 >= 9]);
});

test("results", () => {
  expect([isAccepted(7, 6), isAccepted(6, 6), isAccepted(6, 7)]).toEqual([true, false, false]);
  expect(votesCast(100, 20, 3)).toBe(123);
});

test("the winner is the first with the most votes, whatever the names", () => {
  const candidates = Object.freeze([
    { name: "Zoe", votes: 5 },
    { name: "Abe", votes: 6 },
    { name: "Moe", votes: 6 },
  ]) as unknown as { name: string; votes: number }[];
  expect(winner(candidates)).toBe("Abe");
  expect(minutesLine("a b", "c")).toBe("A B: c");
});
