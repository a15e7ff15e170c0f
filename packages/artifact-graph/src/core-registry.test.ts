import { describe, expect, test } from "vitest";
import { CORE_REGISTRY } from "./core-registry.ts";
import { joinRegistries } from "./registry.ts";
import { aGraph, aNode, codeOf, edge } from "./testing/builders.ts";

/** Relation, type of its source, type of its target; "any" where the relation leaves it open. */
const DIRECTIONS: readonly (readonly [rel: string, from: string, to: string])[] = [
  ["version_of", "Specification", "Specification"],
  ["composed_of", "Specification", "Claim"],
  ["formalizes", "Specification", "KnowingState"],
  ["governs", "Specification", "Execution"],
  ["governed_by", "Execution", "Specification"],
  ["produces", "Execution", "ExecutionTrace"],
  ["evidences", "ExecutionTrace", "Divergence"],
  ["diverges_from", "ExecutionTrace", "Specification"],
  ["concerns", "Divergence", "Claim"],
  ["evidence_for", "Divergence", "Hypothesis"],
  ["explains", "Hypothesis", "Divergence"],
  ["motivates", "Hypothesis", "Amendment"],
  ["if_adopted_produces", "Amendment", "Specification"],
  ["proposes_modification_of", "Amendment", "Specification"],
  ["subject_to", "Amendment", "VerificationProcess"],
  ["produces_verdict", "VerificationProcess", "Verdict"],
  ["borne_by", "Verdict", "any"],
  ["produced_at", "ElucidationArtifact", "DispositionEvent"],
  ["records_candidate_set", "ElucidationArtifact", "CandidateSet"],
  ["records_selected_option", "ElucidationArtifact", "any"],
  ["informs", "ElucidationArtifact", "Hypothesis"],
  ["created_by", "any", "Agent"],
  ["corrects", "any", "any"],
];

/** A graph with two nodes of every core type, `<type>` and `<type>'`. */
function oneOfEach() {
  const { graph } = aGraph();
  graph.append(
    CORE_REGISTRY.types.flatMap((type) => [type, `${type}'`].map((id) => aNode(id, { type }))),
    [],
  );
  return graph;
}

describe("the core relations", () => {
  test("are the 23 of the table", () => {
    expect(Object.keys(CORE_REGISTRY.relations).sort()).toEqual(DIRECTIONS.map(([rel]) => rel).sort());
    expect(DIRECTIONS).toHaveLength(23);
  });

  test.each(DIRECTIONS)("%s goes from %s to %s, and between no other types", (rel, from, to) => {
    const graph = oneOfEach();
    for (const source of CORE_REGISTRY.types) {
      for (const target of CORE_REGISTRY.types) {
        const fits = (from === "any" || from === source) && (to === "any" || to === target);
        const answer = codeOf(() => graph.append([], [edge(source, rel, `${target}'`)]));
        expect([source, rel, target, answer]).toEqual([source, rel, target, fits ? "none" : "INVALID_ARGUMENT"]);
      }
    }
  });

  test("only version_of is a succession", () => {
    const successions = Object.entries(joinRegistries(CORE_REGISTRY).relations).flatMap(([name, { succession }]) => (succession === true ? [name] : []));
    expect(successions).toEqual(["version_of"]);
  });
});

describe("a registry", () => {
  test("may be joined with others, but a relation is declared once and names declared types", () => {
    expect(() => joinRegistries(CORE_REGISTRY, { types: [], relations: { produces: { cause: "none" } } })).toThrow(/twice/);
    expect(() => joinRegistries(CORE_REGISTRY, { types: [], relations: { heals: { cause: "none", to: ["Patient"] } } })).toThrow(/Patient/);
  });
});
