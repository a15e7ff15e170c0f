import type { Claim, FunctionBlock } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { findConflicts } from "./conflicts.ts";
import type { ConflictAnswer, ConflictCase, ConflictQuestion } from "./conflicts.ts";
import { aClaim, aFunction, anExample, Assembly } from "./testing/assembly.ts";

class Court {
  readonly questions: ConflictQuestion[] = [];
  answer: ConflictAnswer = { verdict: "compatible", reason: "both round" };
  readonly assembly = new Assembly();
  readonly target = this.assembly.specify("WO-1");

  find(overrides: Partial<ConflictCase> = {}, claims: readonly Claim[] = [aClaim()]) {
    const judge = async (question: ConflictQuestion) => {
      this.questions.push(question);
      return this.answer;
    };
    return findConflicts({ graph: this.assembly.port, judge }, { target: this.target, claims, claimId: "C-1", note: "", decidedBy: null, ...overrides });
  }
}

describe("an amended specification", () => {
  test("alone with its function in the assembly contradicts nothing, and nobody is asked", async () => {
    const court = new Court();
    court.assembly.specify("WO-2", [aClaim({ functionName: "triple", visible: [], holdout: [] })], { functions: [aFunction({ name: "triple" })] });
    expect(await court.find({ note: "Round half up." })).toMatchObject({ outcome: "passed" });
    expect(court.questions).toEqual([]);
  });

  test("contradicts another one that expects another value for the same arguments, hidden ones included, named by line alone", async () => {
    const court = new Court();
    const other = court.assembly.specify("WO-2", [
      aClaim({ visible: [], holdout: [anExample(40, { args: [{ kind: "json", value: 15 }], expected: { kind: "json", value: 31 } })] }),
    ]);
    const found = await court.find();
    expect(found).toEqual({ outcome: "failed", detail: `the example of \`double\` on line 15 contradicts line 40 of ${other.id}` });
    expect(found.detail).not.toContain("31");
  });

  test("agrees with another one that has the same examples", async () => {
    const court = new Court();
    court.assembly.specify("WO-2");
    expect(await court.find()).toMatchObject({ outcome: "passed", detail: expect.stringContaining("agree") });
  });

  const [n] = aFunction().params;
  const differing: readonly (readonly [string, Partial<FunctionBlock>, string])[] = [
    ["another type of a parameter", { params: [{ name: "n", type: "string", optional: false }] }, "failed"],
    ["a further parameter", { params: [...(n === undefined ? [] : [n]), { name: "m", type: "number", optional: false }] }, "failed"],
    ["another result", { returnType: "bigint" }, "failed"],
    ["another name of a parameter", { params: [{ name: "value", type: "number", optional: false }] }, "passed"],
  ];
  test.each(differing)("against one with %s is looked at as such", async (_, block, outcome) => {
    const court = new Court();
    court.assembly.specify("WO-2", [aClaim({ visible: [], holdout: [] })], { functions: [aFunction(block)] });
    expect(await court.find()).toMatchObject({ outcome });
  });

  test("does not contradict a later specification of its own work order, which replaces it", async () => {
    const court = new Court();
    court.assembly.specify("WO-1", [aClaim({ visible: [anExample(11, { expected: { kind: "json", value: 0 } })] })], { version: 2 });
    expect(await court.find()).toMatchObject({ outcome: "passed" });
  });

  test("is about no other one when its claim names no function", async () => {
    const court = new Court();
    const { functionName: _none, ...bare } = aClaim({ visible: [], holdout: [] });
    court.assembly.specify("WO-2");
    expect(await court.find({ note: "Be quick." }, [bare])).toMatchObject({ outcome: "passed" });
  });
});

describe("an added sentence", () => {
  test.each([
    ["compatible", "passed"],
    ["contradicts", "failed"],
    ["unknown", "unscored"],
  ] as const)("that the judge finds %s is %s", async (verdict, outcome) => {
    const court = new Court();
    const other = court.assembly.specify("WO-2", [aClaim()], { notes: [{ claimId: "C-1", note: "Round down." }] });
    court.answer = { verdict, reason: "rounding" };
    expect(await court.find({ note: "Round half up." })).toEqual({ outcome, detail: `\`double\` is also in ${other.id}: rounding` });
    expect(court.questions).toMatchObject([
      { functionName: "double", note: "Round half up.", others: [{ specificationId: other.id, notes: ["Round down."], claims: [{ claimId: "C-1" }] }] },
    ]);
    expect(JSON.stringify(court.questions)).not.toContain("holdout");
  });

  test("of a person who decided on it is not put to a judge, and facts count all the same", async () => {
    const court = new Court();
    court.assembly.specify("WO-2");
    expect(await court.find({ note: "Round half up.", decidedBy: "key:ann" })).toMatchObject({ outcome: "passed", detail: expect.stringContaining("key:ann") });
    expect(court.questions).toEqual([]);
    court.assembly.specify("WO-3", [aClaim({ visible: [], holdout: [] })], { functions: [aFunction({ returnType: "bigint" })] });
    expect(await court.find({ note: "Round half up.", decidedBy: "key:ann" })).toMatchObject({ outcome: "failed" });
  });

  test("is put to the judge once for the same order submitted twice, and not at all where there are too many to weigh", async () => {
    const court = new Court();
    for (const domain of ["WO-2", "WO-3"]) court.assembly.specify(domain, [aClaim()], { orderDigest: "the same" });
    await court.find({ note: "Round half up." });
    expect(court.questions[0]?.others).toHaveLength(1);
    for (let number = 4; number < 30; number++) court.assembly.specify(`WO-${number}`);
    expect(await court.find({ note: "Round half up." })).toMatchObject({ outcome: "unscored" });
    expect(court.questions).toHaveLength(1);
  });
});
