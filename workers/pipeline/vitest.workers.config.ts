import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: "./src/operative/testing/wrangler.jsonc" } })],
  test: { ...PATIENCE, name: "pipeline-workers", include: ["src/operative/**/*.workers.test.ts"] },
});
