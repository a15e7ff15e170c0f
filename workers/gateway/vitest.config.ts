import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { PRODUCER_TOKEN_KEY } from "./src/testing/producer-key.ts";
import { neighbours } from "./src/testing/neighbours.ts";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  plugins: [
    // A function, so that the graph Worker is built only when this project is run.
    cloudflareTest(async () => ({
      wrangler: { configPath: "./wrangler.jsonc" },
      miniflare: { bindings: { PRODUCER_TOKEN_KEY }, workers: await neighbours() },
    })),
  ],
  test: { ...PATIENCE, name: "gateway", include: ["src/**/*.test.ts"], exclude: ["src/**/*.e2e.test.ts"] },
});
