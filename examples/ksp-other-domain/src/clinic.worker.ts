/** The clinic's Worker: its objects meet by RPC, and nothing is served over HTTP. */
export { BedsideMonitorDO } from "./bedside-monitor-do.ts";
export { ClinicKnowingDO } from "./clinic-knowing-do.ts";
export { ClinicLineageDO } from "./clinic-lineage-do.ts";
export { TriageAgentDO } from "./triage-agent-do.ts";

export default {
  fetch: () => new Response("The clinic has no front door here; see README.md.\n", { status: 404 }),
} satisfies ExportedHandler;
