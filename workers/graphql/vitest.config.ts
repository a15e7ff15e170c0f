import { defineConfig } from "vitest/config";
import { PATIENCE } from "../../vitest.patience.ts";

export default defineConfig({
  // The entry that Node gives to the libraries too: errors of a second copy of the library would be none of this one's.
  resolve: { alias: { graphql: "graphql/index.js" } },
  test: {
    ...PATIENCE,
    name: "graphql",
    include: ["src/**/*.test.ts"],
    exclude: ["src/**/*.workers.test.ts", "src/**/*.entry.test.ts", "src/**/*.e2e.test.ts"],
  },
});
