/** The other Workers of tests in workerd: as they are deployed, or doubles of those whose real ones are under test in the platform's tests. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export { graphWorker } from "../../../../scripts/testing/graph-worker.ts";

/** Miniflare options of the Workers of runs, of sessions, and of policy. */
export function agentDoubles() {
  const contents = readFileSync(join(import.meta.dirname, "agents-double.mjs"), "utf8");
  const double = (name: string) => ({ name, compatibilityDate: "2026-08-04", modules: [{ type: "ESModule" as const, path: "agents-double.mjs", contents }] });
  const withObject = (name: string, binding: string, className: string) => ({ ...double(name), durableObjects: { [binding]: { className, useSQLite: true } } });
  return [
    withObject("factory-pipeline", "COORDINATORS", "CoordinatorDO"),
    withObject("factory-commissioning", "SESSIONS", "CommissioningAgentDO"),
    double("factory-governance"),
  ];
}
