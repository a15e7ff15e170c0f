/** Acceptance criteria: the function and the tests each of them names. */
import type { AcceptanceCriterion, Statement } from "@factory/schemas";
import { workspacePath } from "@factory/schemas";
import { nearest } from "./faults.ts";
import type { Findings } from "./faults.ts";

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const TEST_FILE = /[^\s`"'(),;]+\.test\.ts\b/g;

/**
 * Function names that a text names, in order, each once: in backticks (`name` or `name(...)`), as a call, or as a bare
 * word that no sentence holds by chance (it has an inner capital, a digit, `_` or `$`).
 */
export function functionsNamedIn(text: string, functionNames: { has(name: string): boolean }): string[] {
  const found = new Map<string, number>();
  const note = (name: string, at: number): void => {
    if (functionNames.has(name) && (found.get(name) ?? Infinity) > at) found.set(name, at);
  };
  for (const { name, at } of codeNames(text)) note(name, at);
  for (const match of text.matchAll(/(?<![\p{ID_Continue}$.])([\p{ID_Start}$_][\p{ID_Continue}$]*)(\s*\()?/gu)) {
    const name = match[1] ?? "";
    if (match[2] !== undefined || /[\p{Ll}\d][\p{Lu}]|[\d_$]/u.test(name)) note(name, match.index);
  }
  return [...found].sort((a, b) => a[1] - b[1]).map(([name]) => name);
}

type CodeName = { readonly name: string; readonly at: number; readonly call: boolean };

/** Identifiers that code spans consist of or call. */
function codeNames(text: string): CodeName[] {
  return [...text.matchAll(/(`+)(.+?)\1/gs)].flatMap((span) => {
    const match = /^\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(\(.*)?$/su.exec(span[2] ?? "");
    return match === null ? [] : [{ name: match[1] ?? "", at: span.index, call: match[2] !== undefined }];
  });
}

type Placed = Statement & { readonly under: string };

/**
 * Reads the criteria of an order. Each takes the function it names first, or the one its sub-heading names. A function
 * that is named only behind another still gets its criterion, when the other one keeps one: "Using `a`, `b` sums ..."
 * is about `b` where `a` has a criterion of its own.
 */
export function readCriteria(statements: readonly Placed[], functionNames: ReadonlySet<string>, findings: Findings): AcceptanceCriterion[] {
  const named = statements.map(({ text, under }) => [
    ...functionsNamedIn(text, functionNames),
    ...functionsNamedIn(under, functionNames),
    ...(functionNames.has(under.trim()) ? [under.trim()] : []),
  ]);
  const chosen = named.map((names) => names[0]);
  for (const name of functionNames) {
    if (chosen.includes(name)) continue;
    const index = named.findIndex((names, at) => names.includes(name) && chosen.filter((other) => other === chosen[at]).length > 1);
    if (index >= 0) chosen[index] = name;
  }
  return statements.map(({ text, line }, index) => {
    remarkUnknown(text, line, functionNames, findings);
    checkTestPaths(text, line, findings);
    const functionName = chosen[index];
    return { text, line, tests: testsNamedIn(text), ...(functionName === undefined ? {} : { functionName }) };
  });
}

/** Test files that a text names, each once; what is no path inside the workspace is left out. */
export function testsNamedIn(text: string): string[] {
  const paths = [...text.matchAll(TEST_FILE)].map(([match]) => match.replace(/^\.\//, ""));
  return [...new Set(paths)].filter((path) => workspacePath.safeParse(path).success);
}

function checkTestPaths(text: string, line: number, findings: Findings): void {
  for (const [match] of text.matchAll(TEST_FILE)) {
    if (workspacePath.safeParse(match.replace(/^\.\//, "")).success) continue;
    findings.fault(line, "CRITERION_TEST_PATH", `\`${match.slice(0, 80)}\` is no relative path inside the workspace. Write \`tests/name.test.ts\`.`);
  }
}

/**
 * A code span may be any word, so a name without a block is a remark, and only where the author most likely meant a
 * function: it is written as a call, or it is one slip away from a function that exists.
 */
function remarkUnknown(text: string, line: number, functionNames: ReadonlySet<string>, findings: Findings): void {
  for (const { name, call } of codeNames(text)) {
    if (functionNames.has(name) || !IDENTIFIER.test(name)) continue;
    const near = nearest(name, [...functionNames]);
    if (near === undefined && !call) continue;
    const hint = near === undefined ? "Add its signature in a `ts` fence if the order asks for it." : `Did you mean \`${near}\`?`;
    findings.warn(line, "CRITERION_UNKNOWN_FUNCTION", `\`${name}\` has no function block. ${hint}`);
  }
}
