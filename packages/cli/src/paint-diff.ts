/** Diffs in colour, for a terminal. */
import type { Paint } from "./terminal-text.ts";

/** A unified diff in colour. */
export function paintDiff(diff: string, paint: Paint): string {
  const styled = (line: string): string => {
    if (line.startsWith("+++") || line.startsWith("---")) return paint("bold", line);
    if (line.startsWith("@@")) return paint("cyan", line);
    if (line.startsWith("+")) return paint("green", line);
    return line.startsWith("-") ? paint("red", line) : line;
  };
  return diff.split("\n").map(styled).join("\n");
}
