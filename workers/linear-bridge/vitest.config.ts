import { defineConfig } from "vitest/config";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  test: { ...PATIENCE, name: "linear-bridge", include: ["src/**/*.test.ts"], exclude: ["src/**/*.workers.test.ts", "src/**/*.entry.test.ts"] },
});
