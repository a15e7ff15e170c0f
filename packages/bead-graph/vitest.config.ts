import { defineConfig } from "vitest/config";

export default defineConfig({ test: { name: "bead-graph", include: ["src/**/*.test.ts"] } });
