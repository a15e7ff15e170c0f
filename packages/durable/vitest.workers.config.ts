import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: "./src/testing/wrangler.jsonc" } })],
  test: { name: "durable-workers", include: ["src/**/*.workers.test.ts"] },
});
