/** Plans an order by the offline model, as `factory plan` does without options. Pure; a Web Worker runs it. */
import { parseWorkOrder } from "@factory/compiler";
import { simulatePlan, type PlanModel, type SimulatedPlan } from "@factory/planning";
import { planModels } from "@factory/planning/models";
import { PASSES, type AttachedFile } from "@factory/schemas";

/** Which question is asked now; `done` of `total` planning passes are answered. */
export type PlanStep = { readonly asking: string; readonly done: number; readonly total: number };

export type PlannedOrder = {
  readonly plan: SimulatedPlan;
  /** Who answered the planning passes. */
  readonly answeredBy: string;
};

/**
 * Plans an order.
 *
 * @throws RangeError for an order that does not parse: it makes no plan.
 */
export async function planOrder(text: string, files: readonly AttachedFile[], onStep: (step: PlanStep) => void): Promise<PlannedOrder> {
  const parsed = parseWorkOrder(text);
  if (!parsed.ok) throw new RangeError("An order with faults makes no plan.");
  const { ask, ...models } = planModels({ kind: "offline" }, {});
  const told: PlanModel = async (question) => {
    const at = PASSES.findIndex(({ name }) => name === question.purpose);
    onStep({ asking: question.purpose, done: Math.max(at, 0), total: PASSES.length });
    return ask(question);
  };
  const plan = await simulatePlan({ text, order: parsed.order, files, ...models, ask: told });
  return { plan, answeredBy: models.answeredBy };
}
