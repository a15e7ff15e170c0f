/** Neighbours of a mediation object as Miniflare Workers: the graph as it is deployed, and recorders of everything else. */
import { graphWorker } from "../../../../scripts/testing/graph-worker.ts";
import { recordingWorker } from "./recording-worker.ts";

/** Options of one Worker for each neighbour that mediation's wrangler configuration binds. */
export async function neighbours() {
  return [
    await graphWorker(),
    recordingWorker("factory-commissioning", "CommissioningAgentDO", ["report"]),
    recordingWorker("factory-stream", "SubscriptionBufferDO", ["append"]),
    recordingWorker("factory-pipeline", "CoordinatorDO", ["seed", "reopen", "clear"]),
  ];
}
