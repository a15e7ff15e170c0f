import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsPerson, submitAndFollow, type SessionView } from "@factory/cli";
import { SessionEventKind, type SessionEvent } from "@factory/schemas/proto";
import { generatedOrder } from "../lib/generated-order.ts";
import { REPOSITORY } from "../lib/repository.ts";
import { run, type Finished } from "../lib/run.ts";
import { expectWholeLog } from "../testing/log-checks.ts";
import { answerUntilEnd } from "../testing/reviews.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

const CODER = "agent:coder";
const FULL_TRUST = 0.8;

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform();
});
afterAll(async () => {
  await platform.dispose();
});

async function trust(score: number): Promise<void> {
  await platform.client.admin.setTrust({ subjectId: CODER, score, rationale: "The test says so." });
}

/** One command of `factory`, as a person types it. */
function factory(...args: string[]): Promise<Finished> {
  const command = join(REPOSITORY, "packages", "cli", "bin", "factory.mjs");
  return run(process.execPath, [command, ...args, "--url", platform.url, "--key", platform.credentials.apiKey]);
}

type Seen = { readonly view: SessionView; readonly events: SessionEvent[] };

async function submit(): Promise<Seen> {
  const events: SessionEvent[] = [];
  const view = await submitAndFollow(platform.client, await platform.requestText(generatedOrder(2)), {
    until: needsPerson,
    onEvent: (event) => events.push(event),
  });
  return { view, events };
}

const modelCallsOfBeads = (events: readonly SessionEvent[]): number =>
  events.filter(({ payload }) => payload.case === "modelCall" && payload.value.beadId !== undefined).length;
const released = (events: readonly SessionEvent[]): number => events.filter(({ kind }) => kind === SessionEventKind.BEAD_RELEASED).length;

describe("an agent that may only propose", () => {
  it("works, and a person decides on each change set before it is applied", async () => {
    await trust(0.6);
    const { view, events } = await submit();
    expect(view.state).toBe("IN_REVIEW");
    expect(view.openReview?.prompt).toContain("PROPOSE");
    expect(view.openReview?.prompt).toMatch(/src\/\w+\.ts/);
    expect(modelCallsOfBeads(events)).toBeGreaterThan(0);
    expect(released(events)).toBe(0);
    const end = await answerUntilEnd(platform.client, view, () => ({ decision: "approved" }), { onEvent: (event) => events.push(event) });
    expect(end.view.terminal?.outcome, end.view.terminal?.reason).toBe("COMPLETED");
    expectWholeLog(events);
    expect(events.filter(({ kind }) => kind === SessionEventKind.APPROVAL_GRANTED).length).toBeGreaterThanOrEqual(end.reviews.length);
    // Two functions by the coder; the integrator and the outcome bead act on their own trust.
    expect(end.reviews).toHaveLength(2);
  });

  it("does it again with the reason when its proposal is rejected", async () => {
    await trust(0.6);
    const { view, events } = await submit();
    const end = await answerUntilEnd(
      platform.client,
      view,
      (_, index) => (index === 0 ? { decision: "rejected", note: "Name the parameter as the signature does." } : { decision: "approved" }),
      { onEvent: (event) => events.push(event) },
    );
    expect(end.view.terminal?.outcome, end.view.terminal?.reason).toBe("COMPLETED");
    const divergence = events.find(({ payload }) => payload.case === "divergence");
    expect(divergence?.payload.value).toMatchObject({ divergenceType: "approval-rejected" });
    const adopted = events.find(({ kind }) => kind === SessionEventKind.AMENDMENT_ADOPTED);
    expect(adopted?.payload.value).toMatchObject({ faultAttribution: "SPECIFICATION_GAP" });
  });
});

describe("an agent whose trust was revoked", () => {
  it("does nothing until a person lets it, and works alone again once it is trusted", async () => {
    await platform.client.admin.revokeTrust({ subjectId: CODER, rationale: "It was caught napping." });
    const state = await platform.client.admin.getKnowingState({ role: "coder" });
    expect(state).toMatchObject({ autonomy: "SUGGEST", trust: { standing: "inactive" } });
    const { view, events } = await submit();
    expect(view.state).toBe("IN_REVIEW");
    expect(modelCallsOfBeads(events)).toBe(0);
    expect(view.openReview?.prompt).toContain("factory trust set");
    await trust(FULL_TRUST);
    const end = await answerUntilEnd(platform.client, view, () => ({ decision: "approved" }), { onEvent: (event) => events.push(event) });
    expect(end.view.terminal?.outcome, end.view.terminal?.reason).toBe("COMPLETED");
    expectWholeLog(events);
  });
});

describe("a role whose consent was revoked", () => {
  it("does nothing, whoever lets it begin, and works once the command that its question names was run", async () => {
    await trust(FULL_TRUST);
    const revoked = await factory("consent", "revoke", "coder");
    expect(revoked.code, revoked.output).toBe(0);
    expect(revoked.output).toContain("- write_file");
    const { view, events } = await submit();
    expect(view.state).toBe("IN_REVIEW");
    const asked: string[] = [];
    let given: Finished | null = null;
    const end = await answerUntilEnd(
      platform.client,
      view,
      async ({ action, prompt }) => {
        const command = /`factory (consent set coder --grant [\w,]+)`/.exec(prompt)?.[1];
        expect(command, prompt).toContain("write_file");
        // Leave to begin gives no tool: the same bead asks again, and nothing has run.
        if (given === null && asked.includes(action)) {
          expect(modelCallsOfBeads(events)).toBe(0);
          given = await factory(...(command ?? "").split(" "));
        }
        asked.push(action);
        return { decision: "approved" };
      },
      { onEvent: (event) => events.push(event) },
    );
    expect(given).toMatchObject({ code: 0, output: expect.stringMatching(/^coder: REVOKED -> ACTIVE .*write_file\n(\+ \w+\n)+KSB-/) });
    expect(end.view.terminal?.outcome, end.view.terminal?.reason).toBe("COMPLETED");
    expect(modelCallsOfBeads(events)).toBeGreaterThan(0);
    expectWholeLog(events);
    expect(await platform.client.admin.getKnowingState({ role: "coder" })).toMatchObject({ autonomy: "EXECUTE_BOUNDED", consent: { standing: "active" } });
  });
});
