import { describe, expect, it } from "vitest";
import { BOX_HEIGHT, BOX_WIDTH, sumShapes } from "./sum-shapes.ts";

describe("a sum that grows", () => {
  it("stays until the next call and ends at the top right", () => {
    const { line } = sumShapes([
      { at: 1_000, sum: 0 },
      { at: 3_000, sum: 1 },
      { at: 5_000, sum: 4 },
    ]);
    expect(line).toBe(`M0,${BOX_HEIGHT}L500,${BOX_HEIGHT}L500,150.5L${BOX_WIDTH},150.5L${BOX_WIDTH},2`);
  });

  it("lies on the ground while nothing is spent, and has no shape without calls", () => {
    expect(
      sumShapes([
        { at: 1, sum: 0 },
        { at: 2, sum: 0 },
      ]).line,
    ).toBe(`M0,${BOX_HEIGHT}L${BOX_WIDTH},${BOX_HEIGHT}L${BOX_WIDTH},${BOX_HEIGHT}`);
    expect(sumShapes([])).toEqual({ line: "", area: "" });
  });
});
