import { compileWorkGraph, parseWorkOrder } from "@factory/compiler";
import { expect, it } from "vitest";
import { aCompileRequest } from "../../packages/compiler/src/testing/requests.ts";
import { functionsFor, generatedOrder } from "./generated-order.ts";

it.each([7, 10, 11, 12, 50, 51])("an order for at most %i beads compiles to as many as it says", (most) => {
  const { functions, beads } = functionsFor(most);
  const parsed = parseWorkOrder(generatedOrder(functions));
  const seed = parsed.ok ? compileWorkGraph(aCompileRequest(parsed.order)).seed : null;
  expect(seed?.beads).toHaveLength(beads);
  expect(beads).toBeLessThanOrEqual(most);
  expect(functionsFor(beads)).toEqual({ functions, beads });
});

it("no order has fewer beads than its one function, the index and two outcomes", () => {
  expect(functionsFor(4)).toEqual({ functions: 1, beads: 4 });
  expect(() => functionsFor(3)).toThrow(RangeError);
});
