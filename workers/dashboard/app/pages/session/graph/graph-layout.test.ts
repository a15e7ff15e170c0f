import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layoutGraph, NODE_HEIGHT, NODE_WIDTH, type GraphLayout, type LayoutEdge, type LayoutNode } from "./graph-layout.ts";

const node = (id: string, lane = "build"): LayoutNode => ({ id, lane });
const edge = (from: string, to: string): LayoutEdge => ({ from, to });

const placeOf = ({ places }: GraphLayout, id: string) => {
  const place = places.get(id);
  if (place === undefined) throw new Error(`${id} has no place.`);
  return place;
};

/** Edges go from lower to higher numbers only. */
const aGraph = fc
  .record({
    lanes: fc.array(fc.constantFrom("build", "assurance", "docs"), { minLength: 1, maxLength: 60 }),
    edges: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 150 }),
  })
  .map(({ lanes, edges }) => {
    const nodes = lanes.map((lane, index) => node(`B${index}`, lane));
    const within = edges.map(([one, other]) => [one % lanes.length, other % lanes.length] as const).filter(([one, other]) => one !== other);
    return { nodes, edges: within.map(([one, other]) => edge(`B${Math.min(one, other)}`, `B${Math.max(one, other)}`)) };
  });

describe("the layout of a run's graph", () => {
  it("places every bead, none over another, each within its lane", () => {
    fc.assert(
      fc.property(aGraph, ({ nodes, edges }) => {
        const layout = layoutGraph(nodes, edges);
        const places = nodes.map(({ id }) => placeOf(layout, id));
        for (const [index, { x, y }] of places.entries()) {
          const over = places.slice(index + 1).some((other) => Math.abs(other.x - x) < NODE_WIDTH && Math.abs(other.y - y) < NODE_HEIGHT);
          expect(over).toBe(false);
          const lane = layout.lanes.find(({ id }) => id === nodes[index]?.lane);
          expect(lane !== undefined && y >= lane.y && y + NODE_HEIGHT <= lane.y + lane.height && x + NODE_WIDTH <= lane.width).toBe(true);
        }
      }),
    );
  });

  it("puts a bead to the right of everything it waits for", () => {
    fc.assert(
      fc.property(aGraph, ({ nodes, edges }) => {
        const layout = layoutGraph(nodes, edges);
        for (const { from, to } of edges) expect(placeOf(layout, from).x).toBeLessThan(placeOf(layout, to).x);
      }),
    );
  });

  it("gives the same places for the same graph", () => {
    fc.assert(
      fc.property(aGraph, ({ nodes, edges }) => {
        expect(layoutGraph(nodes, edges)).toEqual(layoutGraph(nodes, edges));
      }),
    );
  });

  it("has the lane first whose work comes first", () => {
    const layout = layoutGraph([node("V", "assurance"), node("A"), node("B")], [edge("A", "V"), edge("B", "V")]);
    expect(layout.lanes.map(({ id }) => id)).toEqual(["build", "assurance"]);
  });

  it("puts a question into its own lane at the column of the bead that asks it", () => {
    const layout = layoutGraph([node("A"), node("B")], [edge("A", "B")], [{ id: "Q", lane: "questions", of: "B" }]);
    expect(layout.lanes.at(-1)?.id).toBe("questions");
    expect(placeOf(layout, "Q").x).toBe(placeOf(layout, "B").x);
  });

  it("places the beads of a cycle, and leaves out edges to beads that are not there", () => {
    const layout = layoutGraph([node("A"), node("B")], [edge("A", "B"), edge("B", "A"), edge("A", "gone"), edge("gone", "B")]);
    expect([...layout.places.keys()].toSorted()).toEqual(["A", "B"]);
  });

  it("has nothing of a graph without beads", () => {
    expect(layoutGraph([], [])).toEqual({ places: new Map(), lanes: [], width: expect.any(Number) as number, height: 0 });
  });

  it("wraps hundreds of beads of one rank into a block that is no higher than it is wide", () => {
    const layout = layoutGraph(
      Array.from({ length: 400 }, (_, index) => node(`B${index}`)),
      [],
    );
    expect(layout.height).toBeLessThan(layout.width);
    expect(layout.width).toBeLessThan(layout.height * 4);
  });

  it("lays out 2 000 beads with 6 000 edges in time that nobody notices", () => {
    const nodes = Array.from({ length: 2_000 }, (_, index) => node(`B${index}`, `team-${index % 7}`));
    const edges = Array.from({ length: 6_000 }, (_, index) => edge(`B${(index * 31) % 1_000}`, `B${1_000 + ((index * 17) % 1_000)}`));
    const times = Array.from({ length: 7 }, () => {
      const begun = performance.now();
      layoutGraph(nodes, edges);
      return performance.now() - begun;
    });
    expect(Math.min(...times)).toBeLessThan(50);
  });
});
