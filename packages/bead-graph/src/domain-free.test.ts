import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Words of the factory that uses this package; none of them is a word of knowing-state. */
const FACTORY_WORDS =
  /\b(coder|architect|verifier|integrator|molecule|gear|formula|directive|work.?order|work.?graph|atom|sandbox|pipeline|operative|coordinator|commission\w*|elucidation|software|repository|compile\w*|assembly|pressure|capability)s?\b/gi;

const here = import.meta.dirname;

test("nothing in this package speaks of the factory that uses it", () => {
  const files = [
    ...readdirSync(here, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && name !== "domain-free.test.ts")
      .map((name) => join(here, name)),
    join(here, "..", "README.md"),
  ];
  expect(files.length).toBeGreaterThan(10);
  const found = files.flatMap((file) =>
    [...readFileSync(file, "utf8").replaceAll("@factory/", "").matchAll(FACTORY_WORDS)].map(([word]) => `${file}: ${word}`),
  );
  expect(found).toEqual([]);
});
