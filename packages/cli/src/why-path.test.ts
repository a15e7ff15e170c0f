import { describe, expect, it } from "vitest";
import { aGraph, causesOfAClaim } from "./testing/lineages.ts";
import { whyPath } from "./why-path.ts";

const ids = (path: ReturnType<typeof whyPath>): string[] => path.map(({ node }) => node.id);

describe("the path to why an artifact exists", () => {
  it("goes over the nearest pressure to its signal", () => {
    const path = whyPath(causesOfAClaim());
    expect(ids(path)).toEqual(["C-1", "SPEC-1", "PRS-1", "SIG-1"]);
    expect(path.map(({ branch }) => branch)).toEqual([
      undefined,
      { rel: "composed_of", forward: false },
      { rel: "addresses", forward: true },
      { rel: "source_ref", forward: true },
    ]);
  });

  it("takes no short cut past the pressure", () => {
    const graph = aGraph(
      ["SPEC-1", "SIG-1", "IS-1", "PRS-1"],
      [
        ["SPEC-1", "source_ref", "SIG-1", "target"],
        ["SPEC-1", "source_ref", "IS-1", "target"],
        ["IS-1", "source_ref", "PRS-1", "target"],
        ["PRS-1", "source_ref", "SIG-1", "target"],
      ],
    );
    expect(ids(whyPath(graph))).toEqual(["SPEC-1", "IS-1", "PRS-1", "SIG-1"]);
  });

  it("goes to the farthest cause where there is neither, and nowhere from what nothing caused", () => {
    const graph = aGraph(
      ["SPEC-3", "SPEC-2", "SPEC-1"],
      [
        ["SPEC-3", "version_of", "SPEC-2", "target"],
        ["SPEC-2", "version_of", "SPEC-1", "target"],
      ],
    );
    expect(ids(whyPath(graph))).toEqual(["SPEC-3", "SPEC-2", "SPEC-1"]);
    expect(ids(whyPath(aGraph(["SIG-1"], [])))).toEqual(["SIG-1"]);
    expect(whyPath(aGraph([], []))).toEqual([]);
  });

  it("ends where the graph goes round", () => {
    const graph = aGraph(
      ["SPEC-1", "SPEC-2"],
      [
        ["SPEC-1", "r", "SPEC-2", "target"],
        ["SPEC-2", "r", "SPEC-1", "target"],
      ],
    );
    expect(ids(whyPath(graph))).toEqual(["SPEC-1", "SPEC-2"]);
  });
});
