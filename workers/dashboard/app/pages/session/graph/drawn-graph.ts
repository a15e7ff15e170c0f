/** The run's graph as it is drawn: which beads and questions there are, where they stand, and what joins them. */
import type { ModelBead } from "../session-model.ts";
import type { Clarification, RunGraph } from "./graph-queries.ts";
import { layoutGraph, type GraphLayout } from "./graph-layout.ts";

/** How an edge is drawn. */
export type DrawnKind = "dependency" | "optional" | "amendment" | "succession" | "clarification";

export type DrawnEdge = { readonly id: string; readonly from: string; readonly to: string; readonly kind: DrawnKind };
export type DrawnBead = { readonly id: string; readonly outcome: boolean; readonly added: boolean };
export type DrawnQuestion = { readonly id: string; readonly beadId: string; readonly question: string | null; readonly isOpen: boolean };

export type DrawnGraph = {
  readonly beads: readonly DrawnBead[];
  readonly questions: readonly DrawnQuestion[];
  readonly edges: readonly DrawnEdge[];
  readonly layout: GraphLayout;
};

/** The lane of what agents have asked. */
export const QUESTIONS_LANE = "questions of agents";

/**
 * @param graph - null before there is a run
 * @param teams - team by bead; beads that the graph does not have yet stand in their team's first column
 */
export function drawnGraph(graph: RunGraph | null, teams: ReadonlyMap<string, string>, clarifications: readonly Clarification[]): DrawnGraph {
  const known = new Map((graph?.beads ?? []).map(({ beadId, outcome, added }) => [beadId, { id: beadId, outcome, added }]));
  const beads = [...known.values(), ...[...teams.keys()].filter((id) => !known.has(id)).map((id) => ({ id, outcome: false, added: false }))];
  const questions = clarifications
    .filter(({ beadId }) => known.has(beadId) || teams.has(beadId))
    .map(({ id, beadId, question, answer }) => ({ id, beadId, question, isOpen: answer === null }));
  const joined = (graph?.edges ?? []).map(({ fromBeadId: from, toBeadId: to, kind, required }) => ({ from, to, kind: kindOf(kind, required) }));
  const asked = questions.map(({ id, beadId }) => ({ from: beadId, to: id, kind: "clarification" as const }));
  const edges = [...joined, ...asked].map((edge) => ({ ...edge, id: `${edge.kind} ${edge.from} ${edge.to}` }));
  const layout = layoutGraph(
    beads.map(({ id }) => ({ id, lane: teams.get(id) ?? "" })),
    edges.filter(({ kind }) => kind === "dependency" || kind === "optional"),
    questions.map(({ id, beadId }) => ({ id, lane: QUESTIONS_LANE, of: beadId })),
  );
  return { beads, questions, edges, layout };
}

function kindOf(kind: RunGraph["edges"][number]["kind"], required: boolean): DrawnKind {
  switch (kind) {
    case "DEPENDENCY":
      return required ? "dependency" : "optional";
    case "AMENDMENT":
      return "amendment";
    case "SUCCESSION":
      return "succession";
    default:
      return kind satisfies never;
  }
}

/**
 * Teams by bead. The same map is given back where no bead is new and none has moved to another team, so that what is drawn by it is not
 * laid out again for a state.
 */
export function teamsOf(beads: ReadonlyMap<string, ModelBead>, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const isSame = beads.size === before.size && [...beads.values()].every(({ id, team }) => before.get(id) === team);
  return isSame ? before : new Map([...beads.values()].map(({ id, team }) => [id, team]));
}
