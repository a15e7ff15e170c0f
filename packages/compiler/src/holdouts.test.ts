import { canonicalJson } from "@factory/schemas";
import type { Claim, Example } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { claimsOfOrder } from "./claims.ts";
import { compileWorkGraph } from "./compile.ts";
import { orderForPrompt } from "./prompt-task.ts";
import { holdoutCount } from "./split.ts";
import { anOrder } from "./testing/orders.ts";
import { aCompileRequest } from "./testing/requests.ts";

/** Orders of one to three functions, each with examples of values that occur once, and criteria that name functions any number of times. */
const orders = fc
  .record({
    counts: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 3 }),
    naming: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 5 }),
    repeated: fc.boolean(),
  })
  .filter(({ counts }) => counts.some((count) => count > 0))
  .map(({ counts, naming, repeated }) => {
    const names = ["alphaOne", "betaTwo", "gammaThree"].slice(0, counts.length);
    const examples = names.flatMap((name, at) =>
      Array.from({ length: counts[at] ?? 0 }, (_, index) => `${name}(${7_000_000 + at * 100_000 + index * 13}) => ${8_000_000 + at * 100_000 + index * 17}`),
    );
    return anOrder({
      criteria: naming.map((index, at) => `\`${names[index % names.length] ?? ""}\` does its work, part ${at}.`),
      functions: names.map((name) => `function ${name}(n: number): number`),
      examples: repeated ? [...examples, ...examples.slice(0, 2)] : examples,
    });
  });

const callOf = ({ functionName, args }: Example): string => canonicalJson([functionName, args]);
const valuesOf = (examples: readonly Example[]): string[] =>
  examples.flatMap(({ args, expected }) => [...args, expected].flatMap((value) => (value.kind === "json" ? [canonicalJson(value.value)] : [])));

describe("the examples of an order's claims", () => {
  test("are visible or hidden, never both, over all claims together, and none is lost", () => {
    fc.assert(
      fc.property(orders, (order) => {
        const claims = claimsOfOrder(order);
        const visible = claims.flatMap((claim) => claim.visible).map(callOf);
        const hidden = claims.flatMap(({ holdout }) => holdout).map(callOf);
        const shown = new Set(visible);
        expect(hidden.filter((call) => shown.has(call))).toEqual([]);
        expect([...visible, ...hidden].toSorted()).toEqual(order.examples.map(callOf).toSorted());
        expect(new Set([...visible, ...hidden]).size).toBe(order.examples.length);
      }),
    );
  });

  test("are hidden as many as their number says, of each function on its own", () => {
    fc.assert(
      fc.property(orders, (order) => {
        const hiddenOf = (claims: readonly Claim[], name: string): number =>
          claims.filter(({ functionName }) => functionName === name).reduce((sum, { holdout }) => sum + holdout.length, 0);
        const claims = claimsOfOrder(order);
        for (const { name } of order.functions) {
          const count = order.examples.filter(({ functionName }) => functionName === name).length;
          expect(hiddenOf(claims, name)).toBe(holdoutCount(count));
        }
      }),
    );
  });

  test("that are hidden stand in no directive and in no prompt of a planning pass; those that are visible do", () => {
    fc.assert(
      fc.property(orders, (order) => {
        const claims = claimsOfOrder(order);
        const { artifacts } = compileWorkGraph(aCompileRequest(order));
        const directives = artifacts.filter(({ node }) => node.type === "AtomDirective").map(({ node }) => JSON.stringify(node.data));
        const told = [...directives, JSON.stringify(orderForPrompt(order))].join("\n");
        for (const value of valuesOf(claims.flatMap(({ holdout }) => holdout))) expect(told).not.toContain(value);
        for (const value of valuesOf(claims.flatMap(({ visible }) => visible))) expect(told).toContain(value);
      }),
      { numRuns: 50 },
    );
  });
});
