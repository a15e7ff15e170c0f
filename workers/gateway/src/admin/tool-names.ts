/** What is wrong with a list of tools that a person names. Pure. */
import type { JsonValue } from "@bufbuild/protobuf";
import { isToolName, TOOL_NAMES } from "@factory/gears";
import type { FieldProblem } from "./field-problems.ts";

/** Names that are looked at one by one; far more than there are tools, and few enough for an answer that tells of each. */
const MAX_NAMES = 64;

/**
 * Every problem of a list. A tool that is not in the registry would be permitted and never be there.
 *
 * @param field - path of the list in the request; a problem of one name has its index behind it
 */
export function toolNameProblems(field: string, names: readonly JsonValue[]): FieldProblem[] {
  if (names.length > MAX_NAMES) return [{ field, problem: `has ${names.length} names; it may have ${MAX_NAMES}.` }];
  return names.flatMap((name, index) => {
    const at = `${field}.${index}`;
    if (typeof name !== "string") return [{ field: at, problem: "must be the name of a tool." }];
    if (!isToolName(name)) return [{ field: at, problem: `names no tool; the registry has ${TOOL_NAMES.join(", ")}.` }];
    return names.indexOf(name) === index ? [] : [{ field: at, problem: `names ${name} again.` }];
  });
}
