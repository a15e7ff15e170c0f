import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { agentDoubles, graphWorker } from "./src/testing/neighbours.ts";
import { PATIENCE } from "../../vitest.patience.ts";

/** Takes the place of the stream Worker; the real one is under test in the platform's tests. */
const logDouble = {
  name: "factory-stream",
  compatibilityDate: "2026-08-04",
  modules: [{ type: "ESModule" as const, path: "log-double.mjs", contents: readFileSync(join(import.meta.dirname, "src/testing/log-double.mjs"), "utf8") }],
  durableObjects: { SESSION_LOGS: { className: "SubscriptionBufferDO", useSQLite: true } },
};

export default defineConfig({
  plugins: [
    // A function, so that the graph Worker is built only when this project is run.
    cloudflareTest(async () => ({ wrangler: { configPath: "./wrangler.jsonc" }, miniflare: { workers: [logDouble, await graphWorker(), ...agentDoubles()] } })),
  ],
  test: { ...PATIENCE, name: "graphql-workers", include: ["src/**/*.workers.test.ts"] },
});
