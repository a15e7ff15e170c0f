import { defineConfig } from "vitest/config";
import { PATIENCE } from "../../vitest.patience.ts";

// Isolates run for real in `scripts/platform/sandbox.e2e.test.ts`; these tests build what goes into them and need no runtime.
export default defineConfig({
  test: { ...PATIENCE, name: "sandbox", include: ["src/**/*.test.ts"], globalSetup: ["src/testing/build-assets.ts"] },
});
