import { describe, expect, it } from "vitest";
import { TEMPLATES } from "../templates/templates.ts";
import { planOrder } from "./plan-order.ts";
import { lanesOf, longestChain } from "./plan-view.ts";

async function planned(id: string) {
  const template = TEMPLATES.find((one) => one.id === id);
  if (template === undefined) throw new Error(`There is no template ${id}.`);
  return (await planOrder(template.draft.text, template.draft.files, () => undefined)).plan;
}

describe("a planned work graph", () => {
  it.each(TEMPLATES)("has every bead once, in the lane of its team and the column of its step: $id", async ({ id }) => {
    const { atoms } = await planned(id);
    const lanes = lanesOf(atoms);
    const drawn = lanes.flatMap(({ team, steps }) => steps.flatMap((cell, at) => cell.map((atom) => `${atom.key} ${team} ${at + 1}`)));
    expect(drawn.toSorted()).toEqual(atoms.map(({ key, team, level }) => `${key} ${team} ${level}`).toSorted());
    expect(lanes.map(({ beads }) => beads).reduce((sum, beads) => sum + beads, 0)).toBe(atoms.length);
    expect(lanes[0]?.steps[0]?.length).toBeGreaterThan(0);
  });

  it.each(TEMPLATES)("has a longest chain in which each bead waits for the one before: $id", async ({ id }) => {
    const { atoms, estimate } = await planned(id);
    const chain = longestChain(atoms);
    expect(chain.length).toBe(estimate?.longestChain);
    for (const [at, key] of chain.entries()) if (at > 0) expect(atoms.find((atom) => atom.key === key)?.dependsOn).toContain(chain[at - 1]);
  });

  it("is empty without beads", () => {
    expect([lanesOf([]), longestChain([])]).toEqual([[], []]);
  });

  it("is not planned from an order with faults", async () => {
    await expect(planOrder("# Nothing\n", [], () => undefined)).rejects.toThrow(RangeError);
  });
});
