import { describe, expect, it } from "vitest";
import { withBeads, modelOfHead } from "../session-model.ts";
import { aBead, aHead } from "../testing/session-builders.ts";
import { beadsShown } from "./beads-shown.ts";
import { standingText } from "./bead-text.ts";
import { drawnGraph, teamsOf, QUESTIONS_LANE } from "./drawn-graph.ts";
import { flowEdges, flowNodes } from "./flow-elements.ts";
import type { RunGraph } from "./graph-queries.ts";

const BEADS = withBeads(
  modelOfHead(aHead()),
  [aBead({ id: "A" }), aBead({ id: "B", title: "Write tax", state: "FAILED" }), aBead({ id: "V", team: "assurance", title: "Verify parts", state: "BLOCKED" })],
  true,
).beads;
const TEAMS = teamsOf(BEADS, new Map());
const place = (beadId: string) => ({ beadId, outcome: beadId === "V", added: false });
const join = (fromBeadId: string, toBeadId: string, kind: RunGraph["edges"][number]["kind"] = "DEPENDENCY", required = true) => ({
  fromBeadId,
  toBeadId,
  kind,
  required,
});
const GRAPH: RunGraph = { beads: ["A", "B", "V"].map(place), edges: [join("A", "V"), join("B", "V", "DEPENDENCY", false), join("A", "B", "AMENDMENT")] };
const ASKED = { id: "CLR-1", beadId: "B", question: "Which rate?", answer: null };

describe("the graph as it is drawn", () => {
  it("draws dependencies, amendments, successions and clarifications apart", () => {
    const { edges } = drawnGraph({ ...GRAPH, edges: [...GRAPH.edges, join("B", "A", "SUCCESSION")] }, TEAMS, [ASKED]);
    expect(edges.map(({ from, to, kind }) => `${from} ${kind} ${to}`)).toEqual([
      "A dependency V",
      "B optional V",
      "A amendment B",
      "B succession A",
      "B clarification CLR-1",
    ]);
  });

  it("does not let an amendment decide where a bead stands", () => {
    const { layout } = drawnGraph(GRAPH, TEAMS, []);
    expect(layout.places.get("A")?.x).toBe(layout.places.get("B")?.x);
  });

  it("has a lane a team and one for questions where there are any", () => {
    expect(drawnGraph(GRAPH, TEAMS, []).layout.lanes.map(({ id }) => id)).toEqual(["build", "assurance"]);
    expect(drawnGraph(GRAPH, TEAMS, [ASKED]).layout.lanes.map(({ id }) => id)).toEqual(["build", "assurance", QUESTIONS_LANE]);
  });

  it("has beads that the events told of before the graph was asked for again", () => {
    const { beads } = drawnGraph({ beads: [place("A")], edges: [] }, TEAMS, []);
    expect(beads.map(({ id }) => id)).toEqual(["A", "B", "V"]);
  });

  it("leaves the teams the same thing while only states change", () => {
    const moved = new Map(BEADS).set("A", { ...aBead({ id: "A" }), state: "DONE" });
    expect(teamsOf(moved, TEAMS)).toBe(TEAMS);
    expect(teamsOf(new Map(BEADS).set("N", aBead({ id: "N" })), TEAMS)).not.toBe(TEAMS);
  });
});

describe("the elements of the flow", () => {
  const drawn = drawnGraph(GRAPH, TEAMS, [ASKED]);
  const classOf = (kind: string, isChosen: boolean): string => `${kind}${isChosen ? " chosen" : ""}`;

  it("are a node a bead, a question and a lane, each where the layout has it", () => {
    const nodes = flowNodes(drawn, false);
    expect(nodes.map(({ id, type }) => `${type} ${id}`)).toEqual([
      "lane lane build",
      "lane lane assurance",
      `lane lane ${QUESTIONS_LANE}`,
      "bead A",
      "bead B",
      "bead V",
      "question CLR-1",
    ]);
    expect(nodes.find(({ id }) => id === "V")?.position).toEqual(drawn.layout.places.get("V"));
  });

  it("mark the edges of the chosen bead", () => {
    const classes = flowEdges(drawn.edges, { isFar: false, chosen: "B", classOf }).map(({ className }) => className);
    expect(classes).toEqual(["dependency", "optional chosen", "amendment chosen", "clarification chosen"]);
  });

  it("leave the plain edges of a large graph out from afar, and keep the others", () => {
    const many = Array.from({ length: 500 }, (_, index) => ({ id: `e${index}`, from: `P${index}`, to: "V", kind: "dependency" as const }));
    const edges = [...many, ...drawn.edges];
    expect(flowEdges(edges, { isFar: false, chosen: undefined, classOf })).toHaveLength(504);
    expect(flowEdges(edges, { isFar: true, chosen: undefined, classOf }).map(({ className }) => className)).toEqual(["amendment", "clarification"]);
    expect(flowEdges(edges, { isFar: true, chosen: "P7", classOf }).map(({ className }) => className)).toContain("dependency chosen");
  });
});

describe("the list of beads", () => {
  const drawn = drawnGraph(GRAPH, TEAMS, []);

  it("has the order of the graph, from left to right", () => {
    expect(beadsShown(drawn, BEADS, { states: [], text: "" })).toEqual(["A", "B", "V"]);
  });

  it("is narrowed by states and by text of title, team and id", () => {
    expect(beadsShown(drawn, BEADS, { states: ["FAILED", "BLOCKED"], text: "" })).toEqual(["B", "V"]);
    expect(beadsShown(drawn, BEADS, { states: [], text: " TAX" })).toEqual(["B"]);
    expect(beadsShown(drawn, BEADS, { states: ["FAILED"], text: "verify" })).toEqual([]);
  });
});

describe("how a bead stands", () => {
  it("names the attempt and the cycle where they say something", () => {
    expect(standingText({ state: "LEASED", attempt: 1, cycle: 0 })).toBe("leased");
    expect(standingText({ state: "READY", attempt: 2, cycle: 1 })).toBe("ready · attempt 2 · cycle 1");
  });
});
