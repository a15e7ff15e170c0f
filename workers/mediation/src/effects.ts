/** What leaves a mediation object, and in which order: one lane, so that nothing is reported before it is stored. */
import type { NewEffect } from "@factory/durable";
import { digestOf, nodeText } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, EventPayload, EventWrite, VerificationReport } from "@factory/schemas";
import type { SessionReport } from "@factory/schemas/rpc";
import type { ArtifactBatch } from "./mediation-store.ts";

/** Graph before log, log before coordinator, coordinator before session. */
export const LEDGER_LANE = "ledger";
/** For the report that a delivery of the ledger lane was given up: that lane no longer moves. */
export const FAULT_LANE = "fault";

/** Receivers, by the target of an effect. */
export const TARGETS = ["graph", "log", "coordinator", "session"] as const;
export type Target = (typeof TARGETS)[number];

/** What an effect carries. Large content stays in the store, under a key. */
export type EffectPayload =
  | { readonly kind: "append"; readonly batch: ArtifactBatch }
  | { readonly kind: "event"; readonly event: EventWrite }
  | { readonly kind: "seed" }
  | { readonly kind: "amend-graph"; readonly key: string }
  | { readonly kind: "reopen"; readonly key: string }
  | { readonly kind: "clear"; readonly key: string }
  | { readonly kind: "report"; readonly report: SessionReport };

/** The receiver of a payload. */
export function targetOf(payload: EffectPayload): Target {
  switch (payload.kind) {
    case "append":
      return "graph";
    case "event":
      return "log";
    case "seed":
    case "amend-graph":
    case "reopen":
    case "clear":
      return "coordinator";
    case "report":
      return "session";
    default: {
      const unknown: never = payload;
      return unknown;
    }
  }
}

/** Numbers the effects of one command: the same command gives the same ids. */
export function effectsOf(commandId: string, payloads: readonly EffectPayload[], lane: string = LEDGER_LANE): NewEffect[] {
  return payloads.map((payload, index) => ({ effectId: `mediation:${commandId}:${index}:${payload.kind}`, lane, target: targetOf(payload), payload }));
}

/** Artifact data in an event, in UTF-16 units of its canonical form. */
const MAX_EVENT_DATA_CHARS = 64 * 1024;

/** What an ARTIFACT_WRITTEN event says of a node: never its data, which may hold hidden examples, but for a clearance, which has none. */
export function artifactPayload(node: ArtifactNode, edges: readonly ArtifactEdge[]): EventPayload<"ARTIFACT_WRITTEN"> {
  const metadata = metadataOf(node);
  return {
    artifactId: node.id,
    artifactType: node.type,
    contentHash: digestOf(node.data),
    edges: edges.map(({ source, rel, target }) => ({ source, rel, target })),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function metadataOf(node: ArtifactNode): EventPayload<"ARTIFACT_WRITTEN">["metadata"] {
  const text = node.type === "ClearanceRecord" ? nodeText(node) : "";
  if (text !== "" && text.length <= MAX_EVENT_DATA_CHARS) return JSON.parse(text);
  const title = summaryOf(node);
  return title === undefined ? undefined : { title };
}

const MAX_TITLE_CHARS = 200;

/** The words by which a person knows an artifact. */
function summaryOf({ data }: ArtifactNode): string | undefined {
  const text = [data["title"], data["text"], data["statement"], data["object"], data["gate"]].find((value) => typeof value === "string");
  return typeof text === "string" ? text.slice(0, MAX_TITLE_CHARS).toWellFormed() : undefined;
}

/** Payload of the coherence gate's VERIFICATION_PRODUCED event. */
export function verificationPayload(reportId: string, report: VerificationReport): EventPayload<"VERIFICATION_PRODUCED"> {
  const failed = report.checked.filter(({ outcome }) => outcome !== "PASS").map(({ check }) => check);
  const passed = report.checked.length - failed.length;
  return {
    verificationId: reportId,
    verificationType: "COHERENCE",
    outcome: report.outcome,
    subjectId: report.subjectId,
    summary:
      failed.length === 0
        ? `All ${passed} coherence checks hold.`
        : `${failed.length} of ${report.checked.length} coherence checks fail: ${failed.join(", ")}.`,
    failedCriteria: failed,
    checksPassed: passed,
    checksFailed: failed.length,
  };
}
