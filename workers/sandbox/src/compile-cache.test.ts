import { createHash } from "node:crypto";
import type { CompileResult } from "@factory/verification/compile";
import { expect, test } from "vitest";
import { CompileCache } from "./compile-cache.ts";

const digest = (text: string): Promise<string> => Promise.resolve(createHash("sha256").update(text).digest("hex"));

function aCache(): { cache: CompileCache; asked: string[][] } {
  const asked: string[][] = [];
  const compile = (files: { readonly [path: string]: string }): Promise<[string, CompileResult][]> => {
    asked.push(Object.keys(files));
    return Promise.resolve(Object.entries(files).map(([path, code]) => [path, { ok: true, module: { path, code, imports: [], async: false, lineMap: [] } }]));
  };
  return { cache: new CompileCache(digest, compile), asked };
}

test("a file is compiled once for each content", async () => {
  const { cache, asked } = aCache();
  await cache.compile({ "a.ts": "1", "b.ts": "2" });
  const second = await cache.compile({ "a.ts": "1", "b.ts": "3", "c.ts": "1" });
  expect(asked).toEqual([
    ["a.ts", "b.ts"],
    ["b.ts", "c.ts"],
  ]);
  expect([...second.keys()].sort()).toEqual(["a.ts", "b.ts", "c.ts"]);
  expect(second.get("c.ts")).toMatchObject({ module: { path: "c.ts" } });
});

test("nothing is asked when everything is kept", async () => {
  const { cache, asked } = aCache();
  await cache.compile({ "a.ts": "1" });
  await cache.compile({ "a.ts": "1" });
  expect(asked).toHaveLength(1);
});

test("the oldest go when there is too much", async () => {
  const { cache, asked } = aCache();
  const large = (seed: string): string => seed.repeat(1024 * 1024);
  for (const seed of ["a", "b", "c", "d", "e"]) await cache.compile({ "x.ts": large(seed) });
  await cache.compile({ "x.ts": large("e") });
  expect(asked).toHaveLength(5);
  await cache.compile({ "x.ts": large("a") });
  expect(asked).toHaveLength(6);
});
