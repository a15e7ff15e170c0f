/** A session's neighbours as Miniflare Workers: they record what they are told and keep their part of the contract. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const MODULE = join(import.meta.dirname, "neighbours.mjs");

/** The classes of each neighbour. */
const OBJECTS = {
  stream: ["SubscriptionBufferDO"],
  graph: ["ArtifactGraphDO", "BeadGraphDO"],
  mediation: ["MediationAgentDO"],
  pipeline: ["CoordinatorDO"],
};

/** Options of one Worker for each neighbour a session binds. A class exists for others only where its own Worker binds it. */
export function neighbours() {
  return Object.entries(OBJECTS).map(([name, classes]) => ({
    name: `factory-${name}`,
    compatibilityDate: "2026-08-04",
    modules: [{ type: "ESModule" as const, path: "neighbours.mjs", contents: readFileSync(MODULE, "utf8") }],
    durableObjects: Object.fromEntries(classes.map((className) => [className, { className, useSQLite: true }])),
  }));
}
