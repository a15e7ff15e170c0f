import { defineConfig } from "vitest/config";

export default defineConfig({ test: { name: "artifact-graph", include: ["src/**/*.test.ts"] } });
