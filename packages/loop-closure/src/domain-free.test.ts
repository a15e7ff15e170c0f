import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Words of the factory that uses this package; none of them is a word of loop closure. */
const FACTORY_WORDS =
  /\b(coder|architect|integrator|molecule|gear|formula|directive|work.?order|work.?graph|atom|holdout|sandbox|pipeline|operative|coordinator|commission\w*|software|repository|compile\w*|assembly|pressure|capability)s?\b/gi;

const here = import.meta.dirname;

test("nothing in this package speaks of the factory that uses it", () => {
  const files = readdirSync(here, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && name !== "domain-free.test.ts");
  expect(files.length).toBeGreaterThan(20);
  const found = files.flatMap((name) =>
    [...readFileSync(join(here, name), "utf8").replaceAll("@factory/", "").matchAll(FACTORY_WORDS)].map(([word]) => `${name}: ${word}`),
  );
  // The ward of the tests says that it is no software.
  expect(found.filter((line) => line !== "testing/ward.ts: software")).toEqual([]);
});

test("nothing in this package depends on the factory's own packages", () => {
  const { dependencies, devDependencies }: { dependencies: object; devDependencies: object } = JSON.parse(
    readFileSync(join(here, "..", "package.json"), "utf8"),
  );
  const own = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => name.startsWith("@factory/"));
  expect(own.sort()).toEqual(["@factory/artifact-graph", "@factory/bead-graph", "@factory/durable", "@factory/ksp-sdk", "@factory/schemas"]);
});
