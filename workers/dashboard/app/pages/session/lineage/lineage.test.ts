import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { factsOfContent } from "./artifact-facts.ts";
import { layersOf, relationWords, typeWords } from "./lineage-layers.ts";
import type { LineageGraph } from "./lineage-query.ts";
import { MAX_TRAIL } from "./lineage-search.ts";
import { firstArtifactOf, traceOrAtom, trailAfter } from "./lineage-trail.ts";

const aNode = (id: string) => ({ id, type: "Claim", title: `title of ${id}` });
const aRelation = (source: string, target: string, cause: "SOURCE" | "TARGET" | null = "TARGET", rel = "derived_from") => ({ source, target, rel, cause });
const aGraph = (ids: readonly string[], ...relations: LineageGraph["relations"]): LineageGraph => ({ truncated: false, nodes: ids.map(aNode), relations });

describe("the layers of a walk", () => {
  it("follow causes away from the start, whichever end of a relation is the cause", () => {
    const graph = aGraph(["S", "a", "b", "c"], aRelation("S", "a"), aRelation("b", "S", "SOURCE", "compiles_to"), aRelation("a", "c"));
    const layers = layersOf(graph, "S", "causes");
    expect(layers.map(({ distance, nodes }) => [distance, nodes.map(({ id }) => id)])).toEqual([
      [1, ["a", "b"]],
      [2, ["c"]],
    ]);
    expect(layers[1]?.nodes[0]?.joints).toEqual([{ rel: "derived_from", toId: "a", toTitle: "title of a" }]);
    expect(layersOf(graph, "S", "effects").map(({ nodes }) => nodes.map(({ id, joints }) => [id, joints.length]))).toEqual([
      [
        ["a", 0],
        ["b", 0],
        ["c", 0],
      ],
    ]);
  });

  it("hold every artifact once, circles or not", () => {
    const ids = ["S", "a", "b", "c", "d", "e"];
    const relation = fc.tuple(fc.constantFrom(...ids), fc.constantFrom(...ids), fc.constantFrom("SOURCE" as const, "TARGET" as const, null));
    fc.assert(
      fc.property(fc.array(relation, { maxLength: 20 }), fc.constantFrom("causes" as const, "effects" as const), (relations, direction) => {
        const layers = layersOf(aGraph(ids, ...relations.map(([source, target, cause]) => aRelation(source, target, cause))), "S", direction);
        expect(layers.flatMap(({ nodes }) => nodes.map(({ id }) => id)).toSorted()).toEqual(["a", "b", "c", "d", "e"]);
        for (const [index, { distance, nodes }] of layers.entries()) {
          expect(distance).toBe(index + 1);
          const before = index === 0 ? ["S"] : (layers[index - 1]?.nodes.map(({ id }) => id) ?? []);
          for (const { joints } of nodes) for (const { toId } of joints) expect(before).toContain(toId);
        }
      }),
    );
  });

  it("name several relations to the layer before", () => {
    const [layer] = layersOf(aGraph(["S", "a"], aRelation("S", "a"), aRelation("S", "a", "TARGET", "source_ref")), "S", "causes");
    expect(layer?.nodes[0]?.joints.map(({ rel }) => rel)).toEqual(["derived_from", "source_ref"]);
  });
});

describe("the trail", () => {
  it("grows with each step, is cut by a step back and forgets the oldest", () => {
    expect(trailAfter([], "a", "b")).toEqual(["a"]);
    expect(trailAfter(["a", "b"], "c", "a")).toEqual([]);
    expect(trailAfter(["a", "b"], "c", "b")).toEqual(["a"]);
    const full = Array.from({ length: MAX_TRAIL }, (_, index) => `n${index}`);
    expect(trailAfter(full, "x", "y")).toEqual([...full.slice(1), "x"]);
  });
});

describe("where a person begins", () => {
  const artifacts = [
    { id: "SIG-1", type: "Signal" },
    { id: "PRS-1", type: "Pressure" },
    { id: "SPEC-1", type: "Specification" },
    { id: "SPEC-2", type: "Specification" },
  ];

  it("is the final artifact, else the last specification, else what there is", () => {
    expect(firstArtifactOf("EVD-1", artifacts)).toBe("EVD-1");
    expect(firstArtifactOf(null, artifacts)).toBe("SPEC-2");
    expect(firstArtifactOf(null, artifacts.slice(0, 2))).toBe("PRS-1");
    expect(firstArtifactOf(null, [{ id: "X-1", type: null }])).toBe("X-1");
    expect(firstArtifactOf(null, [])).toBeNull();
  });

  it("is the newest execution of a bead's atom, or the atom before there is one", () => {
    const nodes = [
      { id: "ET-2", type: "ExecutionTrace", createdAt: "2026-01-02T00:00:00.000Z" },
      { id: "ET-1", type: "ExecutionTrace", createdAt: "2026-01-01T00:00:00.000Z" },
      { id: "DIR-1", type: "AtomDirective", createdAt: "2026-01-03T00:00:00.000Z" },
    ];
    expect(traceOrAtom("ATOM-1", nodes)).toBe("ET-2");
    expect(traceOrAtom("ATOM-1", nodes.slice(2))).toBe("ATOM-1");
  });
});

describe("the content of an artifact", () => {
  it("is facts where it is short and JSON where it is not, and nothing of it is lost", () => {
    const { facts, rest } = factsOfContent({
      acceptanceCriteria: ["a", "b"],
      isFinal: false,
      score: 0,
      note: "",
      none: null,
      nested: { a: 1 },
      long: "x".repeat(500),
    });
    expect(facts).toEqual([
      ["Acceptance criteria", "a · b"],
      ["Is final", "no"],
      ["Score", "0"],
      ["Note", "empty"],
      ["None", "none"],
    ]);
    expect(rest).toEqual({ nested: { a: 1 }, long: "x".repeat(500) });
    expect(factsOfContent({ a: 1 }).rest).toBeNull();
    expect(factsOfContent([1])).toEqual({ facts: [], rest: [1] });
  });

  it("is named in words", () => {
    expect([typeWords("IntentSpecification"), typeWords("Claim"), relationWords("if_adopted_produces")]).toEqual([
      "Intent specification",
      "Claim",
      "if adopted produces",
    ]);
  });
});
