/** Through which file a function is tested. */
import { INDEX_FILE } from "@factory/schemas";
import type { PlanContext } from "./plan.ts";

/**
 * A unit is tested through its own file, the whole through the file that re-exports it; where that one is missing, through
 * the other.
 *
 * @param files - text files of the tree by path
 * @param fileOf - the file each function is in, as the claims say: `functionFiles(claims)`
 */
export function moduleIn(files: ReadonlyMap<string, string>, through: "own file" | "index", fileOf: (functionName: string) => string): PlanContext["moduleOf"] {
  return (functionName) => {
    const own = fileOf(functionName);
    if (through === "index") return files.has(INDEX_FILE) || !files.has(own) ? INDEX_FILE : own;
    return files.has(own) || !files.has(INDEX_FILE) ? own : INDEX_FILE;
  };
}
