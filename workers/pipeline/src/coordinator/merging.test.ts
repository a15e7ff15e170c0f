import { describe, expect, test } from "vitest";
import { createOfflineModel } from "@factory/models";
import type { AtomDirective, BeadState, CheckJob, CheckReport, SuccessCheck } from "@factory/schemas";
import { beadIdOf, sha256Hex } from "@factory/schemas";
import type { BeadOutcome, BeadSeed, ClaimedBead, SeedRequest } from "@factory/schemas/rpc";
import { readText } from "@factory/workspace";
import { aSeed, complete, unfinished, writing } from "../testing/builders.ts";
import { answerByContent } from "../testing/content-sandbox.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { systemPrompt, userPrompt } from "../operative/prompts.ts";
import { MAX_MATERIAL_CHARS } from "./merge-material.ts";
import { MAX_MERGE_DEPTH } from "./merging.ts";

const SHARED = "src/shared.ts";
const BASE = ["one", "two", "three", "four", "five", "six", ""].join("\n");

type Change = Partial<Pick<AtomDirective, "successCheck" | "retryPolicy">>;

/** A run of coders that may all write the shared file and one of their own, over a tree that has the shared file. */
async function aSharedRun(name: string, keys: readonly string[], change: Change = {}, content = BASE): Promise<SharedRun> {
  const world = new CoordinatorWorld();
  const plain = aSeed({ name, slots: 4, beads: keys.map((key) => ({ key })) });
  const shared = (bead: BeadSeed): BeadSeed =>
    bead.role === "coder"
      ? {
          ...bead,
          directive: {
            ...bead.directive,
            instructions: `Make ${bead.title} work.\n\n\`\`\`json task\n{"task":"write-code","secret":"${bead.title}"}\n\`\`\``,
            fileScope: { read: ["src/**"], write: [SHARED, `src/${bead.title}.ts`] },
            ...change,
          },
        }
      : bead;
  const digest = await world.blobs.put(new TextEncoder().encode(content));
  const seed = { ...plain, baseTree: { [SHARED]: digest }, beads: plain.beads.map(shared) };
  await world.seed(seed);
  return new SharedRun(world, seed);
}

class SharedRun {
  readonly world: CoordinatorWorld;
  readonly seed: SeedRequest;

  constructor(world: CoordinatorWorld, seed: SeedRequest) {
    this.world = world;
    this.seed = seed;
  }

  id(title: string): string {
    return this.seed.beads.find((bead) => bead.title === title)?.beadId ?? "";
  }

  /** Each coder's bead, claimed on the tree as it was before any of them wrote. */
  async claimAll(): Promise<ClaimedBead[]> {
    const beads: ClaimedBead[] = [];
    for (let slot = 0; slot < this.seed.beads.length - 2; slot++) beads.push(await this.world.claim(slot));
    return beads;
  }

  /** The outcome of a bead that wrote these files. */
  async wrote(bead: ClaimedBead, files: { readonly [path: string]: string }): Promise<BeadOutcome> {
    return complete(bead, await Promise.all(Object.entries(files).map(([path, content]) => writing(this.world.blobs, bead, path, content))));
  }

  async verdictOn(slot: number, outcome: BeadOutcome) {
    const { verdicts } = await this.world.exchange(slot, [outcome], 0);
    await this.world.settle();
    return verdicts[0];
  }

  async text(path: string): Promise<string | null> {
    const [row] = this.world.rows<{ digest: string | null }>(`SELECT digest FROM tree_files WHERE path = '${path}'`);
    return row === undefined || row.digest === null ? null : readText(this.world.blobs, row.digest);
  }

  async states(): Promise<{ readonly [title: string]: BeadState }> {
    return Object.fromEntries((await this.world.coordinator.record())?.beads.map(({ title, state }) => [title, state]) ?? []);
  }

  /** Two beads changed the same line; the second's is superseded, and its merge bead is claimed. */
  async conflicted(): Promise<{ readonly first: ClaimedBead; readonly second: ClaimedBead; readonly merge: ClaimedBead }> {
    const [first, second] = await this.claimAll();
    if (first === undefined || second === undefined) throw new Error("Two beads conflict.");
    await this.verdictOn(0, await this.wrote(first, { [SHARED]: edited("two", "two of a") }));
    await this.verdictOn(1, await this.wrote(second, { [SHARED]: edited("two", "two of b"), "src/b.ts": "own file of b" }));
    return { first, second, merge: await this.world.claim(1) };
  }
}

/** A sandbox in which a test fails on WRONG in any file that its subject reaches. */
function reachingAll(job: CheckJob): CheckReport {
  const everything = Object.values(job.files).join("\n");
  return answerByContent({
    ...job,
    files: Object.fromEntries(Object.entries(job.files).map(([path, text]) => [path, path.startsWith("src/") ? everything : text])),
  });
}

/** A unit's own file, through which its tests reach the shared one. */
const OWN = 'import "./shared.ts";\n';

const edited = (line: string, by: string, text = BASE): string => text.replace(line, by);
const specOf = ({ directive }: ClaimedBead): ReadonlyMap<string, string> => new Map(directive.specFiles.map(({ path, content }) => [path, content]));

describe("two beads that change the same file", () => {
  test("in different places are both in the tree, and the second is checked on what both make together", async () => {
    const run = await aSharedRun("clean", ["a", "b"]);
    const [first, second] = await run.claimAll();
    if (first === undefined || second === undefined) throw new Error("Two beads are claimed.");
    expect(await run.verdictOn(0, await run.wrote(first, { [SHARED]: edited("two", "TWO") }))).toMatchObject({ state: "DONE" });
    run.world.jobs.length = 0;
    expect(await run.verdictOn(1, await run.wrote(second, { [SHARED]: edited("five", "FIVE") }))).toMatchObject({ state: "DONE" });
    const both = edited("five", "FIVE", edited("two", "TWO"));
    expect(await run.text(SHARED)).toBe(both);
    expect(run.world.jobs.length).toBeGreaterThan(0);
    expect(run.world.rows(`SELECT digest FROM tree_files WHERE path = '${SHARED}'`)).toEqual([{ digest: sha256Hex(both) }]);
    await run.world.work();
    expect(run.world.reports).toMatchObject([{ outcome: "accepted", beads: { done: 4, failed: 0 } }]);
  });

  test("and whose merged content fails the checks are told so, and nothing of it is in the tree", async () => {
    const run = await aSharedRun("clean-wrong", ["a", "b"]);
    run.world.answer = reachingAll;
    const [first, second] = await run.claimAll();
    if (first === undefined || second === undefined) throw new Error("Two beads are claimed.");
    await run.verdictOn(0, await run.wrote(first, { [SHARED]: edited("two", "TWO") }));
    const verdict = await run.verdictOn(1, await run.wrote(second, { [SHARED]: edited("five", "WRONG"), "src/b.ts": OWN }));
    expect(verdict).toMatchObject({ state: "READY", accepted: true });
    expect(await run.text(SHARED)).toBe(edited("two", "TWO"));
  });

  test("in the same place leave one bead that brings them together: no attempt is burnt, and who waited waits for it", async () => {
    const run = await aSharedRun("conflict", ["a", "b"]);
    const { second, merge } = await run.conflicted();
    expect(run.world.moves(second.beadId)).toEqual([">READY", "READY>LEASED", "LEASED>CANCELLED"]);
    const cancelled = run.world.eventsOf("BEAD_STATE_CHANGED").find(({ beadId, toState }) => beadId === second.beadId && toState === "CANCELLED");
    expect(cancelled?.reason).toContain(`superseded by ${merge.beadId}`);
    expect(cancelled?.reason).toContain("no attempt is counted");
    expect(run.world.rows(`SELECT attempts FROM beads WHERE bead_id = '${second.beadId}'`)).toEqual([{ attempts: 0 }]);
    expect(run.world.eventsOf("RUN_GRAPH_AMENDED")).toMatchObject([{ decidedBy: "coordinator", changes: [`supersede ${second.beadId} by ${merge.beadId}`] }]);
    expect(run.world.reports).toEqual([]);
    const record = await run.world.coordinator.record();
    expect(record?.beads.find(({ title }) => title === "integrate")?.dependsOn.toSorted()).toEqual([run.id("a"), merge.beadId].toSorted());
  });

  test("show the merge bead all versions and both intents, and it is checked for both", async () => {
    const run = await aSharedRun("intents", ["a", "b"]);
    const { merge } = await run.conflicted();
    const { directive } = merge;
    const spec = specOf(merge);
    expect(spec.get(`spec/merge/base/${SHARED}`)).toBe(BASE);
    expect(spec.get(`spec/merge/incoming/${SHARED}`)).toBe(edited("two", "two of b"));
    expect(spec.get(`spec/merge/current/${SHARED}`)).toBe(edited("two", "two of a"));
    expect(spec.get("spec/merge/incoming/src/b.ts")).toBe("own file of b");
    expect(directive).toMatchObject({ role: "integrator", title: "Merge b", claimRefs: ["C-2", "C-1"], fileScope: { write: [SHARED, "src/b.ts"] } });
    expect(directive.successCheck).toEqual({
      kind: "all",
      checks: [
        { kind: "examples", claim: "C-2" },
        { kind: "examples", claim: "C-1" },
      ],
    });
    expect(directive.toolPolicy.permitted).not.toContain("run_code");
    expect(directive.instructions).toContain("> Make b work.");
    expect(directive.instructions).toContain("> Make a work.");
    expect(directive.instructions.match(/```json task/g)).toHaveLength(1);
    expect(merge.claims.map(({ claimId }) => claimId).toSorted()).toEqual(["C-1", "C-2"]);
    expect(run.world.graphs.node(directive.directiveId)?.type).toBe("AtomDirective");
  });

  test("end in a tree that nothing of a peer was dropped from", async () => {
    const run = await aSharedRun("resolved", ["a", "b"]);
    const { merge } = await run.conflicted();
    const both = edited("two", "two of a\ntwo of b");
    expect(await run.verdictOn(1, await run.wrote(merge, { [SHARED]: both, "src/b.ts": "own file of b" }))).toMatchObject({ state: "DONE" });
    await run.world.work();
    expect(await run.text(SHARED)).toBe(both);
    expect(await run.text("src/b.ts")).toBe("own file of b");
    expect(await run.states()).toEqual({ a: "DONE", b: "CANCELLED", integrate: "DONE", outcome: "DONE", "Merge b": "DONE" });
    expect(run.world.reports).toMatchObject([{ outcome: "accepted", beads: { done: 4, failed: 0 } }]);
  });

  test("and of which the merge is wrong have it checked and done again, like any bead", async () => {
    const run = await aSharedRun("wrong-merge", ["a", "b"]);
    const { merge } = await run.conflicted();
    run.world.answer = reachingAll;
    expect(await run.verdictOn(1, await run.wrote(merge, { [SHARED]: "WRONG", "src/b.ts": OWN }))).toMatchObject({ state: "READY" });
    expect(await run.text(SHARED)).toBe(edited("two", "two of a"));
    expect(await run.world.claim(1)).toMatchObject({ beadId: merge.beadId, attempt: 2 });
  });

  test("where one deletes it conflict, and both versions are shown", async () => {
    const run = await aSharedRun("deleted", ["a", "b"]);
    const [first, second] = await run.claimAll();
    if (first === undefined || second === undefined) throw new Error("Two beads are claimed.");
    await run.verdictOn(0, await run.wrote(first, { [SHARED]: edited("two", "TWO") }));
    const deletion = { path: SHARED, baseDigest: second.tree[SHARED] ?? null, digest: null, bytes: 0 };
    expect(await run.verdictOn(1, complete(second, [deletion]))).toMatchObject({ state: "CANCELLED" });
    const merge = await run.world.claim(1);
    expect(specOf(merge).has(`spec/merge/incoming/${SHARED}`)).toBe(false);
    expect(merge.directive.instructions).toContain(`Files that the unit deletes:\n- ${SHARED}`);
  });

  test("too large to be shown are done again on the present tree, with the attempt counted as before", async () => {
    const run = await aSharedRun("large", ["a", "b"], {}, `${BASE}${"x".repeat(MAX_MATERIAL_CHARS)}\n`);
    const [first, second] = await run.claimAll();
    if (first === undefined || second === undefined) throw new Error("Two beads are claimed.");
    const large = `${BASE}${"x".repeat(MAX_MATERIAL_CHARS)}\n`;
    await run.verdictOn(0, await run.wrote(first, { [SHARED]: edited("two", "two of a", large) }));
    expect(await run.verdictOn(1, await run.wrote(second, { [SHARED]: edited("two", "two of b", large) }))).toMatchObject({ state: "READY" });
    expect((await run.world.claim(1)).feedback.join("\n")).toContain("another unit changed the same lines");
    expect(await run.text(SHARED)).toBe(edited("two", "two of a", large));
  });
});

describe("a peer that is re-opened", () => {
  const reopen = (run: SharedRun, title: string) =>
    run.world.coordinator.reopen("r", {
      amendmentId: `AMD-${title}`,
      specificationId: run.seed.specificationId,
      directives: [],
      claims: run.seed.claims,
      beadIds: [run.id(title)],
    });

  test("after the conflict takes the merge bead back with it, which then works on what the peer has made anew", async () => {
    const run = await aSharedRun("reopened-after", ["a", "b"]);
    const { merge } = await run.conflicted();
    expect(await reopen(run, "a")).toEqual({ ok: true });
    expect(await run.states()).toMatchObject({ a: "READY", "Merge b": "BLOCKED" });
    expect(await run.verdictOn(1, await run.wrote(merge, { [SHARED]: "late" }))).toMatchObject({ accepted: false });
    const again = await run.world.claim(0);
    expect(again.directive.title).toBe("a");
    const anew = edited("two", "two of a, anew");
    await run.verdictOn(0, await run.wrote(again, { [SHARED]: anew }));
    const merged = await run.world.claim(1);
    expect(merged.beadId).toBe(merge.beadId);
    expect(await readText(run.world.blobs, merged.tree[SHARED] ?? "")).toBe(anew);
    await run.verdictOn(1, await run.wrote(merged, { [SHARED]: `${anew}two of b\n`, "src/b.ts": "b" }));
    await run.world.work();
    expect(await run.text(SHARED)).toBe(`${anew}two of b\n`);
    expect(run.world.reports.at(-1)).toMatchObject({ outcome: "accepted" });
  });

  test("before the conflict is not waited for, and its check is not the merge bead's", async () => {
    const run = await aSharedRun("reopened-before", ["a", "b"]);
    const [first, second] = await run.claimAll();
    if (first === undefined || second === undefined) throw new Error("Two beads are claimed.");
    await run.verdictOn(0, await run.wrote(first, { [SHARED]: edited("two", "two of a") }));
    await reopen(run, "a");
    const again = await run.world.claim(0);
    expect(again.directive.title).toBe("a");
    await run.verdictOn(1, await run.wrote(second, { [SHARED]: edited("two", "two of b") }));
    const merge = await run.world.claim(1);
    const checks: SuccessCheck = { kind: "all", checks: [{ kind: "examples", claim: "C-2" }] };
    expect(merge.directive.successCheck).toEqual(checks);
    expect(merge.directive.instructions).toContain("> Make a work.");
    const both = edited("two", "two of a\ntwo of b");
    expect(await run.verdictOn(1, await run.wrote(merge, { [SHARED]: both }))).toMatchObject({ state: "DONE" });
    // The peer was claimed before the merge: what it does elsewhere in the file is merged with that.
    expect(await run.verdictOn(0, await run.wrote(again, { [SHARED]: edited("five", "five of a", edited("two", "two of a")) }))).toMatchObject({
      state: "DONE",
    });
    expect(await run.text(SHARED)).toBe(edited("five", "five of a", both));
    await run.world.work();
    expect(run.world.reports.at(-1)).toMatchObject({ outcome: "accepted" });
  });
});

describe("a merge bead", () => {
  test("that conflicts with another merge is merged again, with the intents of all three", async () => {
    const run = await aSharedRun("again", ["a", "b", "c"]);
    const [a, b, c] = await run.claimAll();
    if (a === undefined || b === undefined || c === undefined) throw new Error("Three beads are claimed.");
    await run.verdictOn(0, await run.wrote(a, { [SHARED]: edited("two", "a") }));
    await run.verdictOn(1, await run.wrote(b, { [SHARED]: edited("two", "b") }));
    await run.verdictOn(2, await run.wrote(c, { [SHARED]: edited("two", "c") }));
    const [first, second] = [await run.world.claim(1), await run.world.claim(2)];
    expect([first.directive.title, second.directive.title]).toEqual(["Merge b", "Merge c"]);
    await run.verdictOn(1, await run.wrote(first, { [SHARED]: edited("two", "a\nb") }));
    expect(await run.verdictOn(2, await run.wrote(second, { [SHARED]: edited("two", "a\nc") }))).toMatchObject({ state: "CANCELLED" });
    const third = await run.world.claim(2);
    expect(third.directive.title).toBe("Merge c");
    for (const intent of ["Make a work.", "Make b work.", "Make c work."]) expect(third.directive.instructions).toContain(`> ${intent}`);
    expect(specOf(third).get(`spec/merge/current/${SHARED}`)).toBe(edited("two", "a\nb"));
    await run.verdictOn(2, await run.wrote(third, { [SHARED]: edited("two", "a\nb\nc") }));
    await run.world.work();
    expect(await run.text(SHARED)).toBe(edited("two", "a\nb\nc"));
    expect(run.world.reports.at(-1)).toMatchObject({ outcome: "accepted" });
  });

  test("is superseded at most so many times in a row", async () => {
    const run = await aSharedRun("depth", ["a", "b"]);
    const { merge } = await run.conflicted();
    let bead = merge;
    for (let depth = 1; depth <= MAX_MERGE_DEPTH; depth++) {
      // A peer rewrites the line while the merge bead works.
      const digest = await run.world.blobs.put(new TextEncoder().encode(edited("two", `moved ${depth}`)));
      run.world.execute(`UPDATE tree_files SET digest = '${digest}', version = version + 1 WHERE path = '${SHARED}'`);
      const verdict = await run.verdictOn(1, await run.wrote(bead, { [SHARED]: edited("two", `mine ${depth}`) }));
      expect(verdict?.state).toBe(depth === MAX_MERGE_DEPTH ? "READY" : "CANCELLED");
      bead = await run.world.claim(1);
      expect(bead.directive.title).toBe("Merge b");
      expect(bead.directive.instructions).toContain("> Make a work.");
      expect(bead.directive.instructions).toContain("> Make b work.");
      expect(specOf(bead).size).toBe(new Set(specOf(bead).keys()).size);
    }
    expect(bead).toMatchObject({ attempt: 2, feedback: expect.arrayContaining([expect.stringContaining("the same lines")]) });
  });

  test("brings in nothing without a person that another agent may not apply alone", async () => {
    const run = await aSharedRun("leave", ["a", "b"]);
    const [first, second] = await run.claimAll();
    if (first === undefined || second === undefined) throw new Error("Two beads are claimed.");
    await run.verdictOn(0, await run.wrote(first, { [SHARED]: edited("two", "two of a") }));
    run.world.graphs.trust("PROPOSE");
    // Its knowing-state has moved, so what it has made under the old one does not count.
    expect(await run.verdictOn(1, await run.wrote(second, { [SHARED]: edited("two", "two of b") }))).toMatchObject({ state: "READY" });
    run.world.execute(
      `UPDATE tree_files SET digest = (SELECT base_digest FROM tree_files WHERE path = '${SHARED}'), version = version + 1 WHERE path = '${SHARED}'`,
    );
    const proposing = await run.world.claim(1);
    const digest = await run.world.blobs.put(new TextEncoder().encode(edited("two", "two of a")));
    run.world.execute(`UPDATE tree_files SET digest = '${digest}', version = version + 1 WHERE path = '${SHARED}'`);
    expect(await run.verdictOn(1, await run.wrote(proposing, { [SHARED]: edited("two", "two of b") }))).toMatchObject({ state: "CANCELLED" });
    const merge = await run.world.claim(1);
    const both = edited("two", "two of a\ntwo of b");
    expect(await run.verdictOn(1, await run.wrote(merge, { [SHARED]: both }))).toMatchObject({ state: "WAITING" });
    expect(run.world.asked().at(-1)).toMatchObject({
      stage: "apply",
      role: "integrator",
      reason: expect.stringContaining("may not apply one without a person"),
    });
    expect(await run.text(SHARED)).toBe(edited("two", "two of a"));
    await run.world.decide("approved");
    expect(await run.text(SHARED)).toBe(both);
  });

  test("carries an amended directive of the unit it stands for, with its material", async () => {
    const run = await aSharedRun("amended", ["a", "b"]);
    const { merge } = await run.conflicted();
    const unit = run.seed.beads.find(({ title }) => title === "b");
    if (unit === undefined) throw new Error("The unit is in the seed.");
    const directive = { ...unit.directive, instructions: "Make b work, and round up." };
    const { specificationId, claims } = run.seed;
    const request = { amendmentId: "AMD-1", specificationId, directives: [directive], claims, beadIds: [unit.beadId] };
    expect(await run.world.coordinator.reopen("r", request)).toEqual({ ok: true });
    await run.world.settle();
    const again = await run.world.claim(1);
    expect(again).toMatchObject({ beadId: merge.beadId, epoch: merge.epoch + 2, cycle: 0 });
    expect(again.directive.instructions).toContain("> Make b work, and round up.");
    expect(again.directive.instructions).toContain("> Make a work.");
    expect(specOf(again).get(`spec/merge/incoming/${SHARED}`)).toBe(edited("two", "two of b"));
    expect(run.world.graphs.node(again.directive.directiveId)?.type).toBe("AtomDirective");
    expect(again.directive.directiveId).not.toBe(merge.directive.directiveId);
  });

  test("is beyond the offline model, which says so; the divergence names a bead that the compiler knows", async () => {
    const run = await aSharedRun("offline", ["a", "b"]);
    const { merge } = await run.conflicted();
    const prompt = [
      { role: "system" as const, content: systemPrompt(merge.directive, [], []) },
      { role: "user" as const, content: [{ type: "text" as const, text: userPrompt(merge) }] },
    ];
    const { content } = await createOfflineModel().doGenerate({ prompt });
    const [answer] = content;
    const report = JSON.parse(answer?.type === "text" ? answer.text : "null") as { status: string; reasoning: string; blockers: string[] };
    expect(report).toMatchObject({ status: "BLOCKED", blockers: [expect.stringContaining('The task "merge" needs a language model.')] });
    await run.verdictOn(1, unfinished(merge, { status: "BLOCKED", blockers: report.blockers, reasoning: report.reasoning }));
    expect(run.world.reports).toMatchObject([{ outcome: "diverged", divergence: { beadId: merge.beadId, role: "integrator", status: "BLOCKED" } }]);
    const [diverged] = run.world.reports;
    const affected = diverged?.outcome === "diverged" ? diverged.divergence.affectedBeadIds : [];
    expect(affected).toContain(run.id("b"));
    expect(affected.filter((beadId) => !run.seed.beads.some((bead) => bead.beadId === beadId))).toEqual([]);
    const { specificationId, claims } = run.seed;
    await run.world.coordinator.reopen("r", { amendmentId: "AMD-1", specificationId, directives: [], claims, beadIds: affected });
    await run.world.settle();
    const again = await run.world.claim(1);
    expect(again).toMatchObject({ beadId: merge.beadId, cycle: 1 });
    await run.verdictOn(1, await run.wrote(again, { [SHARED]: edited("two", "two of a\ntwo of b"), "src/b.ts": "b" }));
    await run.world.work();
    expect(run.world.reports.at(-1)).toMatchObject({ outcome: "accepted" });
  });
});

test("the id of a merge bead follows from the conflict, so that a second look at it finds the same", async () => {
  const ids = await Promise.all(
    ["same", "same"].map(async (name) => {
      const run = await aSharedRun(name, ["a", "b"]);
      const { merge } = await run.conflicted();
      expect(merge.beadId).toBe(beadIdOf(run.seed.org, run.seed.runId, merge.directive.atomId));
      return merge.beadId;
    }),
  );
  expect(new Set(ids).size).toBe(1);
});
