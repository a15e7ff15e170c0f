/* oxlint-disable typescript/no-explicit-any -- what a test hands to vitest may be of any type */
/** The part of vitest that the sandbox has. What is missing here is missing at run time too. */
declare module "vitest" {
  type Awaitable<T> = T | PromiseLike<T>;

  export interface TestContext {
    readonly task: { readonly id: string; readonly name: string };
    readonly expect: ExpectStatic;
    readonly signal: unknown;
    skip(note?: string): never;
    skip(condition: boolean, note?: string): void;
    onTestFailed(listener: () => Awaitable<void>, timeoutMs?: number): void;
    onTestFinished(listener: () => Awaitable<void>, timeoutMs?: number): void;
  }
  export interface TestOptions {
    timeout?: number;
    retry?: number;
    repeats?: number;
    skip?: boolean;
    only?: boolean;
    todo?: boolean;
    fails?: boolean;
    concurrent?: boolean;
    sequential?: boolean;
  }
  type TestBody = (context: TestContext) => Awaitable<unknown>;
  type EachName = string;
  type EachRow<T> = T extends readonly unknown[] ? T : [T];
  interface Each<O> {
    <const T extends readonly unknown[]>(
      cases: readonly T[],
    ): (name: EachName, body: (...row: { -readonly [K in keyof T]: T[K] }) => Awaitable<unknown>, options?: O) => void;
    <T>(cases: readonly T[]): (name: EachName, body: (...row: T[]) => Awaitable<unknown>, options?: O) => void;
    (strings: TemplateStringsArray, ...values: unknown[]): (name: EachName, body: (row: any) => Awaitable<unknown>, options?: O) => void;
  }
  interface For {
    <T>(cases: readonly T[]): (name: EachName, body: (row: T, context: TestContext) => Awaitable<unknown>, options?: TestOptions | number) => void;
  }
  interface TestCall {
    (name: string | Function, body?: TestBody, timeoutMs?: number): void;
    (name: string | Function, options: TestOptions, body?: TestBody): void;
  }
  export interface TestAPI extends TestCall {
    readonly only: TestAPI;
    readonly skip: TestAPI;
    readonly todo: TestAPI;
    readonly fails: TestAPI;
    readonly concurrent: TestAPI;
    readonly sequential: TestAPI;
    skipIf(condition: unknown): TestAPI;
    runIf(condition: unknown): TestAPI;
    each: Each<TestOptions | number>;
    for: For;
  }
  interface SuiteCall {
    (name: string | Function, body?: () => Awaitable<void>, options?: TestOptions | number): void;
    (name: string | Function, options: TestOptions, body?: () => Awaitable<void>): void;
  }
  export interface SuiteAPI extends SuiteCall {
    readonly only: SuiteAPI;
    readonly skip: SuiteAPI;
    readonly todo: SuiteAPI;
    readonly concurrent: SuiteAPI;
    readonly sequential: SuiteAPI;
    readonly shuffle: SuiteAPI;
    skipIf(condition: unknown): SuiteAPI;
    runIf(condition: unknown): SuiteAPI;
    each: Each<TestOptions | number>;
    for: For;
  }

  type Thrown = string | RegExp | Error | (new (...args: any[]) => Error) | { asymmetricMatch(other: unknown): boolean } | { message: string };

  export interface Matchers<R> {
    toBe(expected: unknown): R;
    toEqual(expected: unknown): R;
    toStrictEqual(expected: unknown): R;
    toMatchObject(expected: object | readonly unknown[]): R;
    toBeOneOf(expected: readonly unknown[] | ReadonlySet<unknown>): R;
    toBeCloseTo(expected: number, digits?: number): R;
    toBeDefined(): R;
    toBeUndefined(): R;
    toBeNull(): R;
    toBeNullable(): R;
    toBeNaN(): R;
    toBeTruthy(): R;
    toBeFalsy(): R;
    toBeGreaterThan(expected: number | bigint): R;
    toBeGreaterThanOrEqual(expected: number | bigint): R;
    toBeLessThan(expected: number | bigint): R;
    toBeLessThanOrEqual(expected: number | bigint): R;
    toBeTypeOf(expected: "bigint" | "boolean" | "function" | "number" | "object" | "string" | "symbol" | "undefined"): R;
    toBeInstanceOf(expected: new (...args: any[]) => unknown): R;
    toContain(expected: unknown): R;
    toContainEqual(expected: unknown): R;
    toHaveLength(expected: number): R;
    toHaveProperty(path: string | readonly (string | number)[], value?: unknown): R;
    toMatch(expected: string | RegExp): R;
    toSatisfy(predicate: (value: any) => boolean, message?: string): R;
    toThrow(expected?: Thrown): R;
    toThrowError(expected?: Thrown): R;
    toHaveBeenCalled(): R;
    toHaveBeenCalledOnce(): R;
    toHaveBeenCalledTimes(times: number): R;
    toHaveBeenCalledWith(...args: unknown[]): R;
    toHaveBeenCalledExactlyOnceWith(...args: unknown[]): R;
    toHaveBeenLastCalledWith(...args: unknown[]): R;
    toHaveBeenNthCalledWith(n: number, ...args: unknown[]): R;
    toHaveReturned(): R;
    toHaveReturnedTimes(times: number): R;
    toHaveReturnedWith(value: unknown): R;
    toHaveLastReturnedWith(value: unknown): R;
    toHaveNthReturnedWith(n: number, value: unknown): R;
    toHaveResolved(): R;
    toHaveResolvedTimes(times: number): R;
    toHaveResolvedWith(value: unknown): R;
  }
  export interface Assertion extends Matchers<void> {
    readonly not: Assertion;
    readonly resolves: AsyncAssertion;
    readonly rejects: AsyncAssertion;
  }
  export interface AsyncAssertion extends Matchers<Promise<void>> {
    readonly not: AsyncAssertion;
  }
  interface AsymmetricMatchers {
    any(type: unknown): any;
    anything(): any;
    arrayContaining<T>(expected: readonly T[]): any;
    objectContaining(expected: object): any;
    stringContaining(expected: string): any;
    stringMatching(expected: string | RegExp): any;
    closeTo(expected: number, digits?: number): any;
    toSatisfy(predicate: (value: any) => boolean): any;
    toBeOneOf(expected: readonly unknown[]): any;
  }
  export interface ExpectStatic extends AsymmetricMatchers {
    <T>(actual: T, message?: string): Assertion;
    readonly not: AsymmetricMatchers;
    soft<T>(actual: T, message?: string): Assertion;
    extend(matchers: Record<string, (this: any, received: any, ...expected: any[]) => Awaitable<{ pass: boolean; message: () => string }>>): void;
    addEqualityTesters(testers: ((this: any, a: any, b: any) => boolean | undefined)[]): void;
    assertions(count: number): void;
    hasAssertions(): void;
    unreachable(message?: string): never;
  }

  export interface MockContext<F extends (...args: any[]) => any> {
    readonly calls: Parameters<F>[];
    readonly results: { readonly type: "return" | "throw" | "incomplete"; readonly value: any }[];
    readonly instances: unknown[];
    readonly lastCall: Parameters<F> | undefined;
    readonly invocationCallOrder: number[];
  }
  export interface Mock<F extends (...args: any[]) => any = (...args: any[]) => any> {
    (...args: Parameters<F>): ReturnType<F>;
    readonly mock: MockContext<F>;
    mockClear(): this;
    mockReset(): this;
    mockRestore(): void;
    mockName(name: string): this;
    getMockName(): string;
    getMockImplementation(): F | undefined;
    mockImplementation(body: F): this;
    mockImplementationOnce(body: F): this;
    mockReturnThis(): this;
    mockReturnValue(value: ReturnType<F>): this;
    mockReturnValueOnce(value: ReturnType<F>): this;
    mockResolvedValue(value: Awaited<ReturnType<F>>): this;
    mockResolvedValueOnce(value: Awaited<ReturnType<F>>): this;
    mockRejectedValue(reason: unknown): this;
    mockRejectedValueOnce(reason: unknown): this;
  }
  export interface Vi {
    fn<F extends (...args: any[]) => any = (...args: any[]) => any>(body?: F): Mock<F>;
    spyOn<T extends object, K extends keyof T>(object: T, method: K): Mock<T[K] extends (...args: any[]) => any ? T[K] : (...args: any[]) => any>;
    isMockFunction(value: unknown): value is Mock;
    mocked<T>(value: T): T extends (...args: any[]) => any ? Mock<T> & T : T;
    clearAllMocks(): Vi;
    resetAllMocks(): Vi;
    restoreAllMocks(): Vi;
  }

  export const test: TestAPI;
  export const it: TestAPI;
  export const describe: SuiteAPI;
  export const suite: SuiteAPI;
  export const expect: ExpectStatic;
  export const vi: Vi;
  export const vitest: Vi;
  type Hook = (listener: () => Awaitable<unknown>, timeoutMs?: number) => void;
  export const beforeAll: Hook;
  export const afterAll: Hook;
  export const beforeEach: Hook;
  export const afterEach: Hook;
  export function onTestFailed(listener: () => Awaitable<void>, timeoutMs?: number): void;
  export function onTestFinished(listener: () => Awaitable<void>, timeoutMs?: number): void;
}
