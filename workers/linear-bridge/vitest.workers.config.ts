import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { aBridgeKey } from "./src/testing/bridge-key.ts";
import { projectionNeighbours } from "./src/testing/projection-neighbours.ts";
import { WEBHOOK_SECRET } from "./src/testing/webhooks.ts";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  plugins: [
    // A function, so that the graph Worker is built only when this project is run.
    cloudflareTest(async () => ({
      wrangler: { configPath: "./wrangler.jsonc" },
      miniflare: {
        bindings: {
          LINEAR_API_URL: "http://linear.test/graphql",
          LINEAR_API_KEY: "lin_api_test",
          LINEAR_WEBHOOK_SECRET: WEBHOOK_SECRET,
          DISPOSITION_KEY: (await aBridgeKey()).secret,
          FACTORY_URL: "https://factory.example",
        },
        // What Linear was asked, for the tests to read.
        durableObjects: { LINEAR_REQUESTS: { className: "Requests", scriptName: "linear-recorder" } },
        workers: await projectionNeighbours(),
        outboundService: "linear-recorder",
      },
    })),
  ],
  test: { ...PATIENCE, name: "linear-bridge-workers", include: ["src/**/*.workers.test.ts"] },
});
