/**
 * The gateway's neighbours as Miniflare Workers, for the workers pool and for a real port. The graph Worker is the real
 * one, with its SQLite; the others are recorders.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { graphWorker } from "../../../../scripts/testing/graph-worker.ts";

const MODULE = join(import.meta.dirname, "neighbours.mjs");
/** Neighbours whose place a recorder takes. */
const RECORDERS = ["commissioning", "mediation", "pipeline", "stream", "graphql", "dashboard", "governance", "linear-bridge"] as const;
/** Objects of the recorders. */
const OBJECTS = {
  SESSIONS: { className: "CommissioningAgentDO", scriptName: "factory-commissioning" },
  SESSION_LOGS: { className: "SubscriptionBufferDO", scriptName: "factory-stream" },
  MEDIATIONS: { className: "MediationAgentDO", scriptName: "factory-mediation" },
  COORDINATORS: { className: "CoordinatorDO", scriptName: "factory-pipeline" },
  OPERATIVES: { className: "OperativeDO", scriptName: "factory-pipeline" },
  DIRECTORIES: { className: "OrgDirectoryDO", scriptName: "factory-governance" },
  SIGNAL_DESKS: { className: "SignalDeskDO", scriptName: "factory-governance" },
  CAPACITIES: { className: "CapacityDO", scriptName: "factory-pipeline" },
} as const;

/** Options of one Worker for each neighbour that the gateway's wrangler configuration binds. */
export async function neighbours() {
  return [await graphWorker(), ...RECORDERS.map(recordingWorker)];
}

function recordingWorker(name: string) {
  return {
    name: `factory-${name}`,
    compatibilityDate: "2026-08-04",
    modules: [{ type: "ESModule" as const, path: "neighbours.mjs", contents: readFileSync(MODULE, "utf8") }],
    bindings: { NAME: name },
    // The bucket that the gateway reads from.
    r2Buckets: { BLOBS: "factory-blobs" },
    durableObjects: { ...OBJECTS },
  };
}
