import { existsSync, readdirSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { findChromium, REQUIRE_CHROMIUM_VARIABLE } from "./scripts/browser/chromium.ts";
import { PATIENCE } from "./vitest.patience.ts";

/** Configurations of those names that exist in the folders of a floor. */
const configs = (floor: string, ...names: string[]): string[] =>
  readdirSync(floor)
    .flatMap((folder) => names.map((name) => `${floor}/${folder}/${name}`))
    .filter((path) => existsSync(path));

/** The dashboard in a real browser against the real platform. */
const BROWSER_TESTS = {
  test: {
    ...PATIENCE,
    name: "browser",
    include: ["scripts/browser/**/*.browser.test.ts"],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...PATIENCE,
          name: "node",
          include: ["packages/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.workers.test.ts", "**/*.e2e.test.ts", "**/*.browser.test.ts"],
        },
      },
      ...configs("workers", "vitest.config.ts", "vitest.workers.config.ts", "vitest.entry.config.ts"),
      ...configs("packages", "vitest.workers.config.ts"),
      ...configs("examples", "vitest.workers.config.ts"),
      {
        test: {
          ...PATIENCE,
          name: "platform",
          include: ["examples/**/*.test.ts", "workers/**/*.e2e.test.ts", "scripts/**/*.e2e.test.ts"],
          exclude: ["**/node_modules/**", "**/*.workers.test.ts"],
          // Each file runs the real platform; two at once would starve one another on two cores.
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      // `npm test` says so where there is no browser; CI brings one, and fails without.
      ...(findChromium() === undefined && process.env[REQUIRE_CHROMIUM_VARIABLE] === undefined ? [] : [BROWSER_TESTS]),
    ],
  },
});
