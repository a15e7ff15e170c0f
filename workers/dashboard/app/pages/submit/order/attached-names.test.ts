import { globSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isNamedBy, missingFiles } from "./attached-names.ts";

const PATHS = ["index.ts", "src/a.ts", "src/a.test.ts", "src/deep/b.ts", "src/.hidden.ts", "tests/ä (1).test.ts", "docs/[x].md"];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "factory-names-"));
  for (const path of PATHS) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), "");
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a name in `files`", () => {
  it.each([
    "src/a.ts",
    "src/*.ts",
    "src/**/*.ts",
    "**/*.test.ts",
    "*",
    "**",
    "src",
    "src/{a,none}.ts",
    "src/?.ts",
    "src/[ab].ts",
    "docs/[x].md",
    "docs/\\[x\\].md",
    "tests/*",
    "!src/a.ts",
    "#a",
    "src/!(a).ts",
    "none/*.ts",
  ])("stands for the files that the command line attaches: %s", (pattern) => {
    const attached = globSync(pattern, { cwd: folder }).filter((path) => statSync(join(folder, path)).isFile());
    expect(PATHS.filter((path) => isNamedBy(pattern, path)).toSorted()).toEqual(attached.toSorted());
  });
});

describe("files that are not attached", () => {
  const text = "---\ntitle: A\nfiles:\n  - src/a.ts\n  - tests/*.ts\n---\n# A\n";

  it("are told at the lines that name them", () => {
    expect(missingFiles(["src/a.ts", "tests/*.ts"], ["src/a.ts"], text)).toEqual([
      { line: 5, rule: "FILE_NOT_ATTACHED", fix: expect.stringContaining("`tests/*.ts`") },
    ]);
    expect(missingFiles(["src/a.ts", "tests/*.ts"], [], text).map(({ line }) => line)).toEqual([4, 5]);
  });

  it("are told at `files` when they are written otherwise, and at the first line when nothing names them", () => {
    expect(missingFiles(["tests/b.ts"], [], text)[0]?.line).toBe(3);
    expect(missingFiles(["a.ts"], [], "# A\n")[0]?.line).toBe(1);
  });

  it("are none when every name has a file", () => {
    expect(missingFiles(["src/a.ts", "tests/*.ts"], ["src/a.ts", "tests/b.ts"], text)).toEqual([]);
  });
});
