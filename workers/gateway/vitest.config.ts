import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { neighbours } from "./src/testing/neighbours.ts";

export default defineConfig({
  plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.jsonc" }, miniflare: { workers: neighbours("factory-blobs") } })],
  test: { name: "gateway", include: ["src/**/*.test.ts"], exclude: ["src/**/*.e2e.test.ts"] },
});
