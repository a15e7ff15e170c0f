/** What the clinic's objects are bound to, and the names they are reached by. */
import type { BedsideMonitorDO } from "./bedside-monitor-do.ts";
import type { ClinicKnowingDO } from "./clinic-knowing-do.ts";
import type { ClinicLineageDO } from "./clinic-lineage-do.ts";
import type { TriageAgentDO } from "./triage-agent-do.ts";

/** Bindings of the clinic's Worker. */
export interface ClinicEnv {
  readonly TRIAGE_AGENTS: DurableObjectNamespace<TriageAgentDO>;
  readonly ARTIFACT_GRAPHS: DurableObjectNamespace<ClinicLineageDO>;
  readonly BEAD_GRAPHS: DurableObjectNamespace<ClinicKnowingDO>;
  readonly MONITORS: DurableObjectNamespace<BedsideMonitorDO>;
  readonly SNAPSHOTS: KVNamespace;
}

/** One patient's visit to a ward of a clinic. */
export type VisitPlace = { readonly clinic: string; readonly ward: string; readonly visitId: string };

/** Name of the triage agent of a visit. The graphs have the kernel's own names, with the clinic as org and the ward as assembly. */
export function triageAgentName({ clinic, ward, visitId }: VisitPlace): string {
  return ["triage", clinic, ward, visitId].map(encodeURIComponent).join(":");
}
