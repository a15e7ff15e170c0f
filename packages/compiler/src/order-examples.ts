/** Examples against their functions and against each other. */
import { canonicalJson } from "@factory/schemas";
import type { Example, FunctionBlock } from "@factory/schemas";
import { nearest } from "./faults.ts";
import type { Findings } from "./faults.ts";

/**
 * Checks every example and drops those that say nothing new.
 *
 * @returns the examples that fit a function block, in document order, each call once
 */
export function checkExamples(examples: readonly Example[], functions: readonly FunctionBlock[], findings: Findings): Example[] {
  const blocks = new Map(functions.map((block) => [block.name, block]));
  const calls = new Map<string, Example>();
  return examples.filter((example) => fitsFunction(example, blocks, findings) && saysSomethingNew(example, calls, findings));
}

function fitsFunction(example: Example, blocks: ReadonlyMap<string, FunctionBlock>, findings: Findings): boolean {
  const block = blocks.get(example.functionName);
  if (block === undefined) {
    const near = nearest(example.functionName, [...blocks.keys()]);
    const hint = near === undefined ? "Add its signature in a `ts` fence, or remove the example." : `Did you mean \`${near}\`?`;
    findings.fault(example.line, "EXAMPLE_UNKNOWN_FUNCTION", `\`${example.functionName}\` has no function block. ${hint}`);
    return false;
  }
  const most = block.params.some(({ name }) => name.startsWith("...")) ? Infinity : block.params.length;
  const least = block.params.filter(({ optional }) => !optional).length;
  const given = example.args.length;
  if (given >= least && given <= most) return true;
  const takes = most === Infinity ? `at least ${least}` : least === most ? `${most}` : `${least} to ${most}`;
  findings.fault(
    example.line,
    "EXAMPLE_ARGUMENTS",
    `\`${block.name}\` takes ${takes} argument${takes === "1" ? "" : "s"} (line ${block.line}) and is called with ${given}. Correct the call or the signature.`,
  );
  return false;
}

function saysSomethingNew(example: Example, calls: Map<string, Example>, findings: Findings): boolean {
  const key = canonicalJson([example.functionName, example.args]);
  const earlier = calls.get(key);
  if (earlier === undefined) {
    calls.set(key, example);
    return true;
  }
  if (canonicalJson(earlier.expected) === canonicalJson(example.expected)) {
    findings.warn(example.line, "EXAMPLE_DUPLICATE", `This repeats the example of line ${earlier.line} and is dropped. Remove one of the two.`);
  } else {
    findings.fault(
      example.line,
      "EXAMPLE_CONTRADICTION",
      `Lines ${earlier.line} and ${example.line} give the same call of \`${example.functionName}\` two results. Keep the right one.`,
    );
  }
  return false;
}
