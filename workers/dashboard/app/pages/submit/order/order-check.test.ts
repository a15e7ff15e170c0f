import { MAX_ORDER_BYTES, MAX_SUBMISSION_BYTES } from "@factory/schemas";
import { describe, expect, it } from "vitest";
import { TEMPLATES } from "../templates/templates.ts";
import { checkOrder } from "./order-check.ts";

const template = (id: string) => {
  const found = TEMPLATES.find((one) => one.id === id);
  if (found === undefined) throw new Error(`There is no template ${id}.`);
  return found.draft;
};

describe("the check of an order", () => {
  it("says what an order without faults comes to", () => {
    const { text, files } = template("person-decides");
    expect(checkOrder(text, files)).toMatchObject({
      text,
      faults: [],
      summary: { title: "Texts on the receipt", assembly: null, reviewMode: "human", priority: "normal", budgetUsd: 2, criteria: 3, functions: 2, examples: 6 },
      settings: { review_mode: "human", budget_usd: "2" },
    });
  });

  it("has a person review an order that says nothing about it", () => {
    const text = template("one-function").text.replace("review_mode: auto\n", "");
    expect(checkOrder(text, [])).toMatchObject({ summary: { reviewMode: "human", budgetUsd: null }, settings: { review_mode: null } });
  });

  it("tells what the parser finds, by line, and no summary", () => {
    const text = template("one-function").text.replace("function slugify(title: string): string", "function slugify(title: string)");
    const { faults, summary } = checkOrder(text, []);
    expect(faults).toEqual([{ line: 21, rule: "SIGNATURE_TYPE", fix: expect.any(String) }]);
    expect(summary).toBeNull();
  });

  it("tells what the intake gate refuses", () => {
    const text = template("one-function").text.replace('words by "-".', 'words by "-".\n- The addresses are nice.');
    expect(checkOrder(text, []).faults).toEqual([{ line: 19, rule: "CRITERION_UNTESTABLE", fix: expect.any(String) }]);
  });

  it("tells each file that is not attached, and none when they are", () => {
    const { text, files } = template("change-existing");
    expect(checkOrder(text, []).faults.map(({ line, rule }) => [line, rule])).toEqual([
      [5, "FILE_NOT_ATTACHED"],
      [6, "FILE_NOT_ATTACHED"],
      [28, "TEST_NOT_ATTACHED"],
    ]);
    expect(checkOrder(text, files).faults).toEqual([]);
  });

  it("does not read an order beyond the limit", () => {
    const { faults, summary } = checkOrder(`${template("one-function").text}${"ä".repeat(MAX_ORDER_BYTES / 2)}`, []);
    expect([faults.map(({ rule }) => rule), summary]).toEqual([["TOO_LARGE"], null]);
  });

  it("counts the order and its files together", () => {
    const { text } = template("one-function");
    const spare = MAX_SUBMISSION_BYTES - new TextEncoder().encode(text).length;
    const rules = (size: number): string[] => checkOrder(text, [{ path: "a.txt", content: "x".repeat(size) }]).faults.map(({ rule }) => rule);
    expect([rules(spare), rules(spare + 1)]).toEqual([[], ["TOO_LARGE"]]);
  });
});
