/**
 * Lines of compiled code back to lines of the source, from a version 3 source map.
 *
 * @see https://tc39.es/ecma426/
 */

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUE_OF: ReadonlyMap<string, number> = new Map([...BASE64].map((character, value) => [character, value]));
/** A digit carries five bits; the sixth says that another digit follows. */
const DIGIT_BITS = 5;
const CONTINUES = 1 << DIGIT_BITS;

/**
 * Source line (from 1) of each compiled line: `map[line - 1]` for a compiled `line`. A line that stands for no source
 * has the line of the nearest mapped one before it, or 1.
 *
 * @param mappings the `mappings` field of a map with one source.
 * @throws Error when a character is not base64.
 */
export function lineMapOf(mappings: string): number[] {
  const lines: number[] = [];
  let sourceLine = 0;
  let known = 1;
  for (const group of mappings.split(";")) {
    let first: number | undefined;
    for (const segment of group === "" ? [] : group.split(",")) {
      const fields = decodeVlq(segment);
      sourceLine += fields[2] ?? 0;
      if (first === undefined && fields[2] !== undefined) first = sourceLine + 1;
    }
    known = first ?? known;
    lines.push(known);
  }
  return lines;
}

/** The source line of a compiled line; without a map the line itself. */
export function sourceLine(map: readonly number[], line: number): number {
  return map[line - 1] ?? map.at(-1) ?? line;
}

function decodeVlq(segment: string): number[] {
  const values: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = VALUE_OF.get(character);
    if (digit === undefined) throw new Error(`Not a base64 digit of a source map: ${JSON.stringify(character)}`);
    value += (digit & (CONTINUES - 1)) << shift;
    if ((digit & CONTINUES) !== 0) {
      shift += DIGIT_BITS;
      continue;
    }
    values.push((value & 1) === 1 ? -(value >>> 1) : value >>> 1);
    value = 0;
    shift = 0;
  }
  return values;
}
