/** Builders of what BP3 is told of a bead. */
import type { OutcomeCheck } from "../detectors.ts";
import type { BeadOutcomeInput } from "../outcome.ts";
import { ORG } from "./assembly.ts";

/** A result that passed, of a bead for C-1 with two hidden examples. */
export function aBeadOutcome(overrides: Partial<BeadOutcomeInput> = {}): BeadOutcomeInput {
  return {
    org: ORG,
    specificationId: "SPEC-00000000000000000000000001",
    beadId: "BEAD-00000000000000000000000001",
    atomId: "ATOM-00000000000000000000000001",
    directiveId: "DIR-00000000000000000000000001",
    role: "coder",
    executionId: "EXE-00000000000000000000000001",
    executionBeadId: "KSB-00000000000000000000000001",
    claimRefs: ["C-1"],
    affectedBeadIds: ["BEAD-00000000000000000000000001"],
    outcome: "SUCCESS",
    outcomeBead: false,
    attempt: 1,
    cycle: 0,
    epoch: 1,
    exhausted: false,
    toolCalls: 3,
    durationMs: 12,
    consentDigest: "",
    summary: "wrote double",
    blockers: [],
    checks: [],
    firings: [],
    hidden: { "C-1": 2 },
    failedTree: { "src/double.ts": "digest" },
    now: 0,
    ...overrides,
  };
}

/** A visible check that failed. */
export function aFailedCheck(overrides: Partial<OutcomeCheck> = {}): OutcomeCheck {
  return { checkId: "CHK-9", kind: "examples", ok: false, holdout: false, reportDigest: "c", summary: "line 11 failed", ...overrides };
}

/** A failed hidden check, its visible counterpart passed. */
export function failedHoldouts(lines: readonly number[], claimId = "C-1"): Pick<BeadOutcomeInput, "checks"> {
  return {
    checks: [
      aFailedCheck({ checkId: "CHK-1", ok: true, summary: "4 passed", claimId }),
      aFailedCheck({ checkId: "CHK-2", holdout: true, summary: `${lines.length} hidden failed`, claimId, failedLines: lines }),
    ],
  };
}
