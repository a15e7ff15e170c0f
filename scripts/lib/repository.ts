/** Where the repository is, whatever the working directory. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository's root. */
export const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
/** Absolute path of the folder for state that is never committed: keys, built Workers, local storage. */
export const STATE = join(REPOSITORY, ".factory");
/** The Workers, in the order they are deployed: callee before caller. */
export const WORKERS = [
  "stream",
  "graph",
  "sandbox",
  "governance",
  "commissioning",
  "mediation",
  "pipeline",
  "graphql",
  "linear-bridge",
  "dashboard",
  "gateway",
] as const;
export type WorkerName = (typeof WORKERS)[number];
