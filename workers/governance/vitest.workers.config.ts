import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { PATIENCE } from "../../vitest.patience.ts";
import { neighbours } from "./src/testing/neighbours.ts";

export default defineConfig({
  plugins: [
    // A function, so that the graph Worker is built only when this project is run.
    cloudflareTest(async () => ({
      wrangler: { configPath: "./wrangler.jsonc" },
      miniflare: {
        // A wrangler configuration names the secret and does not hold it; this one signs nothing outside a test.
        bindings: {
          OUTBOUND_SIGNING_KEY: JSON.stringify({
            kty: "OKP",
            crv: "Ed25519",
            kid: "test-outbound",
            x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
          }),
        },
        workers: await neighbours(),
      },
    })),
  ],
  test: { ...PATIENCE, name: "governance-workers", include: ["src/**/*.workers.test.ts"] },
});
