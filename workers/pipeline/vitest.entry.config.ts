import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { contentSandboxFetch } from "./src/testing/content-sandbox.ts";
import { neighbours } from "./src/testing/neighbours.ts";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  plugins: [
    // A function, so that the graph Worker is built only when this project is run.
    cloudflareTest(async () => ({
      wrangler: { configPath: "./wrangler.jsonc" },
      miniflare: {
        bindings: { MODEL_API_KEY: "", TEST_MIGRATIONS: await readD1Migrations(join(import.meta.dirname, "../../migrations/factory")) },
        serviceBindings: { SANDBOX: contentSandboxFetch },
        // Wake-ups go to a queue nobody consumes: here the test is the operative.
        queueProducers: { ATOMS: { queueName: "atoms-unconsumed" } },
        workers: await neighbours(),
      },
    })),
  ],
  test: {
    ...PATIENCE,
    name: "pipeline-entry",
    include: ["src/*.workers.test.ts", "src/coordinator/*.workers.test.ts", "src/capacity/*.workers.test.ts"],
    // An object may log after the last test has ended; an intercepted line that nobody takes any more is an error to vitest.
    disableConsoleIntercept: true,
  },
});
