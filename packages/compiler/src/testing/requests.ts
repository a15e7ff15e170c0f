/** Compile requests for tests. */
import { contentId } from "@factory/schemas";
import type { WorkOrder } from "@factory/schemas";
import type { CompileRequest } from "@factory/schemas/rpc";
import { anOrder } from "./orders.ts";

const frame = (kind: string) => ({ kind, org: "acme", content: {}, parents: [] });

/** A request for an order, in an org and session of its own. */
export function aCompileRequest(order: WorkOrder = anOrder(), changes: Partial<CompileRequest> = {}): CompileRequest {
  return {
    org: "acme",
    sessionId: contentId("SES", frame("Session")),
    workOrderId: "WO-1",
    assembly: "shop",
    intentSpecificationId: contentId("IS", frame("IntentSpecification")),
    intent: { title: order.title },
    order,
    config: { reviewMode: "auto", language: "typescript" },
    baseTree: {},
    elucidationArtifactId: contentId("ELC", frame("ElucidationArtifact")),
    ...changes,
  };
}
