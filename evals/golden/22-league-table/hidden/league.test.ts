import { expect, test } from "vitest";
import { goalDifference, matchPoints, podium, rankOf, seasonPoints, teamsOver } from "../src/index.ts";

test("points of a match", () => {
  for (let own = 0; own < 7; own += 1) {
    for (let other = 0; other < 7; other += 1) expect([own, other, matchPoints(own, other)]).toEqual([own, other, own > other ? 3 : own === other ? 1 : 0]);
  }
});

test("ranks are shared by equal points", () => {
  const table = Object.freeze([18, 40, 18, 7, 25]) as unknown as number[];
  expect(table.map((points) => rankOf(table, points))).toEqual([3, 1, 3, 5, 2]);
});

test("the podium leaves the table as it is", () => {
  const table = Object.freeze([100, 9, 20, 3]) as unknown as number[];
  expect(podium(table)).toEqual([100, 20, 9]);
  expect(podium([5])).toEqual([5]);
});

test("sums, differences and names", () => {
  expect([goalDifference(1, 0), seasonPoints([3, 0, 3, 1, 1])]).toEqual([1, 8]);
  expect(
    teamsOver(
      [
        { name: "A", points: 1 },
        { name: "B", points: 2 },
        { name: "C", points: 3 },
      ],
      1,
    ),
  ).toEqual(["B", "C"]);
});
