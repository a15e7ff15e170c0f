import { defineConfig } from "vitest/config";

export default defineConfig({ test: { name: "factory-graph", include: ["src/**/*.test.ts"] } });
