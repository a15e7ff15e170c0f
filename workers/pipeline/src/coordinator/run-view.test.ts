import { expect, test } from "vitest";
import { sha256Hex } from "@factory/schemas";
import type { ClaimedBead, ClaimChecks, SeedRequest } from "@factory/schemas/rpc";
import { treeDigest } from "@factory/workspace";
import { addedBead, aRun, aSeed, complete, ORG, writing } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { directiveNode, specificationNode, specifiedLineage } from "../testing/lineage.ts";

const idOf = (seed: SeedRequest, title: string): string => seed.beads.find((bead) => bead.title === title)?.beadId ?? "";
const titled = (titles: readonly string[]): { readonly beads: { readonly key: string }[] } => ({ beads: titles.map((key) => ({ key })) });

async function aWorld(seed: SeedRequest): Promise<CoordinatorWorld> {
  const world = new CoordinatorWorld();
  await world.seed(seed);
  return world;
}

async function proofs(world: CoordinatorWorld): Promise<readonly ClaimChecks[]> {
  return (await world.coordinator.view.proofView(ORG))?.claims ?? [];
}

const fine = ({ directive }: ClaimedBead): string =>
  directive.role === "integrator" ? `export * from "./total.ts"; export * from "./other.ts";` : `export const ${directive.title} = 1;`;

test("a run that is not seeded, and one of another org, shows nothing", async () => {
  const empty = new CoordinatorWorld().coordinator.view;
  const other = (await aWorld(aSeed({ name: "view-org", ...titled(["total"]) }))).coordinator.view;
  for (const [view, org] of [
    [empty, ORG],
    [other, "rival"],
  ] as const) {
    expect(await Promise.all([view.graphView(org), view.treeView(org), view.fileView(org, "src/total.ts"), view.proofView(org)])).toEqual([
      null,
      null,
      null,
      null,
    ]);
  }
});

test("the graph tells molecules and dependencies, and what amendments added and put in whose place", async () => {
  const seed = aSeed({ name: "view-graph", beads: [{ key: "total" }, { key: "other", optional: ["total"] }] });
  const world = await aWorld(seed);
  const before = await world.coordinator.view.graphView(ORG);
  const [total, other, integrate, outcome] = ["total", "other", "integrate", "outcome"].map((title) => idOf(seed, title));
  expect(before).toMatchObject({
    runId: seed.runId,
    beads: seed.beads.map(({ beadId, atomId, moleculeId, outcome: last }) => ({ beadId, atomId, moleculeId, outcome: last, added: false })),
    successions: [],
  });
  const edges = new Set(before?.dependencies.map(({ fromBeadId, toBeadId, required }) => `${fromBeadId} ${toBeadId} ${required}`));
  expect(edges).toEqual(new Set([`${total} ${other} false`, `${total} ${integrate} true`, `${other} ${integrate} true`, `${integrate} ${outcome} true`]));

  const [x, y] = ["x", "y"].map((key) => addedBead(seed, key));
  if (x === undefined || y === undefined || total === undefined) throw new Error("There are no beads.");
  world.graphs.written({ nodes: [x, y].map(({ directive }) => directiveNode(ORG, directive)), edges: [] });
  const amendment = { amendmentId: "AMD-1", changes: [{ kind: "split" as const, beadId: total, into: [x, y] }], reason: "more", decidedBy: "ann" };
  expect(await world.coordinator.amendGraph("effect", amendment)).toEqual({ ok: true });
  const after = await world.coordinator.view.graphView(ORG);
  expect(after?.beads.filter(({ added }) => added).map(({ beadId }) => beadId)).toEqual([x.beadId, y.beadId]);
  expect(after?.successions.map(({ fromBeadId, toBeadId }) => [fromBeadId, toBeadId])).toEqual([x.beadId, y.beadId].sort().map((by) => [total, by]));
  const waited = after?.dependencies.filter(({ toBeadId }) => toBeadId === integrate).map(({ fromBeadId }) => fromBeadId);
  expect(new Set(waited)).toEqual(new Set([x.beadId, y.beadId, other]));
});

test("the tree tells of each path what it was, what it is and who wrote it last, while the run goes on and after it", async () => {
  const digest = { kept: sha256Hex("kept"), old: sha256Hex("old"), gone: sha256Hex("gone") };
  const seed = {
    ...aSeed({ name: "view-tree", ...titled(["total"]) }),
    baseTree: { "docs/a.md": digest.kept, "src/total.ts": digest.old, "src/z.ts": digest.gone },
  };
  const world = await aWorld({ ...seed, beads: seed.beads.map((bead) => (bead.title === "integrate" ? withScope(bead, ["src/**"]) : bead)) });
  for (const text of ["kept", "old", "gone"]) await world.blobs.put(new TextEncoder().encode(text));
  const start = await world.coordinator.view.treeView(ORG);
  expect(start).toEqual({
    runId: seed.runId,
    treeDigest: treeDigest(seed.baseTree),
    files: Object.entries(seed.baseTree).map(([path, now]) => ({ path, digest: now, baseDigest: now, beadId: null })),
  });

  const bead = await world.claim();
  const change = { ...(await writing(world.blobs, bead, "src/total.ts", "new")), baseDigest: digest.old };
  const [integrate] = (await world.exchange(0, [complete(bead, [change])])).beads;
  if (integrate === undefined) throw new Error("The integrator was not released.");
  const index = await writing(world.blobs, integrate, "src/index.ts", "index");
  await world.exchange(0, [complete(integrate, [index, { path: "src/z.ts", baseDigest: digest.gone, digest: null, bytes: 0 }])]);
  await world.settle();

  const end = await world.coordinator.view.treeView(ORG);
  expect(end?.files).toEqual([
    { path: "docs/a.md", digest: digest.kept, baseDigest: digest.kept, beadId: null },
    { path: "src/index.ts", digest: sha256Hex("index"), baseDigest: null, beadId: idOf(seed, "integrate") },
    { path: "src/total.ts", digest: sha256Hex("new"), baseDigest: digest.old, beadId: idOf(seed, "total") },
    { path: "src/z.ts", digest: null, baseDigest: digest.gone, beadId: idOf(seed, "integrate") },
  ]);
  expect(end?.treeDigest).toBe(treeDigest({ "docs/a.md": digest.kept, "src/index.ts": sha256Hex("index"), "src/total.ts": sha256Hex("new") }));
  expect(await world.coordinator.view.fileView(ORG, "src/z.ts")).toEqual(end?.files.at(-1));
  expect(await world.coordinator.view.fileView(ORG, "src/none.ts")).toBeNull();
});

function withScope(bead: SeedRequest["beads"][number], write: readonly string[]): SeedRequest["beads"][number] {
  return { ...bead, directive: { ...bead.directive, fileScope: { ...bead.directive.fileScope, write: [...write] } } };
}

test("a claim is proven by the verdict of an accepted run and by nothing before it", async () => {
  const seed = aSeed({ name: "view-proof", ...titled(["total", "other"]) });
  const world = await aWorld(seed);
  expect(await proofs(world)).toEqual(["C-1", "C-2"].map((claimId) => ({ claimId, passed: 0, failed: 0, refuted: false, proven: false })));
  const bead = await world.claim();
  await world.exchange(0, [await world.written(bead, fine(bead))], 0);
  expect(await proofs(world)).toMatchObject([
    { claimId: "C-1", passed: 1, failed: 0, refuted: false, proven: false },
    { claimId: "C-2", passed: 0, proven: false },
  ]);
  await world.work(fine);
  expect(await proofs(world)).toMatchObject([
    { claimId: "C-1", passed: 2, failed: 0, refuted: false, proven: true },
    { claimId: "C-2", passed: 2, failed: 0, refuted: false, proven: true },
  ]);
});

test("a claim that fails is open while its bead has attempts left and refuted when it has none", async () => {
  const world = await aWorld(aSeed({ name: "view-failing", beads: [{ key: "total", maxAttempts: 2 }] }));
  const first = await world.claim();
  await world.exchange(0, [await world.written(first, "WRONG")], 0);
  expect(await proofs(world)).toMatchObject([{ passed: 0, failed: 1, refuted: false, proven: false }]);
  const second = await world.claim();
  await world.exchange(0, [await world.written(second, "WRONG again")], 0);
  expect(await proofs(world)).toMatchObject([{ passed: 0, failed: 1, refuted: true, proven: false }]);
});

test("a hidden example that fails refutes its claim although every visible check passed, until its bead is re-opened", async () => {
  const seed = aSeed({ name: "view-hidden", ...titled(["total", "other"]), hidden: 2 });
  const world = await aWorld(seed);
  await world.work((bead) => (bead.directive.title === "total" ? "OVERFIT" : fine(bead)));
  expect(await proofs(world)).toMatchObject([
    { claimId: "C-1", failed: 0, refuted: true, proven: false },
    { claimId: "C-2", failed: 0, refuted: false, proven: false },
  ]);
  expect(JSON.stringify(await proofs(world))).not.toContain("total(");

  const successor = specificationNode(ORG, aRun("view-successor").sessionId);
  world.graphs.written(specifiedLineage(successor, seed.claims));
  const directives = seed.beads.filter(({ title }) => title === "total").map(({ directive }) => directive);
  const beadIds = ["total", "integrate", "outcome"].map((title) => idOf(seed, title));
  await world.coordinator.reopen("r", { amendmentId: "AMD-1", specificationId: successor.id, directives, claims: [], beadIds });
  await world.settle();
  expect(await proofs(world)).toMatchObject([
    { refuted: false, proven: false },
    { refuted: false, proven: false },
  ]);
  await world.work(fine);
  expect(await world.coordinator.view.proofView(ORG)).toMatchObject({ specificationId: successor.id, claims: [{ proven: true }, { proven: true }] });
});

test("what a person judges and what nothing has checked stays open in an accepted run", async () => {
  const base = aSeed({ name: "view-person", ...titled(["total"]) });
  const [first] = base.claims;
  if (first === undefined) throw new Error("There is no claim.");
  const extra = { ...first, visible: [], holdout: [], functionName: undefined, testFiles: [] };
  const { functionName: _none, ...bare } = extra;
  const claims = [
    first,
    { ...bare, claimId: "C-2", kind: "constraint" as const, text: "It is pleasant." },
    { ...bare, claimId: "C-3", kind: "metric" as const, text: "Fast." },
  ];
  const watched: Omit<SeedRequest["invariants"][number], "invariantId" | "detector"> = {
    claimId: "C-2",
    statement: "It is pleasant and reads no clock.",
    matched: [],
    violationImpact: "low",
    evidenceSource: "tree",
    regressionPolicy: "watch",
  };
  const invariants: SeedRequest["invariants"] = [
    { ...watched, invariantId: "INV-1", detector: "person" },
    { ...watched, invariantId: "INV-2", detector: "no-ambient-access" },
  ];
  const world = await aWorld({ ...base, claims, invariants });
  await world.work(fine);
  expect(world.reports).toMatchObject([{ outcome: "accepted" }]);
  expect(await proofs(world)).toMatchObject([
    { claimId: "C-1", proven: true },
    { claimId: "C-2", passed: 1, failed: 0, proven: false, refuted: false },
    { claimId: "C-3", passed: 0, failed: 0, proven: false, refuted: false },
  ]);
});
