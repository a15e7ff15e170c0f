/** The shapes of a sum that grows, in a box that is stretched to the room it has. */
import { area, curveStepAfter, line } from "d3-shape";

/** A sum after an instant; `at` in epoch milliseconds. */
export type SumPoint = { readonly at: number; readonly sum: number };

/** The box's sides; y grows downwards. */
export const BOX_WIDTH = 1_000;
export const BOX_HEIGHT = 200;

/** Kept free above, so that the stroke at the top is whole. */
const EDGE = 2;

/**
 * The line and the ground under it, from zero up. A sum stays as it is until the next call.
 *
 * @param points - ordered by time
 */
export function sumShapes(points: readonly SumPoint[]): { readonly line: string; readonly area: string } {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return { line: "", area: "" };
  const span = Math.max(1, last.at - first.at);
  // A sum of nothing lies on the ground.
  const top = last.sum === 0 ? 1 : last.sum;
  const x = ({ at }: SumPoint): number => ((at - first.at) / span) * BOX_WIDTH;
  const y = ({ sum }: SumPoint): number => BOX_HEIGHT - (sum / top) * (BOX_HEIGHT - EDGE);
  return {
    line: line<SumPoint>(x, y).curve(curveStepAfter)([...points]) ?? "",
    area: area<SumPoint>(x, BOX_HEIGHT, y).curve(curveStepAfter)([...points]) ?? "",
  };
}
