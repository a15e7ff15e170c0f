import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { name: "stream", include: ["src/**/*.test.ts"], exclude: ["src/**/*.workers.test.ts"] },
});
