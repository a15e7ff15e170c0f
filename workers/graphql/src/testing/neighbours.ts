/** The other Workers of tests in workerd: as they are deployed, or doubles of those whose real ones are under test in the platform's tests. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export { graphWorker } from "../../../../scripts/testing/graph-worker.ts";

/** Miniflare options of the Workers of runs and sessions. */
export function agentDoubles() {
  const contents = readFileSync(join(import.meta.dirname, "agents-double.mjs"), "utf8");
  const double = (name: string, binding: string, className: string) => ({
    name,
    compatibilityDate: "2026-08-04",
    modules: [{ type: "ESModule" as const, path: "agents-double.mjs", contents }],
    durableObjects: { [binding]: { className, useSQLite: true } },
  });
  return [double("factory-pipeline", "COORDINATORS", "CoordinatorDO"), double("factory-commissioning", "SESSIONS", "CommissioningAgentDO")];
}
