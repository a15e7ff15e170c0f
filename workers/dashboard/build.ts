/** Builds the page; wrangler runs it before a deploy. `FACTORY_ASSETS` names another folder than `dist`. */
import { resolve } from "node:path";
import { build } from "vite";

// Whoever builds it, a test too, it is the page that people get: React's form for development is twice as large.
process.env["NODE_ENV"] = "production";
const root = import.meta.dirname;
await build({
  root,
  configFile: resolve(root, "vite.config.ts"),
  logLevel: "warn",
  build: { outDir: resolve(root, process.env["FACTORY_ASSETS"] ?? "dist"), emptyOutDir: true },
});
