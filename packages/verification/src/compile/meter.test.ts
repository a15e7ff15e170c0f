import { parse } from "acorn";
import * as fc from "fast-check";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { MAX_CALL_DEPTH, type Meter } from "./call-depth.ts";
import { insertMeter, meterName } from "./meter.ts";

const meter = (code: string): { metered: string; name: string } => {
  const program = parse(code, { ecmaVersion: "latest", sourceType: "script", allowAwaitOutsideFunction: true, preserveParens: true, locations: true });
  const name = meterName(program);
  return { metered: insertMeter(code, program, name), name };
};

/** A program that does not end is a failure of the test, not its hang, in milliseconds. */
const PATIENCE_MS = 2_000;

const strict = (code: string): string =>
  `"use strict";\nconst log = [];\ntry {\n${code}\n} catch (err) { log.push("threw " + err.message); }\nJSON.stringify(log);`;

function run(code: string, globals: object = {}): unknown {
  return runInNewContext(`(() => { return eval(${JSON.stringify(strict(code))}); })()`, { ...globals }, { timeout: PATIENCE_MS });
}

function newMeter(fuel: number): Meter {
  const state: Meter = {
    f: fuel,
    d: 0,
    x() {
      if (state.f < 0) {
        state.f = 0;
        throw new Error("fuel");
      }
      state.d -= 1;
      throw new Error("depth");
    },
  };
  return state;
}

function runMetered(code: string, fuel = 1_000_000): { log: unknown; meter: Meter } {
  const { metered, name } = meter(code);
  const state = newMeter(fuel);
  return { log: run(metered, { [name]: state }), meter: state };
}

describe("an endless program ends", () => {
  test.each([
    "for (;;);",
    "for (;;) {}",
    "while (true);",
    "do {} while (true)",
    "do 1; while (true)",
    "for (const x of (function* () { for (;;) yield 1; })());",
    "const o = {}; for (let i = 0; ; i++) o[i] = 1;",
    "a: for (;;) { for (;;) continue a; }",
    "for (;;) { try { for (;;); } catch {} }",
    "for (;;) { try { for (;;); } finally { continue; } }",
    "const f = () => { try { f(); } catch {} f(); }; f();",
    "const f = (n) => (n > 40 ? 0 : f(n + 1) + f(n + 1)); f(0);",
    "function f() { return f(); } f();",
    "const o = { get a() { return this.a; } }; o.a;",
    "const o = { set a(v) { this.a = v; } }; o.a = 1;",
    "const o = { m() { this.m(); this.m(); } }; o.m();",
    "class A { constructor() { new A(); } } new A();",
    "let n = 0; class A { x = n++ < 60 && new A(); y = n++ < 60 && new A(); } for (;;) { n = 0; new A(); }",
    "class A { static { for (;;); } }",
    "class A { static x = (() => { for (;;); })(); }",
    "const p = new Proxy({}, { get(t, k, r) { return r[k]; } }); p.x;",
    "const o = { toString() { return `${this}`; } }; `${o}`;",
    "Array.from({ length: 3 }, function f() { return [1].map(f); });",
    "[3, 2, 1].sort(function f(a, b) { for (;;); });",
    "function* g() { yield* g(); } [...g()];",
  ])("%s", (code) => {
    const { log } = runMetered(code, 100_000);
    expect(log).toMatch(/threw (fuel|depth|Maximum call stack)/);
  });

  test("also when it catches what the meter throws, again and again", () => {
    const { log, meter: state } = runMetered("let n = 0; for (let i = 0; i < 50; i++) { try { while (true) n++; } catch { log.push(i); } }", 1_000);
    expect(log).toMatch(/threw fuel/);
    expect(state.f).toBe(0);
  });

  test("also when async functions and promises go round without a loop", async () => {
    const { metered, name } = meter("const f = async () => { await null; return f(); }; done = f();");
    const context: { [name: string]: unknown } = { [name]: newMeter(10_000), done: undefined };
    runInNewContext(metered, context, { timeout: PATIENCE_MS });
    await expect(context["done"]).rejects.toThrow("fuel");
  });
});

describe("fuel", () => {
  test("is one unit a loop iteration and one a function entry", () => {
    const used = (code: string): number => 1_000 - runMetered(code, 1_000).meter.f;
    expect(used("for (let i = 0; i < 10; i++);")).toBe(10);
    expect(used("let i = 0; do i++; while (i < 7)")).toBe(7);
    expect(used("for (const x of [1, 2, 3]) log.push(x)")).toBe(3);
    expect(used("const f = () => 1; f(); f();")).toBe(2);
    expect(used("[1, 2, 3, 4].map((x) => x)")).toBe(4);
    expect(used("class A { x = Math.abs(1); } new A(); new A();")).toBe(2);
    expect(used("log.push(1 + 1)")).toBe(0);
  });

  test("is the same at every run of the same program", () => {
    const code = "const f = (n) => (n < 2 ? n : f(n - 1) + f(n - 2)); log.push(f(12))";
    expect(runMetered(code).meter.f).toBe(runMetered(code).meter.f);
  });
});

describe("depth", () => {
  const deep = (n: number): string => `const f = (n) => (n === 0 ? 0 : 1 + f(n - 1)); log.push(f(${n}))`;

  test("refuses more open calls than the limit, and is zero afterwards", () => {
    const { log, meter: state } = runMetered(deep(MAX_CALL_DEPTH + 1));
    expect(log).toContain("threw depth");
    expect(state.d).toBe(0);
  });

  test("allows recursion below the limit", () => {
    expect(runMetered(deep(MAX_CALL_DEPTH - 100)).log).toBe(`[${MAX_CALL_DEPTH - 100}]`);
  });

  test("counts a call that threw as returned", () => {
    expect(runMetered("const f = () => { throw new Error('x'); }; for (let i = 0; i < 9999; i++) { try { f(); } catch {} }").meter.d).toBe(0);
  });
});

describe("metered code means the same", () => {
  test.each([
    "const f = () => ({ a: 1 }); log.push(f())",
    "const f = (x) => (y) => x + y; log.push(f(1)(2))",
    "const f = function () {}; const g = () => 1; log.push(f.name, g.name, f.length)",
    "class A { f = () => 1; g = function () {}; h = class {}; } const a = new A(); log.push(a.f.name, a.g.name, a.h.name)",
    "class B { constructor(x) { this.x = x; } } class C extends B { y = this.x; constructor() { super(4); this.z = this.y; } } log.push(new C().z)",
    "function f() { return g(); function g() { return 1; } } log.push(f())",
    "function f() { var g = 2; function g() {} return g; } log.push(f())",
    "function f() { function g() { return 1; } function g() { return 2; } return g(); } log.push(f())",
    "function f(a, b = () => a) { var a = 3; return b(); } log.push(f(1))",
    "function f() { return arguments.length; } log.push(f(1, 2))",
    "function* g() { const x = yield 1; log.push(x); } const i = g(); i.next(); i.next(7)",
    "function f() { try { return 1; } finally { log.push('f'); } } log.push(f())",
    "a: { for (;;) break a; } log.push('out')",
    "for (var i in { a: 1, b: 2 }) log.push(i)",
    "if (true) for (const x of [1]) log.push(x); else log.push('no')",
    "const o = { get a() { return 1; }, set a(v) { log.push(v); }, async *m() {} }; o.a = o.a",
    "const x = 1 ? () => 1 : 2, y = [() => 2, () => 3]; log.push(x(), y[1]())",
    "log.push(((a) => a)(1), (async () => 1) instanceof Object)",
    "class A { #p = [1].length; static #q = 2; get p() { return this.#p + A.#q; } } log.push(new A().p)",
    "switch (1) { case 1: for (;;) { break; } default: log.push('d') }",
  ])("%s", (code) => {
    expect(runMetered(code).log).toBe(run(code));
  });

  test("on random programs", () => {
    fc.assert(
      fc.property(program(), (code) => {
        expect(runMetered(code, 10_000_000).log).toBe(run(code));
      }),
      { numRuns: 300 },
    );
  });

  test("on the same lines", () => {
    const code = "for (;;)\n  break;\nconst f = () =>\n  1;\nclass A {\n  x =\n    Math.abs(1);\n}\n";
    expect(meter(code).metered.split("\n").length).toBe(code.split("\n").length);
  });
});

test("random programs with endless loops end", () => {
  fc.assert(
    fc.property(program("while (true) { a++; }"), (code) => {
      runMetered(`${code}\nfor (;;) { ${code} }`, 20_000);
    }),
    { numRuns: 100 },
  );
});

test("the meter's name is one that the program does not have", () => {
  const { name, log } = { ...meter("const $m = 1, $m1 = () => $m; $m1()"), ...runMetered("const $m = 1, $m1 = () => $m; log.push($m1())") };
  expect(name).toBe("$m2");
  expect(log).toBe("[1]");
});

/** Programs over the variables a, b, c that end by themselves, with `extra` as one more statement. */
function program(extra?: string): fc.Arbitrary<string> {
  const depth = { maxDepth: 4, depthSize: "small" } as const;
  const { statement } = fc.letrec<{ expression: string; statement: string; block: string }>((tie) => {
    const expression = tie("expression");
    const statement = tie("statement");
    const of =
      (...parts: readonly string[]) =>
      (...values: string[]): string =>
        parts.map((part, index) => part + (values[index] ?? "")).join("");
    const one = (build: (x: string) => string): fc.Arbitrary<string> => expression.map(build);
    const two = (build: (x: string, y: string) => string): fc.Arbitrary<string> => fc.tuple(expression, expression).map(([x, y]) => build(x, y));
    const name = fc.constantFrom("a", "b", "c");
    const count = fc.integer({ min: 0, max: 3 });
    return {
      expression: fc.oneof(
        depth,
        fc.integer({ min: -3, max: 9 }).map((n) => `(${n})`),
        name,
        two(of("(", " + ", ")")),
        two(of("(", " < ", " ? a : b)")),
        two((x, y) => `((p) => p + ${y})(${x})`),
        two((x, y) => `(function (p, q = ${y}) { return p - q; })(${x})`),
        one((x) => `(() => ({ v: ${x} }))().v`),
        two((x, y) => `[1, 2].map((p) => p * ${x}).reduce((p, q) => p + q, ${y})`),
        two((x, y) => `new (class { x = ${x}; static s = ${y}; get y() { return this.x; } })().y`),
        one((x) => `[...(function* () { yield ${x}; yield* [1, 2]; })()].length`),
        one((x) => `({ m() { return ${x}; } }).m()`),
        one((x) => `(() => { try { return ${x}; } finally { a = 1; } })()`),
      ),
      statement: fc.oneof(
        depth,
        one((x) => `log.push(${x});`),
        fc.tuple(name, expression).map(([v, x]) => `${v} = ${x} % 100;`),
        ...(extra === undefined ? [] : [fc.constant(extra)]),
        fc.tuple(expression, statement, statement).map(([x, s, t]) => `if (${x} > 2) ${s} else ${t}`),
        fc.tuple(count, statement).map(([n, s]) => `for (let i = 0; i < ${n}; i++) ${s}`),
        fc.tuple(count, statement).map(([n, s]) => `{ let n = ${n}; while (n-- > 0) { ${s} } }`),
        fc.tuple(count, statement).map(([n, s]) => `{ let n = ${n}; do ${s} while (n-- > 0); }`),
        fc.tuple(expression, statement).map(([x, s]) => `for (const e of [${x}, 1]) { if (e === 1) continue; ${s} }`),
        statement.map((s) => `(() => { outer: for (const k in { x: 1, y: 2 }) { for (;;) { ${s} continue outer; } } })();`),
        fc.tuple(statement, statement).map(([s, t]) => `try { ${s} throw new Error("e"); } catch { ${t} }`),
        fc.tuple(expression, statement).map(([x, s]) => `{ function h(p) { ${s} return p; } log.push(h(${x})); }`),
        fc.tuple(expression, statement).map(([x, s]) => `switch (${x} % 2) { case 0: ${s} break; default: log.push("d"); }`),
        fc.tuple(statement, statement).map(([s, t]) => `{ ${s} ${t} }`),
      ),
      block: statement,
    };
  });
  return fc.array(statement, { minLength: 1, maxLength: 4 }).map((statements) => `let a = 1, b = 2, c = 3;\n${statements.join("\n")}\nlog.push(a, b, c);`);
}
