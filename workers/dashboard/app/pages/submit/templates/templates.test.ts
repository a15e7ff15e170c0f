import { describe, expect, it } from "vitest";
import { checkOrder } from "../order/order-check.ts";
import { planOrder } from "../plan/plan-order.ts";
import { TEMPLATES } from "./templates.ts";

describe("a template", () => {
  it("is offered for what people begin with, each under a name of its own", () => {
    expect(TEMPLATES.length).toBeGreaterThanOrEqual(5);
    expect(new Set(TEMPLATES.map(({ id }) => id)).size).toBe(TEMPLATES.length);
    expect(TEMPLATES.some(({ draft }) => draft.files.length > 0)).toBe(true);
  });

  it.each(TEMPLATES)("has no fault: $id", ({ draft }) => {
    const { faults, remarks, summary } = checkOrder(draft.text, draft.files);
    expect([faults, remarks]).toEqual([[], []]);
    expect(summary?.criteria).toBeGreaterThan(0);
  });

  it.each(TEMPLATES)("passes every gate when it is planned: $id", async ({ draft }) => {
    const steps: string[] = [];
    const { plan, answeredBy } = await planOrder(draft.text, draft.files, ({ asking }) => steps.push(asking));
    expect(plan.outcome, JSON.stringify(plan.refusals)).toBe("planned");
    expect(plan.atoms.length).toBeGreaterThan(0);
    expect(steps.length).toBeGreaterThanOrEqual(4);
    expect(answeredBy).toContain("offline");
  });
});
