import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { aBridgeKey } from "./src/testing/bridge-key.ts";
import { bridgeNeighbours } from "./src/testing/bridge-neighbours.ts";
import { WEBHOOK_SECRET } from "./src/testing/webhooks.ts";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  plugins: [
    // A function, so that the graph Worker is built only when this project is run.
    cloudflareTest(async () => ({
      wrangler: { configPath: "./src/testing/wrangler.jsonc" },
      miniflare: { bindings: { LINEAR_WEBHOOK_SECRET: WEBHOOK_SECRET, DISPOSITION_KEY: (await aBridgeKey()).secret }, workers: await bridgeNeighbours() },
    })),
  ],
  test: { ...PATIENCE, name: "linear-bridge-entry", include: ["src/**/*.entry.test.ts"] },
});
