import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import { HYPOTHESIS_STATUSES } from "@factory/schemas/rpc";
import type { HypothesisQuery, HypothesisStatus } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_PAGE_NODES } from "./artifact-graph.ts";
import type { ArtifactGraph } from "./artifact-graph.ts";
import { MAX_SURFACING_TEXT } from "./hypotheses.ts";
import { aGraph, aNode, aSpecification, aVerdictOn, codeOf, edge, ids, refusalOf } from "./testing/builders.ts";
import { StandingModel } from "./testing/standing-model.ts";

const anAmendment = (id: string) => aNode(id, { type: "Amendment" });
const aHypothesis = (id: string, severity = "high") => aNode(id, { type: "Hypothesis", data: { severity, id } });

/** Appends an amendment of `target` whose adoption produces `successor`, and the successor as a candidate. */
function propose(graph: ArtifactGraph, amendment: string, target: string, successor: ArtifactNode): void {
  graph.append(
    [anAmendment(amendment), successor],
    [edge(amendment, "proposes_modification_of", target), edge(amendment, "if_adopted_produces", successor.id)],
  );
}

/** Appends a verdict, and with a favorable one the succession. */
function decide(graph: ArtifactGraph, amendment: string, outcome: "favorable" | "unfavorable", succession: readonly ArtifactEdge[] = []): void {
  const verdict = aVerdictOn(amendment, outcome);
  graph.append(verdict.nodes, [...verdict.edges, ...succession]);
}

describe("the active specification", () => {
  test("is the one adopted last for its domain, or none", () => {
    const { graph, open } = aGraph();
    expect(graph.activeSpecification("triage")).toBeNull();
    expect(graph.activeSpecifications()).toEqual([]);
    graph.append([aSpecification("s1")], []);
    graph.append([aSpecification("b1", "billing"), aNode("odd", { type: "Specification", data: { domain: 7 } })], []);
    open("clinic").append([aSpecification("theirs")], []);
    expect(graph.activeSpecification("triage")?.id).toBe("s1");
    expect(graph.activeSpecification("billing")?.id).toBe("b1");
    expect(graph.activeSpecification("7")).toBeNull();
    expect(ids(graph.activeSpecifications())).toEqual(["b1", "s1"]);
    graph.append([aSpecification("s2")], [edge("s2", "version_of", "s1")]);
    expect(graph.activeSpecification("triage")?.id).toBe("s2");
    expect(ids(graph.activeSpecifications())).toEqual(["s2", "b1"]);
    expect(ids(graph.activeSpecifications(1))).toEqual(["s2"]);
    expect(ids(open("clinic").activeSpecifications())).toEqual(["theirs"]);
    expect(codeOf(() => graph.activeSpecifications(0))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.activeSpecifications(MAX_PAGE_NODES + 1))).toBe("TOO_LARGE");
  });

  test("is not a candidate, nor one whose amendment was rejected, but the one whose amendment was adopted", () => {
    const { graph } = aGraph();
    graph.append([aSpecification("s1")], []);
    propose(graph, "m1", "s1", aSpecification("s2"));
    expect(graph.activeSpecification("triage")?.id).toBe("s1");
    decide(graph, "m1", "unfavorable");
    expect(graph.activeSpecification("triage")?.id).toBe("s1");
    propose(graph, "m2", "s1", aSpecification("s3"));
    decide(graph, "m2", "favorable", [edge("s3", "version_of", "s1")]);
    expect(graph.activeSpecification("triage")?.id).toBe("s3");
  });

  test("stays when a candidate already calls itself its successor", () => {
    const { graph } = aGraph();
    graph.append([aSpecification("s1")], []);
    propose(graph, "m1", "s1", aSpecification("s2"));
    graph.append([], [edge("s2", "version_of", "s1")]);
    expect(graph.activeSpecification("triage")?.id).toBe("s1");
    decide(graph, "m1", "favorable");
    expect(graph.activeSpecification("triage")?.id).toBe("s2");
  });

  test("follows the order of adoption, not that of writing", () => {
    const { graph } = aGraph();
    graph.append([aSpecification("first"), aSpecification("second", "billing")], []);
    propose(graph, "early", "first", aSpecification("a"));
    propose(graph, "late", "second", aSpecification("b"));
    decide(graph, "late", "favorable");
    expect(graph.activeSpecification("triage")?.id).toBe("b");
    decide(graph, "early", "favorable");
    expect(graph.activeSpecification("triage")?.id).toBe("a");
  });

  test("that is corrected gives place to the one adopted before it, and no correction of its successor brings it back", () => {
    const { graph } = aGraph();
    graph.append([aSpecification("old"), aSpecification("s1")], []);
    graph.append([aNode("c1", { type: "Note" })], [edge("c1", "corrects", "s1")]);
    expect(graph.activeSpecification("triage")?.id).toBe("old");
    graph.append([aSpecification("s2")], [edge("s2", "version_of", "old")]);
    graph.append([aNode("c2", { type: "Note" })], [edge("c2", "corrects", "s2")]);
    expect(graph.activeSpecification("triage")).toBeNull();
    expect(graph.activeSpecifications()).toEqual([]);
  });

  test("of one domain is superseded by a successor of another", () => {
    const { graph } = aGraph();
    graph.append([aSpecification("s1"), aSpecification("s2", "billing")], [edge("s2", "version_of", "s1")]);
    expect(graph.activeSpecification("triage")).toBeNull();
    expect(graph.activeSpecification("billing")?.id).toBe("s2");
  });
});

describe("a succession", () => {
  test("is taken once: the second comes too late, is told who came first, and leaves nothing", () => {
    const { graph, storage } = aGraph();
    graph.append([aSpecification("s1")], []);
    graph.append([aSpecification("s2")], [edge("s2", "version_of", "s1")]);
    const count = () => storage.sql.exec("SELECT (SELECT count(*) FROM nodes) AS nodes, (SELECT count(*) FROM edges) AS edges").toArray();
    const before = count();
    const refusal = refusalOf(() => graph.append([aSpecification("s3"), aNode("x")], [edge("s3", "version_of", "s1")]));
    expect([refusal?.code, refusal?.details]).toEqual(["STALE_TARGET", { rel: "version_of", target: "s1", successor: "s2", source: "s3" }]);
    expect(count()).toEqual(before);
    expect(graph.activeSpecification("triage")?.id).toBe("s2");
    expect(graph.append([], [edge("s2", "version_of", "s1")])).toBe(0);
    expect(graph.append([aSpecification("s3")], [edge("s3", "version_of", "s2")])).toBe(2);
  });

  test("is refused when one call brings two", () => {
    const { graph } = aGraph();
    const nodes = ["s1", "s2", "s3"].map((id) => aSpecification(id));
    expect(codeOf(() => graph.append(nodes, [edge("s2", "version_of", "s1"), edge("s3", "version_of", "s1")]))).toBe("STALE_TARGET");
    expect(graph.get("s1")).toBeNull();
  });
});

describe("hypotheses", () => {
  /** One hypothesis of each status, with severities and cycles spread over them. */
  function ofEachStatus() {
    const world = aGraph();
    const { graph } = world;
    const names = ["open-0", "open-1", "open-2", "adopted", "rejected", "superseded"];
    for (const [index, name] of names.entries()) graph.append([aHypothesis(name, index % 2 === 0 ? "high" : "low")], []);
    for (const name of ["adopted", "rejected", "superseded"]) {
      graph.append([anAmendment(`m-${name}`)], [edge(name, "motivates", `m-${name}`)]);
      decide(graph, `m-${name}`, name === "adopted" ? "favorable" : "unfavorable");
    }
    graph.append([aHypothesis("better")], [edge("better", "corrects", "superseded")]);
    for (const [name, cycles] of [
      ["open-1", 1],
      ["open-2", 3],
      ["adopted", 2],
    ] as const) {
      for (let cycle = 1; cycle <= cycles; cycle++) graph.surface(name, `week ${cycle}`, "ada");
    }
    const found = (query: HypothesisQuery) => graph.hypotheses(query).map(({ node }) => node.id);
    return { ...world, found };
  }

  test("are found by each filter, newest first", () => {
    const { graph, found } = ofEachStatus();
    expect(graph.hypotheses().map(({ node, status, cycles }) => [node.id, status, cycles])).toEqual([
      ["better", "open", 0],
      ["superseded", "superseded", 0],
      ["rejected", "rejected", 0],
      ["adopted", "adopted", 2],
      ["open-2", "open", 3],
      ["open-1", "open", 1],
      ["open-0", "open", 0],
    ]);
    expect(found({ status: "open" })).toEqual(["better", "open-2", "open-1", "open-0"]);
    expect(found({ status: "superseded" })).toEqual(["superseded"]);
    expect(found({ severity: "low" })).toEqual(["superseded", "adopted", "open-1"]);
    expect(found({ severity: "critical" })).toEqual([]);
    expect(found({ surfaced: true })).toEqual(["adopted", "open-2", "open-1"]);
    expect(found({ surfaced: false })).toEqual(["better", "superseded", "rejected", "open-0"]);
    expect(found({ carriedOver: 1 })).toEqual(["open-2", "open-1"]);
    expect(found({ carriedOver: 2 })).toEqual(["open-2"]);
    expect(found({ limit: 2 })).toEqual(["better", "superseded"]);
    expect(found({ limit: 2, beforeId: "superseded" })).toEqual(["rejected", "adopted"]);
  });

  test("are found by filters together", () => {
    const { found } = ofEachStatus();
    expect(found({ status: "open", severity: "high", surfaced: true })).toEqual(["open-2"]);
    expect(found({ status: "adopted", carriedOver: 1 })).toEqual([]);
    expect(found({ status: "open", surfaced: false, beforeId: "better" })).toEqual(["open-0"]);
    expect(found({ severity: "high", carriedOver: 0, limit: 1 })).toEqual(["better"]);
  });

  test("follow the last verdict, and an amendment without one leaves them open", () => {
    const { graph, found } = ofEachStatus();
    graph.append([anAmendment("again")], [edge("rejected", "motivates", "again")]);
    expect(found({ status: "rejected" })).toEqual(["rejected"]);
    decide(graph, "again", "favorable");
    expect(found({ status: "rejected" })).toEqual([]);
    expect(found({ status: "adopted" })).toEqual(["rejected", "adopted"]);
    graph.append([anAmendment("pending")], [edge("open-0", "motivates", "pending"), edge("open-1", "motivates", "again")]);
    expect(found({ status: "open" })).toEqual(["better", "open-2", "open-0"]);
  });

  test("are surfaced once for each cycle and person, and counted by cycle", () => {
    const { graph, storage } = ofEachStatus();
    expect(graph.surface("open-0", "week 1", "ada")).toBe(1);
    expect(graph.surface("open-0", "week 1", "ada")).toBe(1);
    expect(graph.surface("open-0", "week 1", "bob")).toBe(1);
    expect(graph.surface("open-0", "week 2", "ada")).toBe(2);
    const rows = storage.sql.exec("SELECT cycle, surfaced_to FROM surfacings WHERE hypothesis = 'open-0' ORDER BY position").toArray();
    expect(rows).toEqual([
      { cycle: "week 1", surfaced_to: "ada" },
      { cycle: "week 1", surfaced_to: "bob" },
      { cycle: "week 2", surfaced_to: "ada" },
    ]);
  });

  test("that are not there, of another namespace or of another type are NOT_FOUND, and texts and filters that are none are refused", () => {
    const { graph, open } = ofEachStatus();
    open("clinic").append([aHypothesis("theirs")], []);
    graph.append([aNode("finding")], []);
    for (const id of ["nobody", "theirs", "finding"]) {
      expect([id, codeOf(() => graph.surface(id, "week 1", "ada"))]).toEqual([id, "NOT_FOUND"]);
      expect([id, codeOf(() => graph.hypotheses({ beforeId: id }))]).toEqual([id, "NOT_FOUND"]);
    }
    expect(ids(graph.hypotheses().map(({ node }) => node))).not.toContain("theirs");
    expect(codeOf(() => graph.surface("open-0", "", "ada"))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.surface("open-0", "week 1", "a".repeat(MAX_SURFACING_TEXT + 1)))).toBe("INVALID_ARGUMENT");
    // The cast stands for what may come over RPC.
    expect(codeOf(() => graph.hypotheses({ status: "lost" as HypothesisStatus }))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.hypotheses({ carriedOver: -1 }))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => graph.hypotheses({ limit: MAX_PAGE_NODES + 1 }))).toBe("TOO_LARGE");
  });

  test("keep what was surfaced: it can be neither changed nor deleted", () => {
    const { storage } = ofEachStatus();
    expect(() => storage.sql.exec("UPDATE surfacings SET surfaced_to = 'bob'")).toThrow(/append-only/);
    expect(() => storage.sql.exec("DELETE FROM surfacings")).toThrow(/append-only/);
    expect(() => storage.sql.exec("INSERT INTO surfacings (hypothesis, cycle, surfaced_to, surfaced_at) VALUES ('x', 'c', 'p', 0)")).toThrow(/FOREIGN KEY/);
  });
});

describe("after any appends and surfacings", () => {
  /** What may be written: a node is written with the first edge or call that names it. */
  const NODES = new Map<string, ArtifactNode>(
    [
      ...[0, 1, 2, 3, 4].map((n) => aSpecification(`S${n}`, n % 2 === 0 ? "triage" : "billing")),
      aNode("S5", { type: "Specification", data: {} }),
      ...[0, 1, 2].map((n) => aHypothesis(`H${n}`, n === 0 ? "high" : "low")),
      aNode("H3", { type: "Hypothesis", data: {} }),
      ...[0, 1, 2].flatMap((n) => [anAmendment(`A${n}`), aNode(`P${n}`, { type: "VerificationProcess" })]),
      ...[0, 1, 2, 3].map((n) => aNode(`V${n}`, { type: "Verdict", data: { outcome: n % 2 === 0 ? "favorable" : "unfavorable" } })),
      aNode("N", { type: "Note" }),
    ].map((node) => [node.id, node]),
  );
  const one = (prefix: string, count: number) => fc.integer({ min: 0, max: count - 1 }).map((n) => `${prefix}${n}`);
  const link = (source: fc.Arbitrary<string>, rel: string, target: fc.Arbitrary<string>) => fc.tuple(source, target).map(([from, to]) => edge(from, rel, to));
  const anEdge = fc.oneof(
    link(one("S", 6), "version_of", one("S", 6)),
    link(one("A", 3), "if_adopted_produces", one("S", 6)),
    link(one("A", 3), "subject_to", one("P", 3)),
    link(one("P", 3), "produces_verdict", one("V", 4)),
    link(one("H", 4), "motivates", one("A", 3)),
    link(fc.constant("N"), "corrects", fc.oneof(one("S", 6), one("H", 4))),
  );
  const aCall = fc.oneof(
    { weight: 5, arbitrary: fc.record({ edges: fc.array(anEdge, { maxLength: 4 }), extra: fc.array(fc.constantFrom(...NODES.keys()), { maxLength: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ surface: one("H", 4), cycle: one("week ", 3) }) },
  );
  const aQuery: fc.Arbitrary<HypothesisQuery> = fc.record(
    {
      status: fc.constantFrom(...HYPOTHESIS_STATUSES),
      severity: fc.constantFrom("high", "low"),
      surfaced: fc.boolean(),
      carriedOver: fc.integer({ min: 0, max: 3 }),
      limit: fc.integer({ min: 1, max: 3 }),
    },
    { requiredKeys: [] },
  );

  test("active specifications and hypotheses are what every node and edge together say", () => {
    fc.assert(
      fc.property(fc.array(aCall, { maxLength: 12 }), fc.array(aQuery, { minLength: 3, maxLength: 3 }), (calls, queries) => {
        const { graph } = aGraph();
        const model = new StandingModel();
        for (const call of calls) {
          if ("surface" in call) {
            if (!model.has(call.surface)) expect(codeOf(() => graph.surface(call.surface, call.cycle, "ada"))).toBe("NOT_FOUND");
            else expect(graph.surface(call.surface, call.cycle, "ada")).toBe(model.surface(call.surface, call.cycle));
          } else {
            const named = new Set([...call.extra, ...call.edges.flatMap(({ source, target }) => [source, target])]);
            const nodes = [...named].flatMap((id) => NODES.get(id) ?? []);
            const stale = model.append(nodes, call.edges);
            expect(codeOf(() => graph.append(nodes, call.edges))).toBe(stale === null ? "none" : "STALE_TARGET");
          }
          const active = model.active();
          expect(ids(graph.activeSpecifications())).toEqual(ids(active));
          for (const domain of ["triage", "billing"]) {
            expect(graph.activeSpecification(domain)?.id).toBe(active.find((row) => row.domain === domain)?.id);
          }
          for (const query of [{}, ...queries]) {
            const found = graph.hypotheses(query).map(({ node, status, cycles }) => ({ id: node.id, status, cycles }));
            expect(found).toEqual(model.hypotheses(query));
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
