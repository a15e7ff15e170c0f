import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { intakeFaults, intakeReport, testabilityOf, vagueWords } from "./intake.ts";
import { anOrder } from "./testing/orders.ts";
import type { OrderParts } from "./testing/orders.ts";
import { LONGEST_READ_CHARS } from "./testability.ts";

const report = (parts: OrderParts, baseTree: { readonly [path: string]: string } = {}) => intakeReport({ order: anOrder(parts), baseTree }, "SIG-1");
/** How the second criterion of an order is decided; the first one has examples. */
function decided(text: string, parts: OrderParts = {}) {
  const order = anOrder({ criteria: ["`twice` doubles a number.", text], ...parts });
  const criterion = order.acceptanceCriteria[1];
  if (criterion === undefined) throw new Error("The order has one criterion.");
  return testabilityOf(criterion, order);
}

describe("how a criterion is decided", () => {
  it("is its examples, with metric, method and threshold", () => {
    const order = anOrder();
    expect(order.acceptanceCriteria.map((criterion) => testabilityOf(criterion, order))).toEqual([
      {
        how: "examples",
        detail: "3 examples of `twice`",
        metric: "what `twice` returns",
        method: "running 3 examples of `twice`",
        threshold: "every example holds",
      },
    ]);
  });

  it("is the tests it names", () => {
    expect(decided("All of it passes tests/all.test.ts.")).toMatchObject({ how: "tests", method: "running tests/all.test.ts", threshold: "every test passes" });
  });

  it.each([
    ["A person confirms that the README names every function.", "the README names every function"],
    ["The accountant of the shop decides whether the totals match the ledger.", "the totals match the ledger"],
    ["Two people of the support team agree that the answer names the order number.", "the answer names the order number"],
    ["A reviewer checks by reading the README that it names every function", "it names every function"],
    ["The README names every function, as a person confirms.", "The README names every function"],
    ["The README names every function (confirmed by a reviewer).", "The README names every function"],
    ["The README names every function; a person decides.", "The README names every function"],
    ["A person confirms that 9 of 10 clerks find the result good.", "9 of 10 clerks find the result good"],
  ])("is the person it names: %s", (text, metric) => {
    expect(decided(text)).toMatchObject({ how: "person", metric });
  });

  it("is a measurement that states method and bound", () => {
    expect(decided("The list opens fast, measured by a stopwatch on the shop's tablet: at most 200 ms.")).toMatchObject({
      how: "person",
      method: "measured by a stopwatch on the shop's tablet",
      threshold: "at most 200 ms",
    });
  });

  it.each([
    "The README names every function.",
    "The parser checks that brackets match.",
    "The totals are better than before.",
    "A person confirms that it works.",
    "A person confirms that the page is fast.",
    "The reviewer decides whether the code is robust and user-friendly.",
    "The list opens, measured by a stopwatch: soon.",
    "The page is fast, measured by <method>: at most <number> <unit>.",
    "A person confirms that <what is seen> instead of 2 pages.",
  ])("is nothing: %s", (text) => {
    expect(decided(text)).toMatchObject({ how: "untestable" });
  });

  it("proposes a call of the function that has no examples", () => {
    expect(
      decided("`label` names a price.", { functions: ["function twice(n: number): number", "function label(text: string, of: number[]): string"] }),
    ).toMatchObject({
      how: "untestable",
      proposal: expect.stringContaining('`label("a", []) => <what it gives>`'),
    });
  });

  it("leaves words in backticks alone", () => {
    expect(vagueWords("The column `fast` is nice, Nice and user friendly.")).toEqual(["nice", "user friendly"]);
    expect(vagueWords("A breakfast is finely made; pre-fast stays.")).toEqual([]);
  });

  it("takes its own proposal for any criterion without vague words", () => {
    const word = fc.constantFrom("page", "shows", "every", "total", "the", "It", "list", "of", "orders", "`code`", "confirms");
    const texts = fc.array(word, { minLength: 4, maxLength: 12 }).map((words) => `The page ${words.join(" ")}.`);
    fc.assert(
      fc.property(texts, (text) => {
        const found = decided(text);
        if (found.how === "untestable") expect(decided(found.proposal)).toMatchObject({ how: "person" });
      }),
    );
  });

  it("reads no more of a criterion than its first characters, so that a long one costs what a short one does", () => {
    const first = "A person confirms that the page names every total and ";
    const whole = `${first}${"a".repeat(LONGEST_READ_CHARS)}`;
    const longer = `${whole}${" measured by ".repeat(4_000)}${"a person of ".repeat(4_000)} fast and nice`;
    expect(decided(longer)).toEqual(decided(whole));
    // What stands at the end of what is read still counts.
    const late = `${"a ".repeat(LONGEST_READ_CHARS / 2 - 14)}as a person confirms`;
    expect(late.length).toBeLessThan(LONGEST_READ_CHARS);
    expect(decided(late)).toMatchObject({ how: "person" });
    expect(decided(`${"b ".repeat(14)}${late}`)).toMatchObject({ how: "untestable" });
  });
});

describe("the intake gate", () => {
  it("passes an order whose criteria are executed, and lists what a person decides as not checked", () => {
    const found = report({ criteria: ["`twice` doubles.", "A person confirms that the README names every function."] });
    expect(found).toMatchObject({ gate: "intake", outcome: "PASS", remediation: [] });
    expect(found.notChecked.map(({ check }) => check)).toEqual(["testable: A person confirms that the README names every function."]);
  });

  it("refuses a criterion that nothing decides, with its line and a wording that works", () => {
    const found = report({ criteria: ["`twice` doubles.", "The README names every function."] });
    expect(found.outcome).toBe("FAIL");
    expect(found.checked.filter(({ outcome }) => outcome === "FAIL").map(({ check }) => check)).toEqual(["testable: The README names every function."]);
    expect(found.remediation).toEqual([
      'Line 16: "The README names every function." cannot be decided: it names neither a function with examples, nor a test, nor a person who decides it. Write instead: A person confirms that the README names every function.',
    ]);
  });

  it("gives its faults with line and rule", () => {
    const order = anOrder({ criteria: ["`twice` doubles.", "The README names every function.", "It passes tests/a.test.ts."] });
    expect(intakeFaults({ order, baseTree: {} }).map(({ line, rule }) => `${line} ${rule}`)).toEqual(["16 CRITERION_UNTESTABLE", "17 TEST_NOT_ATTACHED"]);
    expect(intakeFaults({ order: anOrder(), baseTree: {} })).toEqual([]);
  });

  it("says which vague word is meant and asks for a number", () => {
    const [mend] = report({ criteria: ["`twice` doubles.", "The page is fast and nice."] }).remediation;
    expect(mend).toContain('"fast", "nice"');
    expect(mend).toContain("The page is fast and nice, measured by <method>: at most <number> <unit>.");
  });

  it("refuses tests that are not attached, and takes them when they are", () => {
    const parts = { criteria: ["All of it passes tests/all.test.ts."] };
    expect(report(parts).remediation[0]).toMatch(/^Line 15: attach tests\/all\.test\.ts/);
    expect(report(parts, { "tests/all.test.ts": "" }).outcome).toBe("PASS");
  });

  it("refuses a function that nothing asks for", () => {
    const found = report({ functions: ["function twice(n: number): number", "function stray(n: number): number"] });
    expect(found.remediation).toEqual([expect.stringMatching(/^Line \d+: `stray` is asked for by nothing/)]);
  });

  it("refuses two bounds on the same thing that exclude each other, with both lines", () => {
    const found = report({ criteria: ["`twice` doubles."], constraints: ["A result has at most 5 digits.", "A result has at least 6 digits."] });
    expect(found.remediation).toEqual([expect.stringMatching(/^Line 15: "A result has at least 6 digits." excludes what line 14 says/)]);
    expect(report({ constraints: ["A result has at most 6 digits.", "A result has at least 6 digits."] }).outcome).toBe("PASS");
    expect(report({ constraints: ["A result has at most 5 digits.", "A name has at least 6 digits."] }).outcome).toBe("PASS");
  });

  it("refuses an order without criteria", () => {
    const found = intakeReport({ order: { ...anOrder(), acceptanceCriteria: [] }, baseTree: {} }, "SIG-1");
    expect(found.outcome).toBe("FAIL");
    expect(found.remediation[0]).toContain("Acceptance criteria");
  });
});
