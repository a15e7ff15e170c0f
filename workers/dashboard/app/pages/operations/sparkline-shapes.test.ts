import { describe, expect, it } from "vitest";
import { SPARK_HEIGHT, SPARK_WIDTH, sparkShapes } from "./sparkline-shapes.ts";

const series = (...values: readonly (number | null)[]) => values.map((value, index) => ({ at: index * 5_000, value }));
const numbers = (path: string): number[] => (path.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);

describe("a sparkline", () => {
  it("reaches from the first answer to the last and stays in its box", () => {
    const path = sparkShapes(series(0, 40, 3, 12)).line;
    const values = numbers(path);
    const [xs, ys] = [values.filter((_, index) => index % 2 === 0), values.filter((_, index) => index % 2 === 1)];
    expect([Math.min(...xs), Math.max(...xs)]).toEqual([0, SPARK_WIDTH]);
    expect(Math.min(...ys)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...ys)).toBeLessThanOrEqual(SPARK_HEIGHT);
  });

  it("is broken where nothing is known, and does not fall to the ground there", () => {
    expect(sparkShapes(series(5, 5, null, 5, 5)).line.match(/M/g)).toHaveLength(2);
    expect(sparkShapes(series(5, 5, 0, 5, 5)).line.match(/M/g)).toHaveLength(1);
  });

  it("shows a value between unknown ones as a dot", () => {
    expect(sparkShapes(series(null, 7, null)).dots).toHaveLength(1);
    expect(sparkShapes(series(7)).dots).toHaveLength(1);
    expect(sparkShapes(series(7, 7)).dots).toEqual([]);
  });

  it("lies on the ground while all is zero", () => {
    const ys = numbers(sparkShapes(series(0, 0, 0)).line).filter((_, index) => index % 2 === 1);
    expect(new Set(ys)).toEqual(new Set([SPARK_HEIGHT - 1.5]));
  });

  it("is nothing before the first answer", () => {
    expect(sparkShapes([])).toEqual({ line: "", area: "", dots: [] });
  });
});
