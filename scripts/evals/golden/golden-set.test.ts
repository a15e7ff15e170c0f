/** The orders of the set say what their expectations say, and the set has the breadth it claims. */
import { claimsOfOrder, intakeFaults, personClaimsOfOrder } from "@factory/compiler";
import type { OrderFault } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { CI_ORDERS } from "./ci-orders.ts";
import { DOMAINS, readGoldenSet, type GoldenOrder } from "./golden-order.ts";
import { LEAST_COMPLETED_OFFLINE } from "./report.ts";

const SET = readGoldenSet();

/** What the parser or else the intake gate refuses. */
function refusals({ submission }: GoldenOrder): { readonly at: "parser" | "intake"; readonly faults: readonly OrderFault[] } {
  if (submission.parsed === undefined) return { at: "parser", faults: submission.faults };
  const baseTree = Object.fromEntries(submission.files.map(({ path, content }) => [path, content]));
  return { at: "intake", faults: intakeFaults({ order: submission.parsed, baseTree }) };
}

describe("the set", () => {
  test("has 25 orders over at least eight domains, two that are refused and two that end with a person", () => {
    expect(SET).toHaveLength(25);
    expect(new Set(SET.flatMap(({ expected }) => expected.domains)).size).toBeGreaterThanOrEqual(8);
    expect([...new Set(SET.flatMap(({ expected }) => expected.domains))].toSorted()).toEqual([...DOMAINS]);
    const ends = SET.map(({ expected }) => expected.end);
    expect([ends.filter((end) => end === "REFUSED").length, ends.filter((end) => end === "PERSON").length]).toEqual([2, 2]);
  });

  test("expects enough completions of the offline model to hold its bound", () => {
    expect(SET.filter(({ expected }) => expected.offline === "COMPLETED").length).toBeGreaterThanOrEqual(LEAST_COMPLETED_OFFLINE);
  });

  test("has the orders that CI runs, with every way to end among them", () => {
    const ci = SET.filter(({ name }) => CI_ORDERS.includes(name));
    expect(ci).toHaveLength(CI_ORDERS.length);
    expect(new Set(ci.map(({ expected }) => expected.offline))).toEqual(new Set(["COMPLETED", "PERSON", "REFUSED", "BLOCKED"]));
  });
});

describe.each(SET.map((order) => [order.name, order] as const))("%s", (_name, order) => {
  const { expected, submission } = order;

  test("attaches what it should, and nothing of its hidden part or its solution", () => {
    expect(submission.parsed === undefined ? [] : submission.files.map(({ path }) => path)).toEqual(expected.files);
    for (const text of Object.values(order.hidden)) expect(submission.files.map(({ content }) => content)).not.toContain(text);
    expect(expected.files.filter((path) => /^(?:hidden|solution)\//.test(path))).toEqual([]);
  });

  test("is refused exactly as expected", () => {
    const { at, faults } = refusals(order);
    if (expected.refusal === undefined) expect(faults).toEqual([]);
    else {
      expect(at).toBe(expected.refusal.at);
      expect(faults.map(({ rule, line }) => [rule, line])).toEqual(expected.refusal.lines.map((line) => [expected.refusal?.rule, line]));
    }
  });

  test("makes the claims that are expected, and asks a person for no other", () => {
    expect(submission.parsed === undefined).toBe(expected.claims === null);
    if (submission.parsed === undefined) return;
    const kinds = { criterion: 0, constraint: 0, metric: 0 };
    for (const { kind } of claimsOfOrder(submission.parsed)) kinds[kind] += 1;
    expect(kinds).toEqual(expected.claims);
    expect(submission.parsed.functions.map(({ name }) => name)).toEqual(expected.functions);
    expect(personClaimsOfOrder(submission.parsed).map(({ claimId }) => claimId)).toEqual(expected.personClaims);
  });
});

const COMPLETING = SET.filter(({ expected }) => expected.offline === "COMPLETED");

test.each(COMPLETING.map((order) => [order.name, order] as const))("%s hides an example of each function", (_name, { expected, submission }) => {
  const claims = submission.parsed === undefined ? [] : claimsOfOrder(submission.parsed);
  const hidden = expected.functions.filter((name) => claims.some(({ functionName, holdout }) => functionName === name && holdout.length > 0));
  expect(hidden).toEqual(expected.functions);
});
