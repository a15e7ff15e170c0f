import { expect, test } from "vitest";
import { shortfalls } from "./baseline.ts";
import type { Baseline, Figures } from "./baseline.ts";
import { percent, ratesBy, share } from "./rates.ts";

const rate = (killed: number, seeded = 100) => ({ seeded, killed });

function figures(change: { specifications?: number; vague?: number; code?: number; equality?: number } = {}): Baseline {
  const { specifications = 98, vague = 10, code = 90, equality = 9 } = change;
  return {
    seed: "gates",
    specifications: { total: rate(specifications), operators: { vague: rate(vague, 10) } },
    code: { total: rate(code), visibleOnly: rate(70), operators: { EqualityOperator: rate(equality, 10) } },
  };
}

test("figures that are those of the baseline hold", () => {
  expect(shortfalls(figures(), figures())).toEqual([]);
});

test("a rate that rises, or more seeded defects of the same rate, hold", () => {
  expect(shortfalls(figures({ specifications: 99, code: 95 }), figures())).toEqual([]);
  expect(shortfalls({ ...figures(), specifications: { total: rate(980, 1_000), operators: { vague: rate(20, 20) } } }, figures())).toEqual([]);
});

test.each<[string, Figures, RegExp]>([
  ["the total of specifications falls", figures({ specifications: 97 }), /^specifications, total: 97\.0 % are killed; the baseline has 98\.0 %\.$/],
  ["one operator on specifications falls", figures({ vague: 9 }), /^specifications, vague: 90\.0 %/],
  ["the total of code falls", figures({ code: 89 }), /^code, total: 89\.0 %/],
  ["one mutator falls", figures({ equality: 8 }), /^code, EqualityOperator: 80\.0 %/],
  ["an operator seeds nothing any more", { ...figures(), specifications: { total: rate(98), operators: {} } }, /vague seeds nothing any more/],
])("the comparison fails when %s", (_, now, problem) => {
  expect(shortfalls(now, figures())).toEqual([expect.stringMatching(problem)]);
});

test("what must hold holds without a baseline, and against one that is lower", () => {
  const low = figures({ specifications: 94, code: 79 });
  expect(shortfalls(low, undefined)).toEqual([expect.stringContaining("at least 95 %"), expect.stringContaining("at least 80 %")]);
  expect(shortfalls(low, low)).toHaveLength(2);
});

test("a run that seeds nothing fails: an empty set proves nothing", () => {
  expect(shortfalls({ seed: "gates", specifications: { total: rate(0, 0), operators: {} } }, undefined)).toHaveLength(1);
});

test("another sample is not compared with the baseline, and a part that did not run is not missed", () => {
  expect(shortfalls({ ...figures({ vague: 1 }), seed: "other" }, figures())).toEqual([]);
  const { code: _, ...specificationsOnly } = figures();
  expect(shortfalls(specificationsOnly, figures())).toEqual([]);
});

test("a share is counted by name and never rounded up", () => {
  const rates = ratesBy(
    ["b1", "a1", "b0"],
    (item) => item.slice(0, 1),
    (item) => item.endsWith("1"),
  );
  expect(Object.entries(rates)).toEqual([
    ["a", { seeded: 1, killed: 1 }],
    ["b", { seeded: 2, killed: 1 }],
  ]);
  expect([percent(rate(9_999, 10_000)), share(rate(0, 0))]).toEqual(["99.9 %", 0]);
});
