import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { TEST_EVIDENCE_KEY } from "./src/testing/evidence-key.ts";
import { neighbours } from "./src/testing/neighbours.ts";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  plugins: [
    // A function, so that the neighbours are built only when this project is run.
    cloudflareTest(async () => ({
      wrangler: { configPath: "./wrangler.jsonc" },
      miniflare: {
        bindings: {
          MODEL_API_KEY: "",
          EVIDENCE_SIGNING_KEY: TEST_EVIDENCE_KEY,
          TEST_MIGRATIONS: await readD1Migrations(join(import.meta.dirname, "../../migrations/factory")),
        },
        workers: await neighbours(),
      },
    })),
  ],
  test: { ...PATIENCE, name: "commissioning-workers", include: ["src/**/*.workers.test.ts"] },
});
