import { blobKey, isTerminalKind } from "@factory/schemas";
import { isAbsent } from "@factory/verification/evidence";
import { describe, expect, test } from "vitest";
import { deployedAs } from "./evidence-configuration.ts";
import { anAcceptedRun, ANN, anOrder, aRecord, aRequest } from "./testing/builders.ts";
import { commissioned, Surroundings } from "./testing/surroundings.ts";

const REQUEST = aRequest();
const HUMAN = aRequest({ config: { reviewMode: "human" } });
const { org: ORG, sessionId: SESSION } = REQUEST;
const PACKAGE = blobKey.evidence(ORG, SESSION);

async function executing(world = new Surroundings()): Promise<Surroundings> {
  await commissioned(world, REQUEST);
  await world.compiled();
  return world;
}

async function completed(world = new Surroundings()): Promise<Surroundings> {
  await executing(world);
  await world.report("accepted", { kind: "run", report: anAcceptedRun() });
  return world;
}

async function rejected(): Promise<Surroundings> {
  const world = await commissioned(new Surroundings(), HUMAN);
  const review = (await world.session.status())?.openReview;
  const { reviewId = "", actionDigest = "" } = review ?? {};
  await world.session.acknowledge({ reviewId, actionDigest, decision: "rejected", note: "not this", principal: ANN });
  await world.settle();
  return world;
}

/** Every way a session ends, with the state it ends in. */
const ENDINGS: readonly [name: string, outcome: string, live: () => Promise<Surroundings>][] = [
  ["an accepted run", "COMPLETED", () => completed()],
  [
    "a failed run",
    "FAILED",
    async () => {
      const world = await executing();
      world.record = aRecord({ beads: aRecord().beads.map((bead) => ({ ...bead, state: "FAILED" as const })) });
      await world.report("failed", { kind: "run", report: anAcceptedRun({ outcome: "failed", reason: "The outcome bead failed." }) });
      return world;
    },
  ],
  [
    "an order that the intake gate refuses",
    "FAILED",
    () => commissioned(new Surroundings(), aRequest({ order: anOrder({ acceptanceCriteria: [{ text: "it works", tests: ["tests/a.test.ts"], line: 7 }] }) })),
  ],
  [
    "a refused compilation",
    "FAILED",
    async () => {
      const world = await commissioned(new Surroundings(), REQUEST);
      await world.report("refused", { kind: "compiled", report: { outcome: "refused", code: "GATE_REFUSED", reportId: "VR-1", remediation: ["C-2"] } });
      return world;
    },
  ],
  [
    "a cancelled run that was amended",
    "CANCELLED",
    async () => {
      const world = await executing();
      await world.diverged("d1");
      await world.reopened();
      await world.session.cancel("enough", ANN);
      await world.settle();
      return world;
    },
  ],
  ["a rejected specification", "REJECTED", rejected],
];

describe("the sealed package", () => {
  test.each(ENDINGS)("of %s is %s and verifies with files and log", async (_name, outcome, live) => {
    const world = await live();
    const { predicate } = await world.sealed(SESSION);
    expect(predicate.session.outcome).toBe(outcome);
    expect(world.kinds.filter(isTerminalKind)).toEqual([`SESSION_${outcome}`]);
  });

  test("is the same to the byte after a crash between the bytes and the commit, though the deployment has changed", async () => {
    const world = await executing();
    const made: Uint8Array[] = [];
    const store = world.blobs.set.bind(world.blobs);
    world.blobs.set = (key, bytes) => {
      store(key, bytes);
      if (key !== PACKAGE) return world.blobs;
      made.push(bytes);
      if (made.length === 1) {
        world.deployed = deployedAs({ FACTORY_MODELS: '{"factory/coder":"openai:other"}', VERSION: { id: "version-2", tag: "" } });
        world.restart();
      }
      return world.blobs;
    };
    await expect(world.report("accepted", { kind: "run", report: anAcceptedRun() })).rejects.toThrow("crashed");
    await world.later(600_000);
    expect(made).toHaveLength(2);
    expect(made[1]).toEqual(made[0]);
    expect((await world.sealed(SESSION)).predicate.configuration.content.deployment).toEqual({ id: "version-1", tag: { absent: "the version has no tag" } });
  });

  test.each([
    ["absent", undefined],
    ["empty", " "],
    ["no key", '{"kty":"oct"}'],
    ["half a key", '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'],
  ])("is never made with a secret that is %s: the session says so, waits, and is sealed once there is a key", async (_name, secret) => {
    const world = await executing();
    const key = world.evidenceKey;
    world.evidenceKey = secret;
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.status()).toMatchObject({ state: "DELIVERING", reason: expect.stringContaining("EVIDENCE_SIGNING_KEY") });
    expect(world.blobs.has(PACKAGE)).toBe(false);
    expect(world.kinds.filter(isTerminalKind)).toEqual([]);
    world.evidenceKey = key;
    await world.later(3_600_000);
    await world.sealed(SESSION);
    expect(world.kinds.at(-1)).toBe("SESSION_COMPLETED");
  });

  test("names the models by alias, the compilation's configuration and their digest", async () => {
    const { predicate } = await (await completed()).sealed(SESSION);
    expect(predicate.configuration.content).toMatchObject({
      models: { "factory/coder": ["offline"], "factory/architect": ["offline"] },
      compilation: { reviewMode: "auto" },
      deployment: { id: "version-1" },
    });
    expect(deployedAs({ FACTORY_MODELS: "{" }).models).toEqual({ absent: expect.stringContaining("FACTORY_MODELS is not JSON") });
  });

  test("has every edge that was told, so that why can be followed from the package alone", async () => {
    const world = await completed();
    const { lineage } = (await world.sealed(SESSION)).predicate;
    const intent = lineage.nodes.find(({ type }) => type === "IntentSpecification")?.id;
    const reached = new Set([intent]);
    for (let size = 0; size !== reached.size;) {
      size = reached.size;
      for (const [source, , target] of lineage.edges) if (reached.has(source)) reached.add(target);
    }
    const types = lineage.nodes.filter(({ id }) => reached.has(id)).map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(["Pressure", "Signal"]));
  });

  test("refuses a log that is not one chain", async () => {
    const world = await executing();
    const events = world.sessionLog.events;
    const second = events[1];
    if (second === undefined) throw new Error("The log is short.");
    events[1] = { ...second, hash: "f".repeat(64) };
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.status()).toMatchObject({ reason: expect.stringContaining("does not follow") });
    expect(world.blobs.has(PACKAGE)).toBe(false);
  });
});

describe("what is not known", () => {
  test("hazard: absent rendered as zero - a cost that is not known is absent in each call and in the total", async () => {
    const world = await completed();
    const { modelCalls, totals, runModelUse } = (await world.sealed(SESSION)).predicate;
    expect(modelCalls).toHaveLength(4);
    for (const { costUsd } of modelCalls) expect(costUsd).toEqual({ absent: "the price of the model is not known" });
    expect(totals.costUsd).toEqual({ absent: "the price of 4 of 4 model calls is not known" });
    expect(runModelUse).toEqual({ calls: 5, costUsd: { absent: "the price of a call is not known" } });
    expect(world.of("SESSION_COMPLETED")).toMatchObject([{ summary: { costUsd: null } }]);
  });

  test("hazard: absent rendered as zero - a session without a run has no beads, checks, holdouts or verdict, and no zero for them", async () => {
    const world = await rejected();
    const { predicate } = await world.sealed(SESSION);
    const { session, run, beads, claims, checks, runModelUse, deliverable, totals } = predicate;
    for (const value of [session.runId, run, beads, claims, checks, runModelUse, deliverable, totals.beads, totals.checks, totals.claims]) {
      expect(isAbsent(value)).toBe(true);
    }
    expect(world.of("SESSION_REJECTED")).toMatchObject([{ summary: { beads: null, checks: null, holdouts: null, costUsd: null } }]);
  });

  test("hazard: absent rendered as zero - a session that delivered nothing is about its log and not about no files", async () => {
    const { subject, predicate } = await (await rejected()).sealed(SESSION);
    expect(predicate.deliverable).toEqual({ absent: "nothing was delivered" });
    expect(subject).toEqual([{ name: `events:${SESSION}`, digest: { sha256: predicate.chain.root } }]);
  });
});
