import { validate } from "@probelabs/maid";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mermaidOf } from "./mermaid.ts";
import type { PlannedAtom, SimulatedPlan } from "./plan.ts";

type Drawn = Parameters<typeof mermaidOf>[0];

function anAtom(changes: Partial<PlannedAtom> & Pick<PlannedAtom, "key">): PlannedAtom {
  return {
    title: `Write ${changes.key}`,
    role: "coder",
    team: "build",
    molecule: "parts",
    level: 1,
    claims: ["C-1"],
    owns: ["C-1"],
    mode: "create",
    reads: [],
    writes: [`src/${changes.key}.ts`],
    dependsOn: [],
    checks: [],
    model: "factory/coder",
    maxAttempts: 3,
    budgetUsd: 1,
    ...changes,
  };
}

function aDrawing(atoms: readonly PlannedAtom[], changes: Partial<Drawn> = {}): Drawn {
  const keys = [...new Set(atoms.map(({ molecule }) => molecule))];
  const order: SimulatedPlan["order"] = {
    title: "Numbers",
    digest: "",
    priority: "normal",
    reviewMode: "auto",
    budgetUsd: null,
    files: [],
    unknownSections: [],
  };
  return { order, outcome: "planned", atoms, molecules: keys.map((key) => ({ key, title: `Molecule ${key}`, atoms: [], outcome: "" })), ...changes };
}

const errorsOf = (text: string): readonly object[] => validate(text).errors.filter(({ severity }) => severity === "error");

describe("mermaidOf", () => {
  it("draws molecules as subgraphs and dependencies as arrows", () => {
    const text = mermaidOf(
      aDrawing([
        anAtom({ key: "one" }),
        anAtom({ key: "two", dependsOn: ["one"] }),
        anAtom({ key: "outcome", role: "verifier:outcome", molecule: "end", dependsOn: ["one", "two"], writes: [], owns: [] }),
      ]),
    );
    expect(text).toBe(
      [
        "---",
        'title: "Numbers"',
        "---",
        "flowchart TD",
        '  subgraph m1["Molecule parts"]',
        '    a1["Write one<br/>coder: src/one.ts<br/>C-1"]',
        '    a2["Write two<br/>coder: src/two.ts<br/>C-1"]',
        "  end",
        '  subgraph m2["Molecule end"]',
        '    a3{{"Write outcome<br/>verifier:outcome"}}',
        "  end",
        "  a1 --> a2",
        "  a1 --> a3",
        "  a2 --> a3",
        "",
      ].join("\n"),
    );
    expect(errorsOf(text)).toEqual([]);
  });

  it("is a flowchart also where there is nothing to draw", () => {
    expect(errorsOf(mermaidOf(aDrawing([], { outcome: "refused" })))).toEqual([]);
  });

  it("stays a flowchart whatever an order calls things", () => {
    const nasty = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom('end"]', "subgraph x", "%% comment", "`md`", "a --> b", "#quot;", "{{x}}", "click a href", "\u2028end\n", '"; end', "<b>"),
    );
    const drawing = fc
      .array(fc.record({ title: nasty, writes: fc.array(nasty, { maxLength: 2 }), molecule: nasty }), { minLength: 1, maxLength: 5 })
      .chain((parts) => nasty.map((title) => ({ parts, title })));
    fc.assert(
      fc.property(drawing, ({ parts, title }) => {
        const atoms = parts.map((part, index) => anAtom({ ...part, key: `k${index}`, dependsOn: index === 0 ? [] : [`k${index - 1}`] }));
        const plan = aDrawing(atoms);
        const text = mermaidOf({ ...plan, order: { ...plan.order, title }, molecules: plan.molecules.map((one) => ({ ...one, title })) });
        expect(validate(text).type).toBe("flowchart");
        expect(errorsOf(text)).toEqual([]);
        // Every line of the chart is one this writer makes: nothing an order says gets out of its label.
        const label = String.raw`"[^"\n]*"`;
        const line = new RegExp(
          String.raw`^(?:flowchart TD|  subgraph m\d+\[${label}\]|    a\d+(?:\[${label}\]|\{\{${label}\}\})|  end|  a\d+ --> a\d+)$`,
          "u",
        );
        for (const one of text.trimEnd().split("\n").slice(3)) expect(one).toMatch(line);
      }),
      { numRuns: 100 },
    );
  });
});
