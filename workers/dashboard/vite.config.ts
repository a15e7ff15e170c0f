import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The local platform, for `vite` with its live reload in front of it. */
const PLATFORM = process.env["FACTORY_URL"] ?? "http://127.0.0.1:8787";

/** What the platform answers itself; everything else is the page. */
const PLATFORM_PATHS = ["/graphql", "/factory.v1.", "/subscriptions", "/health", "/version", "/.well-known"];

export default defineConfig({
  plugins: [react()],
  // The kernel hashes by node's own function; a browser has none that answers at once.
  resolve: {
    alias: {
      "node:crypto": resolve(import.meta.dirname, "app/shared/node-crypto.ts"),
      // For browsers it asks the document, which the Web Worker that reads orders does not have; for everybody else it has a table.
      "decode-named-character-reference": fileURLToPath(import.meta.resolve("decode-named-character-reference")),
    },
  },
  worker: { format: "es" },
  // A file inside of another is not one of the page's own, and the page's policy refuses it.
  build: { target: "es2023", assetsInlineLimit: 0, sourcemap: false, chunkSizeWarningLimit: 1_500 },
  server: { proxy: Object.fromEntries(PLATFORM_PATHS.map((path) => [path, { target: PLATFORM, ws: true }])) },
});
