import { describe, expect, test } from "vitest";
import { measureDefects, mentions } from "./defects.ts";
import type { Judge, Judgement, Operator } from "./defects.ts";
import { specificationFigures } from "./figures.ts";

const OPERATOR: Operator<string> = {
  name: "shout",
  says: "the text is loud",
  defects: (text) => [
    { site: "all", names: ["C-1"], damaged: text.toUpperCase() },
    { site: "end", names: ["line 7"], damaged: `${text}!` },
  ],
};
const CHOICE = { seed: "s", perOperator: 10 };
const PASS: Judgement = { gate: "coherence", outcome: "PASS", findings: [] };
const refuse = (...findings: string[]): Judgement => ({ gate: "coherence", outcome: "FAIL", findings });
const verdicts = (judge: Judge<string>) => measureDefects("order", "quiet", [OPERATOR], judge, CHOICE).map(({ verdict }) => verdict);

describe("what counts as killed", () => {
  test("a gate that passes everything kills nothing", () => {
    const results = measureDefects("order", "quiet", [OPERATOR], () => PASS, CHOICE);
    expect(results.map(({ verdict, gate }) => [verdict, gate])).toEqual([
      ["missed", undefined],
      ["missed", undefined],
    ]);
    expect(specificationFigures(results)).toEqual({ total: { seeded: 2, killed: 0 }, operators: { shout: { seeded: 2, killed: 0 } } });
  });

  test("a gate that refuses and names the damaged artifact kills", () => {
    expect(verdicts((text) => (text === "quiet" ? PASS : refuse(text.endsWith("!") ? "Line 7: too loud." : "C-1 is too loud.")))).toEqual(["killed", "killed"]);
  });

  test("a gate that refuses and names something else does not kill", () => {
    expect(verdicts((text) => (text === "quiet" ? PASS : refuse("C-12 and line 17 are wrong.")))).toEqual(["misnamed", "misnamed"]);
  });

  test("a gate that could not decide has passed nothing and named nothing", () => {
    expect(verdicts((text) => (text === "quiet" ? PASS : { gate: "coherence", outcome: "INCONCLUSIVE", findings: [] }))).toEqual(["misnamed", "misnamed"]);
  });

  test("gates that refuse what is sound are measured with nothing", () => {
    expect(() => verdicts(() => refuse("C-1 is wrong."))).toThrow(/order is refused as it is by the coherence gate: C-1 is wrong/);
  });

  test("of many sites as many are tried as asked for", () => {
    expect(measureDefects("order", "quiet", [OPERATOR], () => PASS, { seed: "s", perOperator: 1 })).toHaveLength(1);
  });
});

test.each<[string, string, boolean]>([
  ["C-1 has no atom.", "C-1", true],
  ["C-12 has no atom.", "C-1", false],
  ["(C-1)", "C-1", true],
  ["INV-0ABC of C-1: wrong.", "INV-0ABC", true],
  ["XINV-0ABC", "INV-0ABC", false],
  ["There is src/rank.ts already.", "src/rank.ts", true],
  ["There is old/src/rank.ts already.", "src/rank.ts", false],
  ["There is src/rank.tsx already.", "src/rank.ts", false],
  ["Line 14: say more.", "line 14", true],
  ["C-2 (line 14) is wrong.", "line 14", true],
  ["Lines 4 and 14 exclude each other.", "line 14", true],
  ["Lines 4, 9, and 14 exclude each other.", "line 9", true],
  ["Line 140: say more.", "line 14", false],
  ["14 examples.", "line 14", false],
  ["`rank` has no example.", "rank", true],
])("%j names %j: %s", (finding, name, expected) => {
  expect(mentions(finding, name)).toBe(expected);
});
