import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawTree, lineageTree, type Towards, type TreeNode } from "./lineage-tree.ts";
import { plain, widthOf } from "./terminal-text.ts";
import { aGraph, causesOfAClaim, type AnEdge } from "./testing/lineages.ts";

function drawn(graph: Parameters<typeof lineageTree>[0], towards: Towards, columns?: number): string[] {
  const tree = lineageTree(graph, towards);
  if (tree === undefined) throw new Error("The graph has no root.");
  return drawTree(tree, { columns, paint: plain });
}

describe("a tree of causes", () => {
  it("names relation, type, id and title of each, and marks what is shown already", () => {
    expect(drawn(causesOfAClaim(), "causes")).toEqual([
      "└─ ← composed_of Specification SPEC-1  title of SPEC-1",
      "   ├─ source_ref → IntentSpecification IS-1  title of IS-1",
      "   │  └─ source_ref → Pressure PRS-1  (see below)",
      "   └─ addresses → Pressure PRS-1  title of PRS-1",
      "      └─ source_ref → Signal SIG-1  title of SIG-1",
    ]);
  });

  it("follows edges from effect to cause only", () => {
    const graph = aGraph(
      ["SPEC-1", "SPEC-2"],
      [
        ["SPEC-1", "source_ref", "SPEC-2", "target"],
        ["SPEC-1", "diverges_from", "SPEC-2", "none"],
      ],
    );
    expect(drawn(graph, "causes")).toEqual(["└─ source_ref → Specification SPEC-2  title of SPEC-2"]);
    expect(drawn(graph, "effects")).toEqual([]);
  });

  it("puts several relations of the same two on one branch", () => {
    const graph = aGraph(
      ["SPEC-2", "SPEC-1"],
      [
        ["SPEC-2", "version_of", "SPEC-1", "target"],
        ["SPEC-1", "produces", "SPEC-2", "source"],
      ],
    );
    expect(drawn(graph, "causes")).toEqual(["└─ version_of →, ← produces Specification SPEC-1  title of SPEC-1"]);
  });
});

describe("a tree of effects", () => {
  it("grows the other way, and ends where the graph goes round", () => {
    const graph = aGraph(
      ["SIG-1", "PRS-1", "IS-1"],
      [
        ["PRS-1", "source_ref", "SIG-1", "target"],
        ["IS-1", "source_ref", "PRS-1", "target"],
        ["SIG-1", "source_ref", "IS-1", "target"],
      ],
    );
    expect(drawn(graph, "effects")).toEqual([
      "└─ ← source_ref Pressure PRS-1  title of PRS-1",
      "   └─ ← source_ref IntentSpecification IS-1  title of IS-1",
      "      └─ ← source_ref Signal SIG-1  (see above)",
    ]);
  });
});

describe("the width of a tree", () => {
  it("is the terminal's, and titles are what is cut", () => {
    const lines = drawn(causesOfAClaim(), "causes", 60);
    expect(lines.every((line) => widthOf(line) <= 60)).toBe(true);
    expect(lines[1]).toBe("   ├─ source_ref → IntentSpecification IS-1  title of IS-1");
    expect(drawn(causesOfAClaim(), "causes", 52)[1]).toBe("   ├─ source_ref → IntentSpecification IS-1  title…");
  });

  it("does not grow with the depth of a long chain", () => {
    const ids = Array.from({ length: 100 }, (_, index) => `SPEC-${index}`);
    const edges = ids.slice(1).map((id, index): AnEdge => [`SPEC-${index}`, "version_of", id, "target"]);
    const lines = drawn(aGraph(ids, edges), "causes", 80);
    expect(lines).toHaveLength(99);
    expect(lines.every((line) => widthOf(line) <= 80)).toBe(true);
    expect(lines.at(-1)).toContain("98 deep");
  });
});

describe("any graph", () => {
  it("shows every artifact that is reached exactly once, whatever the edges", () => {
    const graphs = fc
      .integer({ min: 1, max: 12 })
      .chain((size) => fc.record({ size: fc.constant(size), pairs: fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 30 }) }));
    fc.assert(
      fc.property(graphs, ({ size, pairs }) => {
        const graph = aGraph(
          Array.from({ length: size }, (_, index) => `N-${index}`),
          pairs.map(([from, to]): AnEdge => [`N-${from}`, "r", `N-${to}`, "target"]),
        );
        const tree = lineageTree(graph, "causes");
        const once = tree === undefined ? [] : unrepeated(tree);
        expect(new Set(once).size).toBe(once.length);
        expect(once.toSorted()).toEqual(reached(pairs).toSorted());
      }),
    );
  });
});

function unrepeated({ node, repeated, children }: TreeNode): string[] {
  return [...(repeated ? [] : [node.id]), ...children.flatMap(unrepeated)];
}

function reached(pairs: readonly (readonly [number, number])[]): string[] {
  const seen = new Set([0]);
  for (const at of seen) for (const [from, to] of pairs) if (from === at) seen.add(to);
  return [...seen].map((index) => `N-${index}`);
}
