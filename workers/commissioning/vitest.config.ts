import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { name: "commissioning", include: ["src/**/*.test.ts"], exclude: ["src/**/*.workers.test.ts"] },
});
