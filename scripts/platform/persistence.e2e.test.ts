/** The persistence gate on the real platform: what was delivered is looked at once more after the log has been closed. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { followSession, needsPerson, submitAndFollow } from "@factory/cli";
import { LineageDirection, type SessionEvent } from "@factory/schemas/proto";
import { REPOSITORY } from "../lib/repository.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform();
});
afterAll(() => platform.dispose());

async function evidenceOf(sessionId: string): Promise<string> {
  const events: SessionEvent[] = [];
  await followSession(platform.client, sessionId, { onEvent: (event) => events.push(event) });
  const last = events.at(-1)?.payload;
  if (last?.case !== "terminal" || last.value.finalArtifactId === undefined) throw new Error("The last event names no evidence.");
  return last.value.finalArtifactId;
}

/** Content of the reports that gates have written on an artifact. */
async function reportsOn(artifactId: string) {
  const { effects } = await platform.client.admin.lineage({ artifactId, direction: LineageDirection.EFFECTS, limit: 50 });
  return effects?.nodes.filter(({ type }) => type === "VerificationReport").map(({ data }) => data) ?? [];
}

it("finds log, graph and blobs whole, every row that was told and every detector fresh, after a session with an amendment", async () => {
  const view = await submitAndFollow(platform.client, await platform.request(join(REPOSITORY, "examples", "order-pricing.md")), { until: needsPerson });
  expect(view.terminal?.outcome, view.openReview?.prompt ?? view.terminal?.reason).toBe("COMPLETED");
  const evidenceId = await evidenceOf(view.sessionId);
  await expect.poll(() => reportsOn(evidenceId), { timeout: 120_000, interval: 1_000 }).toHaveLength(1);
  const [report] = await reportsOn(evidenceId);
  expect(report).toMatchObject({ gate: "persistence", outcome: "PASS", remediation: [] });
  expect(JSON.stringify(report)).toContain("detector fresh: no-ambient-access");
});
