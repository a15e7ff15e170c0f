/** What a signal has to be beside its form. */
import { refuse, type InboundSignal, type Refusal } from "@factory/schemas";

/** The scope of an override: an assembly, or null for the whole organisation. */
export function overrideScope(signal: Extract<InboundSignal, { readonly signalType: "OverrideSignal" }>): string | null {
  return signal.targetAssemblyId ?? null;
}

/**
 * Refuses a signal whose fields do not go together: INVALID_ARGUMENT. Null when they do.
 *
 * @param subject - the person the token names
 */
export function inconsistencyOf(signal: InboundSignal, subject: string): Refusal | null {
  switch (signal.signalType) {
    case "CommissioningSignal":
    case "ResumeSignal":
      return null;
    case "PatchAuthSignal":
    case "PipelineConfigAuthSignal":
      return signal.affectedAssemblyIds.includes(signal.assemblyId) ? null : wrong("affectedAssemblyIds has to name the signal's own assembly");
    case "OverrideSignal": {
      if (new Set(signal.approvers).size < 2) return wrong("an override has two different approvers");
      if (!signal.approvers.includes(subject)) return wrong("the person the token names has to be one of the approvers");
      const isPatch = signal.directive === "emergency-patch";
      if (isPatch && signal.review === undefined) return wrong("emergency-patch names the review that it answers");
      if (!isPatch && (signal.review !== undefined || signal.patchId !== undefined)) return wrong(`${signal.directive} has neither review nor patchId`);
      return null;
    }
    default: {
      const unknown: never = signal;
      return unknown;
    }
  }
}

function wrong(what: string): Refusal {
  return refuse("INVALID_ARGUMENT", `The signal is not valid: ${what}.`);
}
