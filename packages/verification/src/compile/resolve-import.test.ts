import { describe, expect, test } from "vitest";
import { resolveImport } from "./resolve-import.ts";

const FILES = new Set([
  "src/a.ts",
  "src/b.js",
  "src/dir/index.ts",
  "src/dir.ts",
  "src/only/index.js",
  "src/view.tsx",
  "src/m.mts",
  "src/data.json",
  "index.ts",
  "tests/a.test.ts",
]);
const from = (importer: string, specifier: string) => resolveImport(importer, specifier, (path) => FILES.has(path));

describe("an import of a file", () => {
  test.each([
    ["./a", "src/a.ts"],
    ["./a.ts", "src/a.ts"],
    ["./a.js", "src/a.ts"],
    ["./b", "src/b.js"],
    ["./b.js", "src/b.js"],
    ["./view.jsx", "src/view.tsx"],
    ["./view.js", "src/view.tsx"],
    ["./m.mjs", "src/m.mts"],
    ["./data.json", "src/data.json"],
    ["./data", "src/data.json"],
    ["./dir", "src/dir.ts"],
    ["./dir/", "src/dir/index.ts"],
    ["./only", "src/only/index.js"],
    ["./only/index", "src/only/index.js"],
    ["..", "index.ts"],
    ["../", "index.ts"],
    ["../src/./a", "src/a.ts"],
    ["../tests/../src/a.js", "src/a.ts"],
  ])("resolves %s as bundlers do", (specifier, path) => {
    expect(from("src/x.ts", specifier)).toEqual({ kind: "file", path });
  });

  test("prefers the file that is named exactly", () => {
    expect(resolveImport("x.ts", "./a.js", (path) => path === "a.js" || path === "a.ts")).toEqual({ kind: "file", path: "a.js" });
  });

  test("is absent when no candidate exists", () => {
    expect(from("src/x.ts", "./nope").kind).toBe("absent");
    expect(from("src/x.ts", "./a.mjs").kind).toBe("absent");
  });

  test("is forbidden when it climbs out of the workspace", () => {
    expect(from("src/x.ts", "../../a").kind).toBe("forbidden");
    expect(from("x.ts", "../src/a").kind).toBe("forbidden");
  });
});

test("vitest is the harness, and its inner modules are not", () => {
  expect(from("tests/a.test.ts", "vitest")).toEqual({ kind: "harness" });
  expect(from("tests/a.test.ts", "vitest/node").kind).toBe("absent");
});

test.each([
  "node:fs",
  "cloudflare:workers",
  "workerd:unsafe",
  "https://x.dev/a.js",
  "data:text/javascript,1",
  "file:///etc/passwd",
  "/etc/passwd",
  "fs",
  "fs/promises",
  "child_process",
])("%s is forbidden", (specifier) => {
  expect(from("src/x.ts", specifier).kind).toBe("forbidden");
});

test.each(["lodash", "@scope/pkg", "#internal", ""])("the package %j is absent", (specifier) => {
  expect(from("src/x.ts", specifier).kind).toBe("absent");
});
