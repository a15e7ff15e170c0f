/** The gateway's neighbours as Miniflare Workers, for the workers pool and for a real port. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MODULE = join(dirname(fileURLToPath(import.meta.url)), "neighbours.mjs");
const OBJECTS = {
  SESSIONS: { className: "CommissioningAgentDO", scriptName: "factory-commissioning" },
  SESSION_LOGS: { className: "SubscriptionBufferDO", scriptName: "factory-stream" },
} as const;

/** Names of the Workers the gateway binds. */
export const NEIGHBOURS = ["commissioning", "mediation", "pipeline", "graph", "stream"] as const;

/** Options of one Worker for each neighbour; `bucket` is the id of the blob bucket they share with the gateway. */
export function neighbours(bucket: string) {
  return NEIGHBOURS.map((name) => ({
    name: `factory-${name}`,
    compatibilityDate: "2026-08-04",
    modules: [{ type: "ESModule" as const, path: "neighbours.mjs", contents: readFileSync(MODULE, "utf8") }],
    bindings: { NAME: name },
    r2Buckets: { BLOBS: bucket },
    durableObjects: { ...OBJECTS },
  }));
}
