/** The shapes of a small chart, in a box that is stretched to the room it has. */
import { area, curveMonotoneX, line } from "d3-shape";
import type { SeriesPoint } from "./operations-history.ts";

/** The box's sides; y grows downwards. */
export const SPARK_WIDTH = 240;
export const SPARK_HEIGHT = 40;

/** Kept free above and below, so that a stroke at the edge is whole. */
const EDGE = 1.5;

export type SparkShapes = {
  readonly line: string;
  readonly area: string;
  /** Of a value without known neighbours, of which a line would show nothing. */ readonly dots: readonly { readonly x: number; readonly y: number }[];
};

/**
 * A line over time from zero up, broken where a value is not known. What is always zero lies on the ground.
 *
 * @param series - ordered by time
 */
export function sparkShapes(series: readonly SeriesPoint[]): SparkShapes {
  const [first, last] = [series[0], series.at(-1)];
  if (first === undefined || last === undefined) return { line: "", area: "", dots: [] };
  const top = Math.max(1, ...series.map(({ value }) => value ?? 0));
  const span = Math.max(1, last.at - first.at);
  const ground = SPARK_HEIGHT - EDGE;
  const x = ({ at }: SeriesPoint): number => ((at - first.at) / span) * SPARK_WIDTH;
  const y = ({ value }: SeriesPoint): number => ground - ((value ?? 0) / top) * (ground - EDGE);
  const isKnown = ({ value }: SeriesPoint): boolean => value !== null;
  const alone = series.filter((point, index) => isKnown(point) && [series[index - 1], series[index + 1]].every((next) => next === undefined || !isKnown(next)));
  return {
    line: line<SeriesPoint>(x, y).defined(isKnown).curve(curveMonotoneX)([...series]) ?? "",
    area: area<SeriesPoint>(x, ground, y).defined(isKnown).curve(curveMonotoneX)([...series]) ?? "",
    dots: alone.map((point) => ({ x: x(point), y: y(point) })),
  };
}
