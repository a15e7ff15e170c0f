import { EVENT_KINDS, EVENT_KIND_NAMES, type EventKind, type EventPayload } from "@factory/schemas";
import { describe, expect, it } from "vitest";
import type { Tone } from "../../../ui/badge.tsx";
import { EVENT_GROUPS, groupOf, kindsOf } from "./event-groups.ts";
import { eventLine } from "./event-text.ts";

const TITLES = new Map([["BEAD-1", "Write clampQuantity"]]);
const beadName = (id: string): string => TITLES.get(id) ?? id;

const step = { fromState: "A", toState: "B", reason: "ann did it" };
const aBead = (change: Partial<EventPayload<"BEAD_CLAIMED">> = {}): EventPayload<"BEAD_CLAIMED"> => ({
  beadId: "BEAD-1",
  runId: "RUN-1",
  atomId: "ATOM-1",
  title: "Write clampQuantity",
  team: "build",
  role: "coder",
  fromState: "READY",
  toState: "LEASED",
  epoch: 1,
  attempt: 1,
  cycle: 0,
  ...change,
});
const failure = { code: "TIMEOUT", message: "It took too long.", retryable: true };
const end = { reason: "All of it holds.", fromState: "DELIVERING" };
const amendment = {
  amendmentId: "AMD-1",
  divergenceId: "DIV-1",
  hypothesisId: "HYP-1",
  divergenceReason: "line 69 fails",
  faultAttribution: "SPECIFICATION_GAP",
  scope: "atom",
  beadIds: ["BEAD-1"],
  depth: 1,
};
const review = { reviewId: "REV-1", actionDigest: "d", fromState: "A", toState: "B" };

type Expected = { readonly [Kind in EventKind]: readonly [payload: EventPayload<Kind>, tone: Tone, text: string] };

const EXPECTED: Expected = {
  SESSION_SUBMITTED: [step, "busy", "The order was submitted: ann did it"],
  CANDIDATE_SET_BUILT: [{ candidateSetId: "CST-1", selected: "FP-1", alternatives: ["FP-2", "FP-3"] }, "busy", "FP-1 was chosen instead of FP-2, FP-3."],
  APPROVAL_GRANTED: [{ ...review, approvalId: "APR-1", approver: "ann" }, "good", "ann approved; the receipt is APR-1."],
  COMPILATION_STARTED: [step, "busy", "Compilation began: ann did it"],
  COMPILATION_COMPLETE: [step, "good", "Compilation is complete: ann did it"],
  COMPILATION_FAILED: [failure, "bad", "Compilation failed with TIMEOUT: It took too long. It may be tried again."],
  REVIEW_REQUIRED: [{ ...review, reviewType: "APPROVAL_REQUIRED", action: "Approve IS-1", promptText: "p" }, "warn", "Approval required: Approve IS-1"],
  REVIEW_RESOLVED: [{ ...review, decision: "rejected", note: "not now", decidedBy: "ann" }, "bad", "ann rejected: not now"],
  REVIEW_VOTE_RECORDED: [
    {
      reviewId: "REV-1",
      approvalId: "APR-1",
      approver: "ann",
      actionDigest: "d",
      decision: "approved",
      approvals: 1,
      needed: 2,
      expiresAtUnixSec: 1_800_000_000,
    },
    "busy",
    "ann approved: 1 of 2 approvals, until 2027-01-15T08:00:00.000Z.",
  ],
  DISPATCH_BLOCKED: [
    { runId: "RUN-1", code: "DISPATCH_CEILING_EXCEEDED", message: "The run has 6 beads.", beads: 6 },
    "warn",
    "The run hands out no further work (DISPATCH_CEILING_EXCEEDED): The run has 6 beads. It has 6 beads.",
  ],
  DEPLOYING: [step, "busy", "Delivery began: ann did it"],
  MONITORED: [step, "good", "What was delivered is monitored: ann did it"],
  BEAD_CLAIMED: [aBead({ agentId: "agent:coder" }), "busy", "agent:coder of build took “Write clampQuantity”."],
  BEAD_RELEASED: [
    aBead({ fromState: "LEASED", toState: "DONE", durationMs: 1_500, attempt: 2, cycle: 1 }),
    "good",
    "“Write clampQuantity” is done (attempt 2, cycle 1) after 1.5 s.",
  ],
  BEAD_FAILED: [aBead({ toState: "FAILED", errorCode: "TIMEOUT", reason: "no answer" }), "bad", "“Write clampQuantity” failed with TIMEOUT: no answer"],
  BEAD_RESCUED: [aBead({ fromState: "LEASED", toState: "READY" }), "warn", "“Write clampQuantity” was taken back from its agent, whose lease had expired."],
  CONSENT_BEAD_DENIED: [
    { beadId: "BEAD-1", runId: "RUN-1", toolName: "write_file", inputHash: "h", permittedTools: [], reason: "not covered", epoch: 1 },
    "bad",
    "write_file was denied to “Write clampQuantity”: not covered",
  ],
  VERIFICATION_PRODUCED: [
    { verificationId: "VR-1", verificationType: "FIDELITY", outcome: "INCONCLUSIVE", subjectId: "BEAD-1", summary: "nothing ran", failedCriteria: [] },
    "warn",
    "Gate fidelity is inconclusive for “Write clampQuantity”: nothing ran",
  ],
  DIVERGENCE_DETECTED: [
    { divergenceId: "DIV-1", divergenceType: "run-verdict-failure", claimRefs: ["C-2"], observed: "o", expected: "e", reason: "2 failed" },
    "bad",
    "Divergence run-verdict-failure of C-2: 2 failed",
  ],
  AMENDMENT_PROPOSED: [{ ...amendment, amendmentState: "PROPOSED" }, "warn", "An amendment of the atom was proposed (specification gap): line 69 fails"],
  AMENDMENT_ADOPTED: [{ ...amendment, amendmentState: "ADOPTED" }, "good", "An amendment of the atom was adopted (specification gap): line 69 fails"],
  AMENDMENT_REJECTED: [{ ...amendment, amendmentState: "REJECTED" }, "bad", "An amendment of the atom was rejected (specification gap): line 69 fails"],
  ARTIFACT_WRITTEN: [{ artifactId: "SIG-1", artifactType: "Signal", metadata: { title: "Cart" } }, "idle", "Signal was written: Cart"],
  EXECUTION_COMPLETE: [step, "good", "Execution is complete: ann did it"],
  EXECUTION_FAILED: [{ ...failure, retryable: false }, "bad", "Execution failed with TIMEOUT: It took too long."],
  SESSION_COMPLETED: [{ ...end, outcome: "COMPLETED" }, "good", "The session is completed: All of it holds."],
  SESSION_FAILED: [{ ...end, outcome: "FAILED" }, "bad", "The session failed: All of it holds."],
  SESSION_CANCELLED: [{ ...end, outcome: "CANCELLED" }, "idle", "The session was cancelled: All of it holds."],
  PASS_COMPLETED: [
    { pass: "map-capability", artifactId: "BC-1", artifactType: "Capability", modelCalls: 1, repaired: true, durationMs: 12 },
    "busy",
    "Pass map-capability made a Capability in 12 ms, 1 model call, repaired.",
  ],
  CLARIFICATION_REQUESTED: [{ clarificationId: "CLR-1", beadId: "BEAD-1", question: "Which way?" }, "warn", "“Write clampQuantity” asks: Which way?"],
  CLARIFICATION_ANSWERED: [{ clarificationId: "CLR-1", beadId: "BEAD-9", answer: "Left.", answeredBy: "ann" }, "good", "ann answered “BEAD-9”: Left."],
  BUDGET_EXHAUSTED: [{ budgetUsd: 5, spentUsd: 4.5, reservedUsd: 0.5 }, "bad", "The budget of $5.00 is exhausted: $4.50 spent, $0.50 reserved."],
  MODEL_CALLED: [
    {
      alias: "factory/coder",
      provider: "p",
      modelId: "m",
      purpose: "coder",
      beadId: "BEAD-1",
      promptHash: "h",
      inputTokens: 12,
      durationMs: 3,
      outcome: "stop",
    },
    "idle",
    "coder called p:m for “Write clampQuantity”: stop, 12 tokens in, – out, 3 ms, price unknown.",
  ],
  SESSION_REJECTED: [{ ...end, outcome: "REJECTED" }, "bad", "The session was rejected: All of it holds."],
  BEAD_STATE_CHANGED: [aBead({ fromState: "BLOCKED", toState: "READY" }), "accent", "“Write clampQuantity” is ready."],
  RUN_GRAPH_AMENDED: [
    { amendmentId: "AMD-1", runId: "RUN-1", reason: "too large", decidedBy: "ann", changes: ["insert BEAD-2"] },
    "warn",
    "ann changed the run's graph: insert BEAD-2 (too large)",
  ],
};

describe("the line of an event", () => {
  it.each(EVENT_KIND_NAMES)("says what %s is about", (kind) => {
    const [payload, tone, text] = EXPECTED[kind];
    expect(EVENT_KINDS[kind].payload.safeParse(payload).success).toBe(true);
    expect(eventLine(kind, payload, beadName)).toEqual({ tone, text });
  });

  it("leaves fields of a newer platform out and names an event that it cannot read by its kind", () => {
    expect(eventLine("DEPLOYING", { ...step, more: 1 }, beadName).text).toBe("Delivery began: ann did it");
    expect(eventLine("DEPLOYING", { fromState: "A" }, beadName)).toEqual({ tone: "warn", text: "Deploying (this page does not know its content)." });
  });

  it("marks a model call that ended with an error's code, and never says a price or tokens that are not known", () => {
    const [payload] = EXPECTED.MODEL_CALLED;
    expect(eventLine("MODEL_CALLED", { ...payload, outcome: "RATE_LIMITED" }, beadName).tone).toBe("bad");
    expect(eventLine("MODEL_CALLED", { ...payload, inputTokens: undefined, costUsd: 0.25 }, beadName).text).toContain("tokens unknown, 3 ms, $0.25.");
  });

  it("names an artifact without a title by its id", () => {
    expect(eventLine("ARTIFACT_WRITTEN", { artifactId: "EVD-1" }, beadName).text).toBe("An artifact was written as EVD-1.");
  });

  it("is one line whatever the text in it is", () => {
    expect(eventLine("DEPLOYING", { ...step, reason: "a\n\n  b\tc" }, beadName).text).toBe("Delivery began: a b c");
  });
});

describe("groups of kinds", () => {
  it("hold every kind once, and none is empty", () => {
    const all = EVENT_GROUPS.flatMap(({ id }) => kindsOf([id]) ?? []);
    expect(all.toSorted()).toEqual(EVENT_KIND_NAMES.toSorted());
    for (const { id } of EVENT_GROUPS) expect(kindsOf([id])).not.toEqual([]);
  });

  it("let every kind pass where none is chosen", () => {
    expect(kindsOf([])).toBeNull();
    expect(kindsOf(["models", "reviews"])?.toSorted()).toEqual(EVENT_KIND_NAMES.filter((kind) => ["models", "reviews"].includes(groupOf(kind))).toSorted());
  });
});
