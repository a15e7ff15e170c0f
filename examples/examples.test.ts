import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toJsonString } from "@bufbuild/protobuf";
import { beadCounts, followSession, needsPerson, readDeliveredTree, submitAndFollow, totalOf, writeDeliverable, type SessionView } from "@factory/cli";
import { sha256Hex } from "@factory/schemas";
import { SessionEventSchema, type SessionEvent } from "@factory/schemas/proto";
import { readPublicKeys, verifyEvidence } from "@factory/verification/evidence";
import { REPOSITORY } from "../scripts/lib/repository.ts";
import { run } from "../scripts/lib/run.ts";
import { expectBeadsOnce, expectWholeLog } from "../scripts/testing/log-checks.ts";
import { startTestPlatform, type TestPlatform } from "../scripts/testing/test-platform.ts";

let platform: TestPlatform;
let out: string;
beforeAll(async () => {
  platform = await startTestPlatform();
  // Inside the repository, so that the delivered tests find vitest.
  out = mkdtempSync(join(REPOSITORY, ".factory", "examples-"));
});
afterAll(async () => {
  rmSync(out, { recursive: true, force: true });
  await platform.dispose();
});

async function runExample(name: string): Promise<SessionView> {
  return submitAndFollow(platform.client, await platform.request(join(REPOSITORY, "examples", name)), { until: needsPerson });
}

async function logOf(sessionId: string): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  await followSession(platform.client, sessionId, { onEvent: (event) => events.push(event) });
  return events;
}

/** The package is the one the terminal event names, and it verifies with the delivered files and the log, up to the event before its own. */
async function expectSealed(view: SessionView, directory: string): Promise<void> {
  const bytes = readFileSync(join(directory, "evidence.json"));
  expect(sha256Hex(bytes)).toBe(view.terminal?.evidenceDigest);
  const events = await logOf(view.sessionId);
  const report = await verifyEvidence({
    package: bytes,
    keys: readPublicKeys(await (await fetch(`${platform.url}/.well-known/factory-evidence-keys.json`)).text()),
    tree: readDeliveredTree(directory),
    log: events.map((event) => toJsonString(SessionEventSchema, event)).join("\n"),
  });
  expect(report.fault).toBeNull();
  expect(report.statement?.predicate.chain).toMatchObject({ count: events.length - 2, root: events.at(-3)?.hash });
}

/** Runs the delivered tests as a user would: with vitest on Node, outside of the factory. */
async function testDeliverable(view: SessionView): Promise<{ readonly code: number; readonly output: string }> {
  const directory = join(out, view.sessionId);
  const paths = await writeDeliverable(platform.client, view.sessionId, directory);
  expect(paths).toEqual(expect.arrayContaining(["README.md", "src/index.ts"]));
  expect(paths.some((path) => path.startsWith("tests/"))).toBe(true);
  await expectSealed(view, directory);
  // A configuration of its own: the repository's would take the folder for one of its projects.
  writeFileSync(join(directory, "vitest.config.ts"), "export default {};\n");
  return run("vitest", ["run", "--root", directory]);
}

// Stands first: on a platform that knows the order already nothing diverges any more.
it("order-pricing.md goes through a divergence and an adopted amendment, and starts from what was learnt when it is submitted again", async () => {
  const first = await runExample("order-pricing.md");
  expect(first.terminal?.outcome, first.openReview?.prompt).toBe("COMPLETED");
  expect(first.divergences).toBeGreaterThan(0);
  expect(first.amendments).toBeGreaterThan(0);
  // Only what was wrong and what depends on it was done again.
  const repeated = [...first.beads.values()].filter(({ cycle }) => cycle > 0).map(({ title }) => title);
  expect(repeated.toSorted()).toEqual(["Integrate the parts", "Verify parts", "Verify the outcome", "Write clampQuantity"]);
  const again = await runExample("order-pricing.md");
  expect(again.terminal?.outcome, again.openReview?.prompt).toBe("COMPLETED");
  expect(again.divergences).toBe(0);
  // Of the hidden examples the revealed one is gone, the others still judge.
  expect(totalOf(first.holdouts).passed).toBeGreaterThan(0);
  expect(totalOf(again.holdouts)).toEqual(totalOf(first.holdouts));
});

describe.each(["order-pricing.md", "order-text-tools.md"])("%s", (name) => {
  it("is completed offline, and what it delivers passes its tests outside of the factory", async () => {
    const view = await runExample(name);
    expect(view.terminal?.outcome, view.openReview?.prompt ?? view.terminal?.reason).toBe("COMPLETED");
    expect(beadCounts(view).failed).toBe(0);
    expect(totalOf(view.holdouts)).toMatchObject({ failed: 0 });
    const events = await logOf(view.sessionId);
    expectWholeLog(events);
    expectBeadsOnce(events);
    const tested = await testDeliverable(view);
    expect(tested.code, tested.output).toBe(0);
  });
});

describe("order-calculator.md", () => {
  it("stops for a person, says what was asked, tried and what to do, and ends as the person decides", async () => {
    const view = await runExample("order-calculator.md");
    expect(view.terminal).toBeUndefined();
    const review = view.openReview;
    if (review === undefined) throw new Error("The session asks nobody.");
    expect(review.prompt).toContain("No program of the searched size");
    expect(review.prompt).toContain("MODEL_BASE_URL");
    const decision = { sessionId: view.sessionId, reviewId: review.reviewId, decision: "rejected", note: "no model here", actionDigest: review.actionDigest };
    await expect(platform.client.gateway.acknowledgeReview({ ...decision, actionDigest: "0".repeat(64) })).rejects.toMatchObject({
      code: Code.FailedPrecondition,
    });
    await expect(platform.client.gateway.acknowledgeReview(decision)).resolves.toMatchObject({ accepted: true });
    const ended = await followSession(platform.client, view.sessionId);
    expect(ended.terminal?.outcome).toBe("FAILED");
    await expect(platform.client.gateway.acknowledgeReview(decision)).rejects.toMatchObject({ code: Code.FailedPrecondition });
    expectWholeLog(await logOf(view.sessionId));
  });

  it("is cancelled once, however often that is asked", async () => {
    const view = await runExample("order-calculator.md");
    const cancel = { sessionId: view.sessionId, reason: "enough" };
    await expect(platform.client.gateway.cancelSession(cancel)).resolves.toMatchObject({ accepted: true });
    await expect(platform.client.gateway.cancelSession(cancel)).resolves.toMatchObject({ accepted: true });
    expect((await followSession(platform.client, view.sessionId)).terminal?.outcome).toBe("CANCELLED");
    expectWholeLog(await logOf(view.sessionId));
  });
});
