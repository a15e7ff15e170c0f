import type { CandidateScores, FunctionCandidate } from "@factory/schemas";
import { candidateSet } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CANDIDATE_WEIGHTS, candidatesAnswer, candidateTotal, chooseCandidate } from "./pass-candidates.ts";

type Shape = Partial<Pick<FunctionCandidate["proposal"], "expectedInputs" | "expectedOutputs" | "purpose" | "functionType">>;

function aCandidate(name: string, scores: Partial<CandidateScores> = {}, shape: Shape = {}): FunctionCandidate {
  return {
    proposal: {
      name,
      title: name,
      purpose: "Doubles.",
      functionType: "execution",
      expectedInputs: [name],
      expectedOutputs: ["a number"],
      successCriteria: ["doubled"],
      governingConstraints: [],
      confidence: 0.5,
      explicitness: "inferred",
      rationale: "It follows from the goal.",
      ...shape,
    },
    scores: { value: 0.5, feasibility: 0.5, risk: 0.5, cost: 0.5, ...scores },
    rationale: "Scored by what the order states.",
  };
}

const rank = (...candidates: FunctionCandidate[]) => chooseCandidate("propose-function", { candidates });
const names = (...candidates: FunctionCandidate[]) => rank(...candidates).candidates.map(({ proposal }) => proposal.name);

describe("the choice among options", () => {
  test("takes the highest total, and says of each loser what it lacks", () => {
    const set = rank(aCandidate("slow", { value: 0.4, cost: 0.9 }), aCandidate("plain", { value: 0.9 }), aCandidate("risky", { value: 0.9, risk: 0.9 }));
    expect(set.selected).toBe("plain");
    expect(set.candidates.map(({ proposal, outcome }) => [proposal.name, outcome])).toEqual([
      ["plain", "selected"],
      ["risky", "rejected"],
      ["slow", "rejected"],
    ]);
    expect(set.candidates[1]?.reason).toBe("Its total is 0.58 against 0.66 of plain: more risk (0.9 against 0.5).");
    expect(set.candidates[2]?.reason).toContain("less value (0.4 against 0.9), more cost (0.9 against 0.5)");
    expect(candidateSet.parse(set)).toEqual(set);
  });

  test("breaks a tie by less risk, then less cost, then the name", () => {
    expect(names(aCandidate("b", { risk: 0.5, feasibility: 0.5 }), aCandidate("a", { risk: 0.8, feasibility: 0.7 }))).toEqual(["b", "a"]);
    expect(names(aCandidate("b", { cost: 0.2, value: 0.5 }), aCandidate("a", { cost: 0.6, value: 0.6 }))).toEqual(["b", "a"]);
    expect(names(aCandidate("b"), aCandidate("a"))).toEqual(["a", "b"]);
    expect(rank(aCandidate("b"), aCandidate("a")).candidates[1]?.reason).toContain("every score is as good, and the name comes later");
  });

  test("weights add up to 1, so a total is from 0 to 1: nothing is better than all value at no risk", () => {
    expect(Object.values(CANDIDATE_WEIGHTS).reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 10);
    expect(candidateTotal({ value: 1, feasibility: 1, risk: 0, cost: 0 })).toBe(1);
    expect(candidateTotal({ value: 0, feasibility: 0, risk: 1, cost: 1 })).toBe(0);
  });

  test("does not depend on the order in which options are listed, and never takes one that is worse in every score", () => {
    const score = fc.double({ min: 0, max: 1, noNaN: true });
    const scores = fc.record({ value: score, feasibility: score, risk: score, cost: score });
    fc.assert(
      fc.property(fc.array(scores, { minLength: 2, maxLength: 5 }), fc.nat(), (list, turn) => {
        const candidates = list.map((each, at) => aCandidate(`option_${at}`, each));
        const turned = [...candidates.slice(turn % candidates.length), ...candidates.slice(0, turn % candidates.length)];
        const chosen = rank(...candidates);
        expect(rank(...turned)).toEqual(chosen);
        const winner = chosen.candidates[0]?.scores;
        const better = candidates.filter(
          ({ scores: other }) =>
            winner !== undefined &&
            other.value > winner.value + 0.001 &&
            other.feasibility > winner.feasibility + 0.001 &&
            other.risk < winner.risk - 0.001 &&
            other.cost < winner.cost - 0.001,
        );
        expect(better).toEqual([]);
      }),
    );
  });
});

describe("an answer with options", () => {
  test("with two that differ is taken", () => {
    expect(candidatesAnswer.safeParse({ candidates: [aCandidate("a"), aCandidate("b")] }).success).toBe(true);
  });

  test.each([
    ["one option", [aCandidate("a")]],
    ["one option twice", [aCandidate("a"), aCandidate("a")]],
    ["one name with two shapes", [aCandidate("a"), aCandidate("a", {}, { expectedInputs: ["other"] })]],
    ["one shape under two names", [aCandidate("a", {}, { expectedInputs: ["n"] }), aCandidate("b", {}, { expectedInputs: ["N "], purpose: "doubles" })]],
    ["no option", []],
    ["six options", ["a", "b", "c", "d", "e", "f"].map((name) => aCandidate(name))],
    ["a score above 1", [aCandidate("a", { value: 1.1 }), aCandidate("b")]],
  ])("with %s is refused", (_, candidates) => {
    expect(candidatesAnswer.safeParse({ candidates }).success).toBe(false);
  });

  test("with one option twice beside another is two options, each once in the set", () => {
    expect(names(aCandidate("a"), aCandidate("a"), aCandidate("b"))).toEqual(["a", "b"]);
  });
});
