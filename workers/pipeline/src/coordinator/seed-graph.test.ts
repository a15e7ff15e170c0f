import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sha256Hex } from "@factory/schemas";
import type { BeadSeed, SeedRequest } from "@factory/schemas/rpc";
import { aSeed } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { inMolecules } from "../testing/molecules.ts";
import { GRAPH_LIMITS } from "./run-graph.ts";
import { MAX_BASE_FILES, MAX_BEADS, MAX_SLOTS, seedProblems } from "./seed-graph.ts";

const SEED = aSeed({ name: "graph", beads: [{ key: "a" }, { key: "b", dependsOn: ["a"] }, { key: "c", dependsOn: ["b"] }] });
const beadOf = (title: string): BeadSeed => {
  const bead = SEED.beads.find((one) => one.title === title);
  if (bead === undefined) throw new Error(title);
  return bead;
};
/** The seed with one bead changed. */
const changed = (title: string, change: (bead: BeadSeed) => BeadSeed) => ({
  ...SEED,
  beads: SEED.beads.map((bead) => (bead.title === title ? change(bead) : bead)),
});
const dependingOn = (title: string, ...parents: string[]) =>
  changed(title, (bead) => ({ ...bead, dependsOn: parents.map((parent) => ({ beadId: beadOf(parent).beadId, required: true })) }));

const dependencies = (count: number) => Array.from({ length: count }, () => ({ beadId: beadOf("a").beadId, required: true }));

test("a sound graph has no problem", () => {
  expect(seedProblems(SEED)).toEqual([]);
});

test("a run that would end in two outcome beads is refused, and one whose molecules lead to one is not", () => {
  const apart = inMolecules(aSeed({ name: "apart", beads: [{ key: "a" }, { key: "b", dependsOn: ["a"] }] }), { first: ["a"] });
  expect(seedProblems(apart)).toEqual([]);
  const outcome = apart.beads.find(({ title }) => title === "outcome:first")?.beadId;
  const loose = apart.beads.map((bead) => ({ ...bead, dependsOn: bead.dependsOn.filter(({ beadId }) => beadId !== outcome) }));
  expect(seedProblems({ ...apart, beads: loose })).toEqual([expect.stringContaining("2 outcome beads are awaited by no bead")]);
});

test.each([
  ["a cycle", dependingOn("a", "c"), "wait for each other in a cycle"],
  ["a bead that waits for itself", dependingOn("a", "a"), "wait for each other in a cycle"],
  ["a bead that depends on itself", dependingOn("a", "a"), "depends on itself"],
  ["a dependency named twice", dependingOn("b", "a", "a"), "twice"],
  ["an unknown dependency", changed("b", (bead) => ({ ...bead, dependsOn: [{ beadId: "BEAD-NONE", required: true }] })), "which is not in the run"],
  ["a bead named twice", { ...SEED, beads: [...SEED.beads, beadOf("a")] }, "named twice"],
  ["a bead of another run", { ...SEED, org: "other" }, "is not the bead of"],
  ["a directive for another atom", changed("a", (bead) => ({ ...bead, directive: beadOf("b").directive })), "is for another atom or run"],
  ["a directive of another role", changed("a", (bead) => ({ ...bead, role: "integrator" })), "is for the role coder"],
  ["no bead", { ...SEED, beads: [] }, "There are no beads"],
  ["too many beads", { ...SEED, beads: Array.from({ length: MAX_BEADS + 1 }, () => beadOf("a")) }, "a run may have"],
  ["too many dependencies", changed("c", (bead) => ({ ...bead, dependsOn: dependencies(GRAPH_LIMITS.edges) })), "dependencies; a run may have"],
  ["too many dependants of one bead", { ...SEED, beads: Array.from({ length: GRAPH_LIMITS.dependants + 1 }, () => beadOf("b")) }, "beads wait for"],
  [
    "too many molecules",
    { ...SEED, beads: Array.from({ length: GRAPH_LIMITS.molecules + 1 }, (_, at) => ({ ...beadOf("a"), moleculeId: `MOL-${at}` })) },
    "molecules; a run may have",
  ],
  ["an unknown priority of a bead", changed("a", (bead) => ({ ...bead, priority: "soon" as "high" })), "soon"],
  ["an unknown priority of its own", { ...SEED, priority: "soon" as "high" }, "soon"],
  ["a budget below nothing", { ...SEED, budgetUsd: -1 }, "budget"],
  ["an operative's bead that says it is an outcome bead", changed("a", (bead) => ({ ...bead, outcome: true })), "outcome bead"],
  ["no slot", { ...SEED, slots: 0 }, "slots"],
  ["too many slots", { ...SEED, slots: MAX_SLOTS + 1 }, "slots"],
  ["half a slot", { ...SEED, slots: 1.5 }, "slots"],
  ["a claim that is not there", changed("a", (bead) => ({ ...bead, directive: { ...bead.directive, claimRefs: ["C-99"] } })), "C-99"],
  [
    "a check of a claim that is not there",
    changed("a", (bead) => ({ ...bead, directive: { ...bead.directive, successCheck: { kind: "all", checks: [{ kind: "examples", claim: "C-98" }] } } })),
    "C-98",
  ],
  ["an invariant that is not there", changed("a", (bead) => ({ ...bead, directive: { ...bead.directive, invariantIds: ["INV-1"] } })), "INV-1"],
  ["a claim that is there twice", { ...SEED, claims: [...SEED.claims, ...SEED.claims.slice(0, 1)] }, "is there twice"],
  ["no outcome bead", { ...SEED, beads: SEED.beads.filter(({ outcome }) => !outcome) }, "has 0 outcome beads"],
  ["an outcome bead that comes before others", dependingOn("outcome", "a"), "does not come after"],
  ["a path that leaves the tree", { ...SEED, baseTree: { "../x": sha256Hex("x") } }, "has the path"],
  ["a file without a digest", { ...SEED, baseTree: { "src/x.ts": "x" } }, "no SHA-256"],
  ["too many files", { ...SEED, baseTree: Object.fromEntries(Array.from({ length: MAX_BASE_FILES + 1 }, (_, at) => [`f${at}`, sha256Hex("x")])) }, "more than"],
  [
    "paths that are too long together",
    { ...SEED, baseTree: Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`${"x".repeat(500)}${at}`, sha256Hex("x")])) },
    "more than",
  ],
])("a seed with %s is refused and nothing of it is stored", async (_, seed, message) => {
  expect(seedProblems(seed).join("\n")).toContain(message);
  const world = new CoordinatorWorld();
  expect(await world.coordinator.seed("s", seed)).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
  expect(world.rows("SELECT * FROM beads")).toEqual([]);
});

test("every graph whose edges all go back in order is taken, and one edge against the order closes a cycle", () => {
  const graphs = fc.integer({ min: 2, max: 10 }).chain((count) =>
    fc.record({
      count: fc.constant(count),
      edges: fc.uniqueArray(
        fc.tuple(fc.nat(count - 1), fc.nat(count - 1)).filter(([parent, child]) => parent < child),
        { selector: ([parent, child]) => `${parent}>${child}`, maxLength: 20 },
      ),
      against: fc.tuple(fc.nat(count - 1), fc.nat(count - 1)).filter(([parent, child]) => parent < child),
    }),
  );
  fc.assert(
    fc.property(graphs, ({ count, edges, against: [first, last] }) => {
      const plan = (pairs: readonly (readonly [number, number])[]) => ({
        name: "random",
        beads: Array.from({ length: count }, (_, at) => ({
          key: `f${at}`,
          dependsOn: pairs.filter(([, child]) => child === at).map(([parent]) => `f${parent}`),
        })),
      });
      expect(seedProblems(aSeed(plan(edges)))).toEqual([]);
      const path = [...edges.filter(([parent, child]) => !(parent === first && child === last)), [first, last], [last, first]] as const;
      expect(seedProblems(aSeed(plan(path))).join()).toContain("cycle");
    }),
    { numRuns: 60 },
  );
});

/** A run of that many coders: a line of them, all of them behind one, or each behind every tenth before it. */
function largeSeed(count: number, shape: "line" | "fan" | "mesh", molecules: number): SeedRequest {
  const coder = beadOf("a");
  const last = beadOf("outcome");
  const idAt = (at: number): string => `BEAD-${at}`;
  const parentsAt = (at: number): string[] => {
    if (at === 0) return [];
    if (shape === "line") return [idAt(at - 1)];
    return shape === "fan" ? [idAt(0)] : [1, 2, 3, 4, 5].flatMap((step) => (at - 10 * step < 0 ? [] : [idAt(at - 10 * step)]));
  };
  const required = (ids: readonly string[]) => ids.map((beadId) => ({ beadId, required: true }));
  const beads: BeadSeed[] = Array.from({ length: count }, (_, at) => ({
    ...coder,
    beadId: idAt(at),
    moleculeId: `MOL-${at % molecules}`,
    dependsOn: required(parentsAt(at)),
  }));
  const outcomes: BeadSeed[] = Array.from({ length: molecules }, (_, at) => ({
    ...last,
    beadId: `BEAD-outcome-${at}`,
    moleculeId: `MOL-${at}`,
    dependsOn: required([
      ...Array.from({ length: Math.ceil((count - at) / molecules) }, (_, n) => idAt(at + n * molecules)),
      // The last molecule's outcome bead is the one that no bead waits for.
      ...(at === molecules - 1 ? Array.from({ length: at }, (_, other) => `BEAD-outcome-${other}`) : []),
    ]),
  }));
  return { ...SEED, beads: [...beads, ...outcomes] };
}

test.each([
  ["line", 1],
  ["fan", 1],
  ["mesh", 1],
  ["mesh", 400],
] as const)("a %s of ten thousand beads in %i molecules is judged in well under a second", (shape, molecules) => {
  const seed = largeSeed(10_000, shape, molecules);
  const startedAt = performance.now();
  const problems = seedProblems(seed);
  const took = performance.now() - startedAt;
  // Its ids are none of a run; its shape is sound.
  expect(problems.filter((problem) => !problem.includes("is not the bead of"))).toEqual([]);
  expect(took).toBeLessThan(1_000);
});
