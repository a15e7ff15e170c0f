/** Logs of sessions, as the platform writes them, for tests of what they mean for Linear. */
import { beadIdOf, digestOf, EVENT_KINDS, GENESIS_HASH } from "@factory/schemas";
import type { BeadState, EventKind, EventPayload, SessionEvent } from "@factory/schemas";

/** Whose logs they are, unless a test says otherwise. */
export const ORG = "acme";
export const SESSION_ID = "SES-00000000000000000000000001";
export const RUN_ID = "RUN-00000000000000000000000001";
export const WORK_GRAPH_ID = "WG-00000000000000000000000001";
const WORK_ORDER_ID = "WO-1";
const START = Date.parse("2026-08-04T09:00:00Z");

/** An id of the shape that the platform makes. */
export function idOf(prefix: string, number: number): string {
  return `${prefix}-${String(number).padStart(26, "0")}`;
}

/** The bead of the n-th atom. */
export function beadId(number: number): string {
  return beadIdOf(ORG, RUN_ID, idOf("ATOM", number));
}

/** What an event of a test says; the rest follows from its place. */
export type Said = { readonly kind: EventKind; readonly payload: EventPayload; readonly runId?: string };

/** Says something of a kind. */
export function said<K extends EventKind>(kind: K, payload: EventPayload<K>): Said {
  const { stream } = EVENT_KINDS[kind];
  return { kind, payload, ...(stream === "sessionEvents" ? {} : { runId: RUN_ID }) };
}

/** A log of what was said, each event in its place. */
export function aLog(things: readonly Said[], { sessionId = SESSION_ID }: { readonly sessionId?: string } = {}): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (const [index, { kind, payload, runId }] of things.entries()) {
    const event = {
      seq: index + 1,
      eventId: `EVT-${digestOf([sessionId, index]).slice(0, 26).toUpperCase()}`,
      stream: EVENT_KINDS[kind].stream,
      kind,
      sessionId,
      ...(runId === undefined ? {} : { runId }),
      assemblyId: "shop",
      workOrderId: WORK_ORDER_ID,
      occurredAt: START + index,
      payload,
      prevHash: events.at(-1)?.hash ?? GENESIS_HASH,
    };
    events.push({ ...event, hash: digestOf(event) });
  }
  return events;
}

/** The first event of a session. */
export function submitted(title = "Carts", who = "dev"): Said {
  return said("SESSION_SUBMITTED", { fromState: "SUBMITTED", toState: "COMMISSIONING", reason: `${who} submitted ${WORK_ORDER_ID}: ${title}` });
}

/** A state of the session that a transition tells of. */
export function moved(kind: "COMPILATION_STARTED" | "COMPILATION_COMPLETE" | "DEPLOYING" | "EXECUTION_COMPLETE", toState: string): Said {
  return said(kind, { fromState: "", toState, reason: "" });
}

/** An artifact that was written. */
export function wrote(artifactType: string, artifactId: string, more: Partial<EventPayload<"ARTIFACT_WRITTEN">> = {}): Said {
  return said("ARTIFACT_WRITTEN", { artifactType, artifactId, ...more });
}

/** The work graph of the run. */
export const compiled = wrote("WorkGraph", WORK_GRAPH_ID);

/** The directive that an atom is dispatched as: of the n-th atom, the n-th bead's. */
export function directed(number: number, directiveId = idOf("DIR", number)): Said {
  return wrote("AtomDirective", directiveId, { edges: [{ source: idOf("ATOM", number), rel: "dispatched_as", target: directiveId }] });
}

/** A move of the n-th bead. */
export function bead(number: number, toState: BeadState, more: Partial<EventPayload<"BEAD_CLAIMED">> = {}): Said {
  return said("BEAD_STATE_CHANGED", {
    beadId: beadId(number),
    runId: RUN_ID,
    atomId: idOf("ATOM", number),
    title: `Part ${number}`,
    team: "build",
    role: "coder",
    fromState: "",
    toState,
    epoch: 1,
    attempt: 1,
    cycle: 0,
    ...more,
  });
}

/** The artifact of the n-th divergence, which comes before its event. */
export function found(number: number, severity: string): Said {
  return wrote("Divergence", idOf("DIV", number), { metadata: { severity } });
}

/** The n-th divergence, of the n-th bead. */
export function diverged(number: number, more: Partial<EventPayload<"DIVERGENCE_DETECTED">> = {}): Said {
  return said("DIVERGENCE_DETECTED", {
    divergenceId: idOf("DIV", number),
    divergenceType: "behaviour",
    beadId: beadId(number),
    atomId: idOf("ATOM", number),
    claimRefs: ["C1"],
    observed: "3",
    expected: "4",
    reason: "C1: 3",
    ...more,
  });
}

/** What became of the n-th amendment, which answers the n-th divergence. */
export function amendment(number: number, state: "PROPOSED" | "ADOPTED" | "REJECTED", more: Partial<EventPayload<"AMENDMENT_ADOPTED">> = {}): Said {
  return said(`AMENDMENT_${state}`, {
    amendmentId: idOf("AMD", number),
    amendmentState: state,
    divergenceId: idOf("DIV", number),
    hypothesisId: idOf("HYP", number),
    divergenceReason: "The example is wrong.",
    faultAttribution: "specification",
    scope: "claim",
    beadIds: [beadId(number)],
    depth: 0,
    ...more,
  });
}

/** The n-th question to a person. */
export function asked(number: number, matter: string, more: Partial<EventPayload<"REVIEW_REQUIRED">> = {}): Said {
  const awaits = matter === "approval";
  return said("REVIEW_REQUIRED", {
    reviewId: idOf("REV", number),
    reviewType: awaits ? "APPROVAL_REQUIRED" : "HUMAN_REVIEW",
    action: "Go on",
    actionDigest: "a".repeat(64),
    promptText: "May it go on?",
    fromState: awaits ? "COMMISSIONING" : "EXECUTING",
    toState: awaits ? "AWAITING_APPROVAL" : "IN_REVIEW",
    context: { matter },
    ...more,
  });
}

/** A vote on the n-th question. */
export function voted(number: number, more: Partial<EventPayload<"REVIEW_VOTE_RECORDED">> = {}): Said {
  return said("REVIEW_VOTE_RECORDED", {
    reviewId: idOf("REV", number),
    approvalId: idOf("APR", number),
    approver: "ada",
    actionDigest: "a".repeat(64),
    decision: "approved",
    approvals: 1,
    needed: 2,
    expiresAtUnixSec: 1_785_920_400,
    ...more,
  });
}

/** The answer to the n-th question. */
export function decided(number: number, toState: string, more: Partial<EventPayload<"REVIEW_RESOLVED">> = {}): Said {
  return said("REVIEW_RESOLVED", {
    reviewId: idOf("REV", number),
    decision: "approved",
    note: "",
    decidedBy: "ada",
    actionDigest: "a".repeat(64),
    fromState: "IN_REVIEW",
    toState,
    ...more,
  });
}

/** The end of a session. */
export function ended(outcome: EventPayload<"SESSION_COMPLETED">["outcome"] = "COMPLETED", more: Partial<EventPayload<"SESSION_COMPLETED">> = {}): Said {
  return said(`SESSION_${outcome}`, { outcome, reason: "It is over.", fromState: "DELIVERING", ...more });
}

/** A session with an approval, three beads, a grave and a light divergence, an amendment, a graph change and an acceptance. */
export function aWholeLog(sessionId = SESSION_ID): SessionEvent[] {
  return aLog(
    [
      submitted(),
      said("PASS_COMPLETED", { pass: "write", artifactId: idOf("IS", 1), artifactType: "IntentSpecification", modelCalls: 1, repaired: false, durationMs: 1 }),
      asked(1, "approval"),
      voted(1),
      decided(1, "COMPILING"),
      moved("COMPILATION_STARTED", "COMPILING"),
      compiled,
      ...[1, 2, 3].map((number) => directed(number)),
      moved("COMPILATION_COMPLETE", "EXECUTING"),
      bead(1, "READY"),
      bead(2, "BLOCKED"),
      bead(3, "BLOCKED"),
      bead(1, "LEASED"),
      found(1, "high"),
      diverged(1),
      bead(1, "WAITING"),
      amendment(1, "PROPOSED"),
      amendment(1, "ADOPTED", { specificationId: idOf("SPEC", 2) }),
      directed(1, idOf("DIR", 101)),
      bead(1, "READY", { attempt: 2 }),
      bead(1, "LEASED", { attempt: 2 }),
      said("CONSENT_BEAD_DENIED", {
        beadId: beadId(1),
        runId: RUN_ID,
        toolName: "shell",
        inputHash: "b".repeat(64),
        permittedTools: [],
        reason: "not permitted",
        epoch: 2,
      }),
      bead(1, "DONE", { attempt: 2 }),
      bead(2, "READY"),
      found(2, "medium"),
      diverged(2),
      asked(2, "divergence"),
      decided(2, "EXECUTING", { decision: "amended", note: "mind the tax" }),
      said("RUN_GRAPH_AMENDED", {
        amendmentId: idOf("AMD", 9),
        runId: RUN_ID,
        reason: "too large",
        decidedBy: "ada",
        changes: [`split ${beadId(3)} into ${beadId(4)}, ${beadId(5)}`],
      }),
      bead(3, "CANCELLED"),
      bead(4, "READY"),
      bead(5, "BLOCKED"),
      ...[2, 4, 5].flatMap((number) => [bead(number, "LEASED"), bead(number, "DONE")]),
      said("VERIFICATION_PRODUCED", {
        verificationId: idOf("VR", 1),
        verificationType: "FIDELITY",
        outcome: "INCONCLUSIVE",
        subjectId: beadId(2),
        summary: "one claim has no check",
        failedCriteria: [],
      }),
      moved("EXECUTION_COMPLETE", "ACCEPTING"),
      asked(3, "acceptance"),
      decided(3, "ACCEPTING"),
      moved("DEPLOYING", "DELIVERING"),
      ended("COMPLETED", { evidenceDigest: "c".repeat(64), finalArtifactId: idOf("EVD", 1) }),
    ],
    { sessionId },
  );
}
