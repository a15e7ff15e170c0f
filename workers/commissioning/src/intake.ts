/** The intake gate and what commissioning puts on record before any model is called: signal, elucidation, report. */
import { artifactNode } from "@factory/schemas";
import type { AcceptanceCriterion, ArtifactEdge, ArtifactNode, VerificationReport, WorkOrder } from "@factory/schemas";
import type { CommissionRequest } from "@factory/schemas/rpc";
import { digestOf } from "@factory/schemas";
import type { SessionContext } from "./context.ts";
import { endWith } from "./context.ts";

/** How a criterion is going to be decided. */
export type Testability = { readonly how: "examples" | "tests" | "person"; readonly detail: string };

/** What decides a criterion: its examples, its tests, or a person. */
export function testabilityOf(criterion: AcceptanceCriterion, order: WorkOrder): Testability {
  const examples = order.examples.filter(({ functionName }) => functionName === criterion.functionName).length;
  if (criterion.functionName !== undefined && examples > 0) {
    return { how: "examples", detail: `${examples} example${examples === 1 ? "" : "s"} of \`${criterion.functionName}\`` };
  }
  if (criterion.tests.length > 0) return { how: "tests", detail: criterion.tests.join(", ") };
  return { how: "person", detail: "it names neither a function with examples nor a test; a person decides it before delivery" };
}

/** True when every criterion is decided by an executed check. */
export function everyCriterionExecuted(order: WorkOrder): boolean {
  return order.acceptanceCriteria.every((criterion) => testabilityOf(criterion, order).how !== "person");
}

/** The gate's finding on an order: tests that a criterion names must be attached, every criterion is testable or marked. */
function intakeReport(request: Pick<CommissionRequest, "order" | "baseTree">, signalId: string): VerificationReport {
  const { order, baseTree } = request;
  const checked: VerificationReport["checked"] = [
    { check: "order-parses", outcome: "PASS", detail: order.title },
    {
      check: "has-acceptance-criteria",
      outcome: order.acceptanceCriteria.length > 0 ? "PASS" : "FAIL",
      detail: `${order.acceptanceCriteria.length} criteria`,
    },
  ];
  const notChecked: VerificationReport["notChecked"] = [];
  const remediation: string[] = [];
  for (const criterion of order.acceptanceCriteria) {
    const missing = criterion.tests.filter((path) => !Object.hasOwn(baseTree, path));
    const { how, detail } = testabilityOf(criterion, order);
    if (missing.length > 0) {
      checked.push({ check: `testable: ${criterion.text}`, outcome: "FAIL", detail: `not attached: ${missing.join(", ")}` });
      remediation.push(`Line ${criterion.line}: attach ${missing.join(", ")} with \`files\`, or name another test.`);
    } else if (how === "person") {
      notChecked.push({ check: `testable: ${criterion.text}`, reason: detail });
    } else {
      checked.push({ check: `testable: ${criterion.text}`, outcome: "PASS", detail });
    }
  }
  const outcome = checked.every((item) => item.outcome === "PASS") ? "PASS" : "FAIL";
  return { gate: "intake", outcome, subjectId: signalId, checked, notChecked, remediation };
}

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
