import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { realLogs } from "./src/projections/testing/real-logs.ts";
import { agentDoubles, graphWorker } from "./src/testing/neighbours.ts";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  plugins: [
    // A function, so that the other Workers are built only when this project is run.
    cloudflareTest(async () => ({
      wrangler: { configPath: "./wrangler.jsonc" },
      miniflare: {
        bindings: { TEST_MIGRATIONS: await readD1Migrations(join(import.meta.dirname, "../../migrations/factory")) },
        workers: [await realLogs(), await graphWorker(), ...agentDoubles()],
      },
    })),
  ],
  test: {
    ...PATIENCE,
    name: "graphql-entry",
    include: ["src/**/*.entry.test.ts"],
    // The consumer may log after the last test has ended; an intercepted line that nobody takes any more is an error to vitest.
    disableConsoleIntercept: true,
  },
});
