import { describe, expect, it } from "vitest";
import { modelOfHead, withBeads } from "../session-model.ts";
import { aBead, aHead } from "../testing/session-builders.ts";
import { moleculesOf, teamsOf } from "./bead-groups.ts";
import { linesOf } from "./order-lines.ts";
import { overfitOf, percentText } from "./overfit.ts";

describe("the lines of an order", () => {
  it("carry the claims that are made from them", () => {
    const lines = linesOf("# Order\n\n- `total` adds.\n", [
      { id: "C-1", line: 3 },
      { id: "C-2", line: 3 },
      { id: "C-9", line: 40 },
    ]);
    expect(lines.map(({ number, text, claims }) => [number, text, claims.map(({ id }) => id)])).toEqual([
      [1, "# Order", []],
      [2, "", []],
      [3, "- `total` adds.", ["C-1", "C-2"]],
    ]);
  });

  it("are the same whichever line ends the order has", () => {
    expect(linesOf("a\r\nb\r\n", []).map(({ text }) => text)).toEqual(["a", "b"]);
  });
});

describe("the overfit of a verdict", () => {
  it("is read from the report's details", () => {
    const details = { overfit: { gap: 0.2, holdoutRate: 0.8, visibleRate: 1, interval: { low: 0.4, high: 0.95 } }, firstVerdict: {} };
    expect(overfitOf(details)).toEqual({ gap: 0.2, holdoutRate: 0.8, visibleRate: 1, interval: { low: 0.4, high: 0.95 } });
    expect(percentText(0.456)).toBe("46 %");
  });

  it("is not known where the report does not tell it, and has no share where there were no hidden examples", () => {
    expect(overfitOf(null)).toBeNull();
    expect(overfitOf({ checks: 4 })).toBeNull();
    expect(overfitOf({ overfit: "none" })).toBeNull();
    expect(overfitOf({ overfit: { gap: null, holdoutRate: null, visibleRate: 1 } })).toEqual({ gap: null, holdoutRate: null, visibleRate: 1, interval: null });
  });
});

describe("how far teams and molecules are", () => {
  const { beads } = withBeads(
    modelOfHead(aHead()),
    [
      aBead({ id: "A", state: "DONE" }),
      aBead({ id: "B", state: "FAILED" }),
      aBead({ id: "V", team: "assurance", title: "Verify parts", state: "BLOCKED" }),
      aBead({ id: "N", state: "READY" }),
    ],
    true,
  );

  it("is counted by team", () => {
    expect(teamsOf(beads.values()).map(({ name, counts }) => [name, counts.total, counts.done, counts.failed])).toEqual([
      ["build", 3, 1, 1],
      ["assurance", 1, 0, 0],
    ]);
  });

  it("is counted by molecule, which is called by the bead that judges it", () => {
    const places = [
      { beadId: "A", moleculeId: "MOL-1", outcome: false },
      { beadId: "V", moleculeId: "MOL-1", outcome: true },
      { beadId: "B", moleculeId: "MOL-2", outcome: false },
      { beadId: "gone", moleculeId: "MOL-2", outcome: true },
    ];
    expect(moleculesOf(beads, places).map(({ name, counts }) => [name, counts.total])).toEqual([
      ["Verify parts", 2],
      ["MOL-2", 1],
    ]);
  });
});
