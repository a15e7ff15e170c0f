import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { recordingWorker } from "./src/testing/recording-worker.ts";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: "./wrangler.jsonc" },
      miniflare: {
        workers: [
          recordingWorker("factory-commissioning", "CommissioningAgentDO", ["report"]),
          recordingWorker("factory-stream", "SubscriptionBufferDO", ["append"]),
          recordingWorker("factory-graph", "ArtifactGraphDO", ["append"]),
          recordingWorker("factory-pipeline", "CoordinatorDO", ["seed", "reopen"]),
        ],
      },
    }),
  ],
  test: { ...PATIENCE, name: "mediation-workers", include: ["src/**/*.workers.test.ts"] },
});
