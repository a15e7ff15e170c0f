import { defineConfig } from "vitest/config";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  test: { ...PATIENCE, name: "governance", include: ["src/**/*.test.ts"], exclude: ["src/**/*.workers.test.ts"] },
});
