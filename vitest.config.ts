import { existsSync, readdirSync } from "node:fs";
import { defineConfig } from "vitest/config";

const workersWithConfig = readdirSync("workers").filter((name) => existsSync(`workers/${name}/vitest.config.ts`));
const packagesWithWorkersConfig = readdirSync("packages").filter((name) => existsSync(`packages/${name}/vitest.workers.config.ts`));

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          include: ["packages/**/*.test.ts", "scripts/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.workers.test.ts", "**/*.e2e.test.ts"],
        },
      },
      ...workersWithConfig.map((name) => `workers/${name}/vitest.config.ts`),
      ...packagesWithWorkersConfig.map((name) => `packages/${name}/vitest.workers.config.ts`),
      {
        test: {
          name: "platform",
          include: ["examples/**/*.test.ts", "workers/**/*.e2e.test.ts", "scripts/**/*.e2e.test.ts"],
          // Each file runs the real platform; two at once would starve one another on two cores.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
