import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { neighbours } from "./src/testing/neighbours.ts";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.jsonc" }, miniflare: { workers: neighbours() } })],
  test: { ...PATIENCE, name: "stream-workers", include: ["src/**/*.workers.test.ts"] },
});
