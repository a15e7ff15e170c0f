import { defineConfig } from "vitest/config";

export default defineConfig({ test: { name: "gears", include: ["src/**/*.test.ts"] } });
