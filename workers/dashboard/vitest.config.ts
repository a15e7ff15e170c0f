import { defineConfig } from "vitest/config";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  test: { ...PATIENCE, name: "dashboard", include: ["{src,app}/**/*.test.{ts,tsx}"] },
});
