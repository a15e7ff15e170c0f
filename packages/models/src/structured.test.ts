import { describe, expect, test } from "vitest";
import { z } from "zod";
import { MAX_ANSWER_CHARS, parseAnswer } from "./structured.ts";

const either = z.union([
  z.strictObject({ title: z.string(), kind: z.enum(["a", "b"]), parts: z.array(z.string()) }),
  z.strictObject({ why: z.string().min(3) }),
]);
const issuesOf = (value: unknown): readonly string[] => {
  const parsed = parseAnswer(JSON.stringify(value), either);
  return parsed.ok ? [] : parsed.issues;
};

describe("an answer that may have one of several forms", () => {
  test("is taken in each of them", () => {
    expect(issuesOf({ title: "t", kind: "a", parts: [] })).toEqual([]);
    expect(issuesOf({ why: "because" })).toEqual([]);
  });

  test("is told what is wrong with the form it comes closest to, place by place", () => {
    expect(issuesOf({ title: "t", kind: "c", parts: [1] })).toEqual([expect.stringMatching(/^kind: /), expect.stringMatching(/^parts\.0: /)]);
    expect(issuesOf({ title: "t" })).toEqual([expect.stringMatching(/^kind: /), expect.stringMatching(/^parts: /)]);
    expect(issuesOf({ why: "" })).toEqual([expect.stringMatching(/^why: /)]);
    expect(issuesOf({ title: "t", kind: "a", parts: [], id: "1" })).toEqual([expect.stringContaining('Unrecognized key: "id"')]);
  });

  test("is told of the first form where it comes close to none", () => {
    expect(issuesOf({})).toHaveLength(3);
    expect(issuesOf([1])).toEqual([expect.stringMatching(/^the object: .*expected object/)]);
  });

  test("inside of another value is told by the whole path", () => {
    const parsed = parseAnswer(JSON.stringify({ list: [{ why: "" }] }), z.strictObject({ list: z.array(either) }));
    expect(parsed).toMatchObject({ ok: false, issues: [expect.stringMatching(/^list\.0\.why: /)] });
  });
});

test.each([
  ["", "The answer is empty."],
  ["no idea", "The answer holds no JSON object."],
  ['{"title": "t", "kind"', "The answer holds no JSON object."],
  [`{"why": "${"x".repeat(MAX_ANSWER_CHARS)}"}`, `at most ${MAX_ANSWER_CHARS} are read`],
])("a text without an answer says what it lacks", (text, why) => {
  const parsed = parseAnswer(text, either);
  expect(parsed).toMatchObject({ ok: false, issues: [expect.stringContaining(why)] });
});
