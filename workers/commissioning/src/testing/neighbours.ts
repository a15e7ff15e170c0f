/**
 * A session's neighbours as Miniflare Workers: the graphs as they are deployed, and recorders that keep their part of the
 * contract.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { graphWorker } from "../../../../scripts/testing/graph-worker.ts";

const MODULE = join(import.meta.dirname, "neighbours.mjs");
const COMPATIBILITY_DATE = "2026-08-04";

/** The classes of each recorder. */
const RECORDERS = {
  stream: ["SubscriptionBufferDO"],
  mediation: ["MediationAgentDO"],
  pipeline: ["CoordinatorDO"],
  // Nothing is checked in these tests; a session only has to have the binding.
  sandbox: [],
  // Permits everything, and remembers who was told what.
  governance: [],
};

/** Options of one Worker for each neighbour a session binds. A class exists for others only where its own Worker binds it. */
export async function neighbours() {
  const recorder = readFileSync(MODULE, "utf8");
  return [await graphWorker(), ...Object.entries(RECORDERS).map(([name, classes]) => recordingWorker(name, recorder, classes))];
}

function recordingWorker(name: string, contents: string, classes: readonly string[]) {
  return {
    name: `factory-${name}`,
    compatibilityDate: COMPATIBILITY_DATE,
    modules: [{ type: "ESModule" as const, path: `${name}.mjs`, contents }],
    durableObjects: Object.fromEntries(classes.map((className) => [className, { className, useSQLite: true }])),
  };
}
