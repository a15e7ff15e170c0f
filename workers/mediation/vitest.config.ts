import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { name: "mediation", include: ["src/**/*.test.ts"], exclude: ["src/**/*.workers.test.ts"] },
});
