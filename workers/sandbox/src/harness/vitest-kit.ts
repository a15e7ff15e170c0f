/**
 * The real vitest for one run: runner, expect and spies, put together as vitest's own worker does. The whole bundle of this
 * file is one function that the isolate calls at each run, so no run meets state of another.
 */
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  ChaiStyleAssertions,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  addCustomEqualityTesters,
  chai,
  customMatchers,
  getState,
  setState,
  type ExpectStatic,
} from "@vitest/expect";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  getCurrentTest,
  it,
  onTestFailed,
  onTestFinished,
  startTests,
  suite,
  test,
  type File,
  type Suite,
  type Task,
  type Test,
  type VitestRunner,
} from "@vitest/runner";
import { getFullName } from "@vitest/runner/utils";
import { clearAllMocks, fn, isMockFunction, resetAllMocks, restoreAllMocks, spyOn } from "@vitest/spy";
import { stringify } from "@vitest/utils/display";

/** What the kit asks of the run. */
export type KitHooks = {
  readonly testTimeoutMs: number;
  /** Loads the test file; its tests register themselves meanwhile. */
  importFile(): Promise<unknown>;
  /** Called when a test is about to run, and called with it when its function has returned or thrown; may throw to fail it. */
  testBegins(test: object): void;
  testEnds(test: object): void;
};

/** What one test came to, before faults are taken into account. */
export type KitTest = {
  readonly task: object;
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  readonly errors: readonly unknown[];
  readonly durationMs: number;
};
/** What a file came to: errors of its own (collecting, suite hooks) and its tests. */
export type KitFile = {
  readonly tests: readonly KitTest[];
  readonly collectErrors: readonly unknown[];
  readonly suiteErrors: readonly { readonly name: string; readonly errors: readonly unknown[] }[];
};

/** Depth to which console output and messages show a value. */
const SHOWN_DEPTH = 6;

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(ChaiStyleAssertions);
chai.use(JestAsymmetricMatchers);

/** As `createExpect` of vitest, without snapshots and polling. */
function createExpect(owner?: Test): ExpectStatic {
  const expect = ((value: unknown, message?: string) => {
    const { assertionCalls } = getState(expect);
    setState({ assertionCalls: assertionCalls + 1 }, expect);
    const assertion = chai.expect(value, message) as unknown as { withTest(test: Test): unknown };
    const running = owner ?? getCurrentTest();
    return running === undefined ? assertion : assertion.withTest(running);
  }) as ExpectStatic;
  const shared = globalThis as unknown as { [key: symbol]: object };
  Object.assign(expect, chai.expect, shared[ASYMMETRIC_MATCHERS_OBJECT], {
    getState: () => getState(expect),
    setState: (state: Parameters<typeof setState>[0]) => setState(state, expect),
    assert: chai.assert,
    extend: (matchers: unknown) => (chai.expect as unknown as { extend(target: ExpectStatic, matchers: unknown): void }).extend(expect, matchers),
    addEqualityTesters: addCustomEqualityTesters,
    soft: (value: unknown, message?: string) => (expect(value, message) as unknown as { withContext(context: object): unknown }).withContext({ soft: true }),
    unreachable: (message?: string) => chai.assert.fail(`expected${message ? ` "${message}" ` : " "}not to be reached`),
  });
  setState(freshState(), expect);
  chai.util.addMethod(expect as never, "assertions", (expected: number) => {
    setState(
      {
        expectedAssertionsNumber: expected,
        expectedAssertionsNumberErrorGen: () => new Error(`expected number of assertions to be ${expected}, but got ${getState(expect).assertionCalls}`),
      },
      expect,
    );
  });
  chai.util.addMethod(expect as never, "hasAssertions", () => {
    setState({ isExpectingAssertions: true, isExpectingAssertionsError: new Error("expected any number of assertion, but got none") }, expect);
  });
  expect.extend(customMatchers as never);
  return expect;
}

function freshState(): Parameters<typeof setState>[0] {
  return {
    assertionCalls: 0,
    isExpectingAssertions: false,
    isExpectingAssertionsError: null,
    expectedAssertionsNumber: null,
    expectedAssertionsNumberErrorGen: null,
  };
}

const globalExpect = createExpect();
Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: globalExpect });

const supported = {
  fn,
  spyOn,
  isMockFunction,
  mocked: (value: unknown) => value,
  clearAllMocks: () => (clearAllMocks(), vi),
  resetAllMocks: () => (resetAllMocks(), vi),
  restoreAllMocks: () => (restoreAllMocks(), vi),
};

/** `vi` with what the sandbox supports; anything else says so instead of being `undefined`. */
const vi: object = new Proxy(supported, {
  get(target, name) {
    if (typeof name === "symbol" || name in target) return Reflect.get(target, name) as unknown;
    throw new Error(`vi.${name} is not supported in the sandbox; it has ${Object.keys(supported).join(", ")}`);
  },
});

/** What `import ... from "vitest"` gives. */
export const harness = Object.freeze(
  Object.defineProperty(
    {
      test,
      it,
      describe,
      suite,
      expect: globalExpect,
      beforeAll,
      afterAll,
      beforeEach,
      afterEach,
      onTestFailed,
      onTestFinished,
      vi,
      vitest: vi,
      assert: chai.assert,
      chai,
    },
    "__esModule",
    { value: true },
  ),
);

/** Console arguments as one line: strings as they are, other values printed. */
export function format(values: unknown[]): string {
  return values.map((value) => (typeof value === "string" ? value : stringify(value, SHOWN_DEPTH, { printBasicPrototype: false, min: true }))).join(" ");
}

/** Runs one test file. */
export async function runFile(path: string, hooks: KitHooks): Promise<KitFile> {
  const [file] = await startTests([path], new SandboxRunner(hooks));
  if (file === undefined) throw new Error("The runner answered no file");
  return settle(file);
}

class SandboxRunner implements VitestRunner {
  readonly #hooks: KitHooks;
  readonly config: VitestRunner["config"];

  constructor(hooks: KitHooks) {
    this.#hooks = hooks;
    this.config = {
      root: "",
      setupFiles: [],
      name: undefined,
      passWithNoTests: false,
      testNamePattern: undefined,
      allowOnly: true,
      sequence: { seed: 1, hooks: "stack", setupFiles: "list" },
      chaiConfig: undefined,
      maxConcurrency: 5,
      testTimeout: hooks.testTimeoutMs,
      hookTimeout: hooks.testTimeoutMs,
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      tagsFilter: undefined,
      strictTags: false,
    };
  }

  importFile(): unknown {
    return this.#hooks.importFile();
  }

  extendTaskContext(context: Test["context"]): Test["context"] {
    let own: ExpectStatic | undefined;
    Object.defineProperty(context, "expect", { get: () => (own ??= createExpect(context.task)) });
    Object.defineProperty(context, "_local", { get: () => own !== undefined });
    return context;
  }

  onBeforeTryTask(task: Test): void {
    setState(freshState(), globalExpect);
    this.#hooks.testBegins(task);
  }

  onAfterTryTask(task: Test): void {
    const context = task.context as unknown as { readonly _local: boolean; readonly expect: ExpectStatic };
    const state = getState(context._local ? context.expect : globalExpect);
    if (state.expectedAssertionsNumber !== null && state.assertionCalls !== state.expectedAssertionsNumber)
      throw state.expectedAssertionsNumberErrorGen?.() ?? new Error("expected assertions");
    if (state.isExpectingAssertions && state.assertionCalls === 0) throw state.isExpectingAssertionsError ?? new Error("expected assertions");
  }

  onTaskFinished(task: Test): void {
    this.#hooks.testEnds(task);
  }
}

function settle(file: File): KitFile {
  const tests: KitTest[] = [];
  const suiteErrors: { name: string; errors: unknown[] }[] = [];
  const nameOf = (task: Task): string => getFullName(task).slice(file.name.length).replace(/^ > /, "");
  const visit = (suite: Suite): void => {
    for (const task of suite.tasks) {
      if (task.type === "suite") {
        if (task.result?.errors !== undefined) suiteErrors.push({ name: nameOf(task), errors: task.result.errors });
        visit(task);
        continue;
      }
      const state = task.result?.state;
      tests.push({
        task,
        name: nameOf(task),
        state: state === "pass" ? "passed" : state === "fail" ? "failed" : "skipped",
        errors: task.result?.errors ?? [],
        durationMs: Math.max(0, task.result?.duration ?? 0),
      });
    }
  };
  visit(file);
  return {
    tests,
    collectErrors: tests.length === 0 ? (file.result?.errors ?? []) : [],
    suiteErrors: tests.length === 0 ? [] : [...fileErrors(file), ...suiteErrors],
  };
}

/** Errors of the file's own hooks. A file whose tests failed has no errors itself. */
function fileErrors(file: File): { name: string; errors: unknown[] }[] {
  return file.result?.errors === undefined ? [] : [{ name: "", errors: file.result.errors }];
}
