/** Examples of a work order as vitest source: one test an example, compared with `toStrictEqual`, numbers exactly. */
import type { Example, ExampleValue } from "@factory/schemas";

/** What to render. */
export type ExampleTests = {
  readonly functionName: string;
  /** Specifier of the module under test, relative to the rendered file. */
  readonly module: string;
  readonly examples: readonly Example[];
  /**
   * Runs every example a second time on deep-frozen arguments and compares both runs, so that a function that writes to
   * its arguments fails: the `no-argument-mutation` detector.
   */
  readonly freezeArguments: boolean;
};

/** Name of an example's test: unique in its file, and the line of the order first. */
export function exampleTestName(example: Example, index: number): string {
  return `line ${example.line} #${index + 1}: ${example.text.trim().slice(0, MAX_NAME_CHARS)}`;
}

/** Name of the test that an example's arguments are left alone. */
export function mutationTestName(example: Example, index: number): string {
  return `line ${example.line} #${index + 1} leaves its arguments unchanged`;
}

/** The line of the order a rendered test's name belongs to, or null for another test. */
export function lineOfTestName(name: string): number | null {
  const match = /(?:^|> )line (\d+) #\d+[: ]/.exec(name);
  return match?.[1] === undefined ? null : Number(match[1]);
}

/** Long enough to recognise an example in a report. */
const MAX_NAME_CHARS = 160;

/**
 * Renders a vitest file. It imports the module as a namespace, so that an export that is missing fails each test with its
 * name and not the whole file.
 */
export function renderExampleTests({ functionName, module, examples, freezeArguments }: ExampleTests): string {
  const tests = examples.flatMap((example, index) => [renderTest(example, index), ...(freezeArguments ? [renderMutationTest(example, index)] : [])]);
  return `${preamble(functionName, module)}${freezeArguments ? FREEZE : ""}\n${tests.join("\n")}`;
}

function preamble(functionName: string, module: string): string {
  const missing = JSON.stringify(`${module} exports no function ${functionName}`);
  return `import { expect, test } from "vitest";
import * as subject from ${JSON.stringify(module)};

async function outcome(args) {
  const call = subject[${JSON.stringify(functionName)}];
  if (typeof call !== "function") return { missing: true };
  try {
    return { value: await call(...args) };
  } catch (err) {
    return { thrown: err };
  }
}

function returned(result) {
  if (result.missing) throw new Error(${missing});
  if ("thrown" in result) throw result.thrown;
  return result.value;
}

function errorNames(result) {
  if (result.missing) throw new Error(${missing});
  if (!("thrown" in result)) throw new Error("it returned a value and threw nothing");
  return [result.thrown?.name, result.thrown?.constructor?.name];
}
`;
}

const FREEZE = `
function frozen(value) {
  if (typeof value === "object" && value !== null) {
    for (const key of Reflect.ownKeys(value)) frozen(value[key]);
    Object.freeze(value);
  }
  return value;
}

function comparable(result) {
  if (result.missing) throw new Error("there is no such function");
  return "thrown" in result ? { thrown: result.thrown?.name } : result;
}
`;

function renderTest(example: Example, index: number): string {
  const args = argumentList(example);
  const check =
    example.expected.kind === "throws"
      ? `expect(errorNames(result)).toContain(${JSON.stringify(example.expected.name)});`
      : `expect(returned(result)).toStrictEqual(${literal(example.expected)});`;
  return `test(${JSON.stringify(exampleTestName(example, index))}, async () => {
  const result = await outcome(${args});
  ${check}
});
`;
}

/** A write that is undone before the return is no mutation anyone sees, but it still differs on frozen arguments. */
function renderMutationTest(example: Example, index: number): string {
  const args = argumentList(example);
  return `test(${JSON.stringify(mutationTestName(example, index))}, async () => {
  const args = ${args};
  const plain = await outcome(args);
  expect(args, "the arguments after the call").toStrictEqual(${args});
  const onFrozen = await outcome(frozen(${args}));
  expect(comparable(onFrozen), "the same call on frozen arguments").toStrictEqual(comparable(plain));
});
`;
}

function argumentList({ args }: Example): string {
  return `[${args.map(literal).join(", ")}]`;
}

/** JavaScript source of an example's value. JSON text would lose -0 and give `__proto__` another meaning. */
function literal(value: ExampleValue): string {
  return value.kind === "undefined" ? "undefined" : jsonLiteral(value.value);
}

function jsonLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonLiteral).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([key, item]) => `[${JSON.stringify(key)}]: ${jsonLiteral(item)}`);
    return `{ ${fields.join(", ")} }`;
  }
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}
