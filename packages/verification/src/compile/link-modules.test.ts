import { describe, expect, test } from "vitest";
import { compileModule, type CompileResult, type Transpile } from "./compile-module.ts";
import { isTestPath, linkModules } from "./link-modules.ts";

/** Files here are CommonJS already, as the transpiler would leave them, so that the tests need no compiler. */
const asIs: Transpile = (_path, source) => ({
  code: source,
  mappings: source
    .split("\n")
    .map((_, line) => (line === 0 ? "AAAA" : "AACA"))
    .join(";"),
  errors: [],
});

function compiled(files: { readonly [path: string]: string }): ReadonlyMap<string, CompileResult> {
  return new Map(Object.entries(files).map(([path, source]) => [path, compileModule(path, source, asIs)]));
}

const link = (entry: string, files: { readonly [path: string]: string }) => linkModules(entry, compiled(files));

describe("linking", () => {
  test("takes what the entry reaches and nothing else", () => {
    const result = link("tests/a.test.ts", {
      "tests/a.test.ts": 'const a = require("../src/a"); const v = require("vitest");',
      "src/a.ts": 'const b = require("./b.js");',
      "src/b.ts": 'const a = require("./a.ts");',
      "src/broken.ts": "const = ;",
    });
    expect(result).toMatchObject({ ok: true });
    expect(result.ok && result.modules.map(({ module }) => module.path)).toEqual(["tests/a.test.ts", "src/a.ts", "src/b.ts"]);
    expect(result.ok && result.modules[0]?.targets).toEqual({ "../src/a": { kind: "file", path: "src/a.ts" }, vitest: { kind: "harness" } });
  });

  test("names file, line and specifier of an absent import", () => {
    const result = link("src/a.ts", { "src/a.ts": '\n\nconst b = require("./b");' });
    expect(result).toEqual({
      ok: false,
      fault: { code: "IMPORT", file: "src/a.ts", line: 3, message: 'src/a.ts:3 imports "./b", which does not exist in the workspace' },
    });
  });

  test.each(["cloudflare:workers", "node:fs", "fs", "https://x.dev/a.js", "../../x"])("refuses %s", (specifier) => {
    expect(link("src/a.ts", { "src/a.ts": `require(${JSON.stringify(specifier)});` })).toMatchObject({ ok: false, fault: { code: "FORBIDDEN", line: 1 } });
  });

  test("refuses an import() of a name that is computed", () => {
    expect(link("src/a.ts", { "src/a.ts": "const f = (x) => require(x);" })).toMatchObject({ ok: false, fault: { code: "FORBIDDEN" } });
  });

  test("keeps code under test away from the harness, directly and through a test file", () => {
    const files = { "tests/help.ts": 'require("vitest");', "src/a.ts": 'require("vitest");', "src/b.ts": 'require("../tests/help");' };
    expect(link("src/a.ts", files)).toMatchObject({ ok: false, fault: { code: "FORBIDDEN", message: expect.stringContaining("only test files") } });
    expect(link("src/b.ts", files)).toMatchObject({ ok: false, fault: { code: "FORBIDDEN", message: expect.stringContaining("does not import tests") } });
    expect(link("tests/help.ts", files)).toMatchObject({ ok: true });
  });

  test("reports the fault of a file that does not compile, when it is reached", () => {
    expect(link("src/a.ts", { "src/a.ts": 'require("./b");', "src/b.ts": "\nconst = 1;" })).toMatchObject({
      ok: false,
      fault: { code: "SYNTAX", file: "src/b.ts", line: 2 },
    });
  });

  test("reports an entry that is not there", () => {
    expect(link("src/a.ts", {})).toMatchObject({ ok: false, fault: { code: "IMPORT", file: "src/a.ts" } });
  });
});

describe("compiling", () => {
  const compile = (source: string) => compileModule("src/a.ts", source, asIs);

  test.each([
    ["eval('1')", "FORBIDDEN"],
    ["const f = eval; f('1')", "FORBIDDEN"],
    ["(0, eval)('1')", "FORBIDDEN"],
    ["new Function('return 1')()", "FORBIDDEN"],
    ["Function('return 1')()", "FORBIDDEN"],
    ["(Function)('return 1')()", "FORBIDDEN"],
    ["import('./x')", "FORBIDDEN"],
    ["console.log(import.meta.url)", "FORBIDDEN"],
    ["return 1", "SYNTAX"],
    ["const a = 1; const a = 2;", "SYNTAX"],
    ["with (a) {}", "SYNTAX"],
    ["1 <!-- 2\nfor (;;);", "SYNTAX"],
    [`${"(".repeat(20_000)}1${")".repeat(20_000)}`, "SYNTAX"],
  ])("refuses %.40s", (source, code) => {
    expect(compile(source)).toMatchObject({ ok: false, fault: { code, file: "src/a.ts" } });
  });

  test.each(["const o = { eval: 1 }; o.eval", "class Functional {}", "const x = (y) => y instanceof Function", "const f = (a) => a.Function()"])(
    "takes %s",
    (source) => {
      expect(compile(source)).toMatchObject({ ok: true });
    },
  );

  test("lists what is read off each import", () => {
    const result = compile(
      'const x_1 = require("./x");\n(0, x_1.f)(x_1.g);\nObject.defineProperty(exports, "T", { get: function () { return x_1.T; } });\nconst later = () => require("./y");',
    );
    expect(result.ok && result.module.imports).toEqual([
      { specifier: "./x", line: 1, dynamic: false, names: ["f", "g"] },
      { specifier: "./y", line: 4, dynamic: true, names: [] },
    ]);
  });

  test("knows a module that awaits at its top level from one that awaits in a function", () => {
    const asyncOf = (source: string): boolean | undefined => {
      const result = compile(source);
      return result.ok ? result.module.async : undefined;
    };
    expect(asyncOf("await null;")).toBe(true);
    expect(asyncOf("for await (const x of []) {}")).toBe(true);
    expect(asyncOf("async function f() { await null; }")).toBe(false);
  });

  test("makes JSON a module and refuses what is not JSON", () => {
    expect(compileModule("src/a.json", '{"a":1}', asIs)).toMatchObject({ ok: true });
    expect(compileModule("src/a.json", "{a:1}", asIs)).toMatchObject({ ok: false, fault: { code: "SYNTAX" } });
  });
});

test("files that hold tests are those in tests/ and those named so", () => {
  expect(["tests/a.ts", "src/a.test.ts", "pkg/tests/b.ts", "a.spec.ts"].every(isTestPath)).toBe(true);
  expect(["src/a.ts", "src/contest.ts", "src/tests.ts"].some(isTestPath)).toBe(false);
});
