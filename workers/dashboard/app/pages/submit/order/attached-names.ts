/** Which attached files an order's `files` names. Names and globs are read as the command line reads them. */
import type { OrderFault } from "@factory/schemas";
import { Minimatch } from "minimatch";

/** The options of node's own globs, by which `factory submit` finds files. */
const AS_NODE = { nonegate: true, nocomment: true, windowsPathsNoEscape: true, optimizationLevel: 2, platform: "linux" } as const;

/** True when a path is one that a name or a glob stands for. Both are relative to the order. */
export function isNamedBy(pattern: string, path: string): boolean {
  return new Minimatch(pattern, AS_NODE).match(path);
}

/** A fault for each name that no attached file has, at the line that has the name. */
export function missingFiles(patterns: readonly string[], paths: readonly string[], text: string): OrderFault[] {
  return patterns
    .filter((pattern) => !paths.some((path) => isNamedBy(pattern, path)))
    .map((pattern) => ({
      line: lineOf(pattern, text),
      rule: "FILE_NOT_ATTACHED",
      fix: `\`files\` names \`${pattern}\`, and no attached file matches it. Attach it, or take it out of \`files\`.`,
    }));
}

/** The line of the front matter that has a name; that of `files` when it is written in another way, such as an escape. */
function lineOf(pattern: string, text: string): number {
  const lines = text.split("\n");
  const end = lines.findIndex((line, at) => at > 0 && /^(---|\.\.\.)\s*$/.test(line));
  const front = lines.slice(0, Math.max(end, 0));
  const key = front.findIndex((line) => /^\s*(["']?)files\1\s*:/.test(line));
  const named = front.findIndex((line, at) => at >= key && line.includes(pattern));
  return Math.max(named, key, 0) + 1;
}
