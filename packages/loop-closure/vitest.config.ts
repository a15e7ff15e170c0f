import { defineConfig } from "vitest/config";

export default defineConfig({ test: { name: "loop-closure", include: ["src/**/*.test.ts"] } });
