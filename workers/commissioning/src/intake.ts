/** The intake gate and what commissioning puts on record before any model is called: signal, elucidation, report. */
import { intakeReport, testabilityOf } from "@factory/compiler";
import { artifactNode } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { CommissionRequest } from "@factory/schemas/rpc";
import { digestOf } from "@factory/schemas";
import type { SessionContext } from "./context.ts";
import { endWith } from "./context.ts";

/** Records signal, elucidation and gate report in one transaction; a refusal ends the session with the report's remediation. */
export function runIntake(context: SessionContext): void {
  const { store, ledger } = context;
  const request = store.request();
  store.transaction(() => {
    const signal = signalNode(request);
    const elucidation = elucidationNode(request, signal.id);
    const report = intakeReport(request, signal.id);
    const reportNode = artifactNode("VR", "VerificationReport", request.org, report, [signal.id]);
    ledger.artifact(signal, []);
    ledger.artifact(elucidation, elucidationEdges(elucidation.id, signal.id));
    ledger.artifact(reportNode, [{ source: signal.id, rel: "gate_result", target: reportNode.id }]);
    ledger.event("VERIFICATION_PRODUCED", {
      verificationId: reportNode.id,
      verificationType: "INTAKE",
      outcome: report.outcome,
      subjectId: signal.id,
      summary: report.outcome === "PASS" ? `The order can be worked on; ${report.notChecked.length} criteria wait for a person.` : report.remediation.join(" "),
      failedCriteria: report.checked.filter((item) => item.outcome === "FAIL").map(({ check }) => check),
    });
    if (report.outcome === "FAIL") {
      endWith(context, { state: "FAILED", reason: `The intake gate refused: ${report.remediation.join(" ")}`, reasonCode: "GATE_REFUSED" });
    }
    store.patch({}, context.deps.now());
  });
}

function signalNode(request: CommissionRequest): ArtifactNode {
  const data = {
    signalType: "customer",
    source: `work order ${request.workOrderId}`,
    title: request.order.title,
    description: request.order.problem,
    orderDigest: digestOf(request.orderText),
    workOrderId: request.workOrderId,
    // A signal is one occurrence: the same order in another envelope is another session with a lineage of its own.
    envelopeId: request.envelopeId,
    explicitness: "stated",
    rationale: `Submitted by ${request.identity.actorId} as ${request.workOrderId} for ${request.purposeId}.`,
  };
  return artifactNode("SIG", "Signal", request.org, data, []);
}

/** Why this order is taken on, from the order itself: what it asks for, what it leaves out, what is taken on trust. */
function elucidationNode(request: CommissionRequest, signalId: string): ArtifactNode {
  const { order } = request;
  const persons = order.acceptanceCriteria.filter((criterion) => testabilityOf(criterion, order).how === "person");
  const data = {
    disposition: "commissioning",
    selectedOption: `Commission the order: ${order.goal === "" ? order.title : order.goal}`,
    rationale: order.problem === "" ? `The order states the goal "${order.title}".` : order.problem,
    considered: order.acceptanceCriteria.map(({ text }) => text),
    rejectedOptions: [
      { option: "refuse the order", reason: "It parses and has acceptance criteria." },
      ...order.outOfScope.map(({ text }) => ({ option: text, reason: "The order puts it out of scope." })),
    ],
    assumptions: order.constraints.map(({ text }) => text),
    risksAccepted: persons.map(({ text }) => `Decided by a person, not by an executed check: ${text}`),
    decidedBy: request.principal.id,
  };
  return artifactNode("ELC", "ElucidationArtifact", request.org, data, [signalId]);
}

function elucidationEdges(elucidationId: string, signalId: string): ArtifactEdge[] {
  return [
    { source: elucidationId, rel: "records_selected_option", target: signalId },
    { source: elucidationId, rel: "source_ref", target: signalId },
  ];
}
