/** Mutants of accepted code: one small change each, made by Stryker's mutators. */
import { Instrumenter } from "@stryker-mutator/instrumenter";
import { sha256Hex } from "@factory/schemas";

/** One change of one file. */
export type Mutant = {
  /** The same for the same change of the same code. */
  readonly id: string;
  readonly path: string;
  /** Name of Stryker's mutator, such as `EqualityOperator`. */
  readonly operator: string;
  /** 1-based, in the original. */
  readonly line: number;
  readonly original: string;
  readonly replacement: string;
  /** The whole file with the change. */
  readonly source: string;
};

type Place = { readonly line: number; readonly column: number };
type Logger = ConstructorParameters<typeof Instrumenter>[0];

const quiet = (): void => {};
const off = (): boolean => false;
/** Stryker reports how many mutants it placed; the caller counts for itself. */
const SILENT: Logger = {
  isTraceEnabled: off,
  isDebugEnabled: off,
  isInfoEnabled: off,
  isWarnEnabled: off,
  isErrorEnabled: off,
  isFatalEnabled: off,
  trace: quiet,
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: quiet,
  fatal: quiet,
};

/**
 * The mutants of some files, in order of file and place. Wordings of thrown errors are left alone: an order states an
 * error by its name, so that code with another wording is the same code to it.
 *
 * @param files - TypeScript sources by path
 * @see https://stryker-mutator.io/docs/mutation-testing-elements/supported-mutators/
 */
export async function mutantsOf(files: ReadonlyMap<string, string>): Promise<Mutant[]> {
  const instrumenter = new Instrumenter(SILENT);
  const found = new Map<string, Mutant>();
  for (const [path, content] of files) {
    const { mutants } = await instrumenter.instrument([{ name: path, content, mutate: true }], { plugins: null, excludedMutations: [], ignorers: [] });
    for (const { location, mutatorName, replacement } of mutants) {
      const from = offsetOf(content, location.start);
      const to = offsetOf(content, location.end);
      if (mutatorName === "StringLiteral" && wordsAnError(content.slice(0, from))) continue;
      const source = content.slice(0, from) + replacement + content.slice(to);
      if (source === content) continue;
      // Two mutators may make the same change; it is one mutant.
      const id = sha256Hex(`${path}\0${source}`).slice(0, 12);
      found.set(id, { id, path, operator: mutatorName, line: location.start.line + 1, original: content.slice(from, to), replacement, source });
    }
  }
  return [...found.values()];
}

function offsetOf(text: string, { line, column }: Place): number {
  let start = 0;
  for (let at = 0; at < line; at++) start = text.indexOf("\n", start) + 1;
  return start + column;
}

/** Whether what comes next in a source is the first argument of a thrown error. */
function wordsAnError(before: string): boolean {
  return /\bthrow\s+new\s+[\w$.]+\(\s*$/.test(before);
}
