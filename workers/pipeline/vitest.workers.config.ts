import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: "./src/operative/testing/wrangler.jsonc" } })],
  test: { name: "pipeline-workers", include: ["src/operative/**/*.workers.test.ts"] },
});
