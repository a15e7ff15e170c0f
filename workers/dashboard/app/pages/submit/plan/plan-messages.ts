/** What the page and the worker that plans say to one another. A worker plans once. */
import type { AttachedFile } from "@factory/schemas";
import type { PlannedOrder, PlanStep } from "./plan-order.ts";

export type PlanRequest = { readonly text: string; readonly files: readonly AttachedFile[] };

export type PlanResponse =
  | { readonly kind: "step"; readonly step: PlanStep }
  | { readonly kind: "planned"; readonly planned: PlannedOrder }
  | { readonly kind: "failed"; readonly message: string };
