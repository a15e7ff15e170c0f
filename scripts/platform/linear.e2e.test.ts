/** People steer in Linear, on the real platform, with the stand-in for Linear: its schema, its webhooks, its failures. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { followSession, needsPerson, readSubmission, signedRequest, submitAndFollow, type ReviewView, type SessionView } from "@factory/cli";
import { StreamMode } from "@factory/schemas/proto";
import { REPOSITORY } from "../lib/repository.ts";
import { LinearSteering, lineageOf } from "../linear/demo-steering.ts";
import type { Issue } from "../linear/workspace.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";
import { freePort } from "./ports.ts";

const ORDER = `---
title: Twice
---

## Problem

Halves have to be put together again.

## Goal

One function that doubles.

## Acceptance criteria

1. \`twice\` doubles a number.

\`\`\`ts
export function twice(value: number): number;
\`\`\`

\`\`\`examples
twice(1) => 2
twice(2) => 4
twice(5) => 10
twice(-3) => -6
twice(0) => 0
\`\`\`
`;

const APPROVE = [
  "DISPOSITION: commission",
  "rationale: The specification says what was asked for and no more.",
  "considered: approve; ask for bounds",
  "rejected: ask for bounds - every number can be doubled",
].join("\n");

const QUIET = { say: () => undefined, isTerminal: false };

let steering: LinearSteering;
let platform: TestPlatform;
beforeAll(async () => {
  const port = await freePort();
  steering = await LinearSteering.start(port, "local");
  platform = await startTestPlatform({ port, linear: steering.options });
});
afterEach(() => steering.standIn.heal());
afterAll(async () => {
  await platform.dispose();
  await steering[Symbol.asyncDispose]();
});

/** Submits an order in review mode `human` and follows it to its first question. */
async function asked(title: string): Promise<{ readonly view: SessionView; readonly review: ReviewView; readonly issue: Issue }> {
  const submission = {
    text: ORDER.replace("title: Twice", `title: ${title}`),
    files: [],
    parsed: undefined,
    faults: [],
    config: { reviewMode: "human" as const },
  };
  const view = await submitAndFollow(platform.client, await signedRequest(submission, platform.credentials), { until: needsPerson });
  const review = view.openReview;
  if (review === undefined) throw new Error(`Nothing was asked: ${view.terminal?.reason}`);
  return { view, review, issue: await steering.issueOf(review.reviewId) };
}

/** Has every further question answered and follows to the end. */
async function toEnd(view: SessionView, decided?: string): Promise<SessionView> {
  let now = await followSession(platform.client, view.sessionId, { from: view, until: (next) => needsPerson(next) && next.openReview?.reviewId !== decided });
  while (now.terminal === undefined && now.openReview !== undefined) {
    const { reviewId } = now.openReview;
    expect(await steering.answer(now.openReview, QUIET)).toBeDefined();
    now = await followSession(platform.client, view.sessionId, { from: now, until: (next) => needsPerson(next) && next.openReview?.reviewId !== reviewId });
  }
  return now;
}

const said = (issue: Issue): string[] => issue.comments.filter(({ user }) => user.app).map(({ body }) => body);

describe("a run that asks in Linear", () => {
  it("is approved by a registered person's comment, says so there, and keeps who decided and why", async () => {
    const { view, review, issue } = await asked("Approved");
    expect(issue.description).toContain("DISPOSITION: commission");
    expect(issue.labels.map(({ name }) => name)).toContain("factory:escalation");
    const steered = await steering.answer(review, QUIET);
    if (steered === undefined) throw new Error("The comment was not taken.");
    expect((await toEnd(view, review.reviewId)).terminal?.outcome).toBe("COMPLETED");
    expect(said(issue).some((body) => body.includes("Done"))).toBe(true);
    expect(said(issue).join("\n")).not.toMatch(/disposition\s*:/i);
    const [elucidation, disposition, ...causes] = await lineageOf(platform.client, steered.dispositionEventId);
    expect(elucidation).toMatch(/^ELC-/);
    expect(disposition).toBe(steered.dispositionEventId);
    expect(causes.length).toBeGreaterThan(0);
  });

  it("changes nothing for somebody who is not registered, and tells them once", async () => {
    const { view, review, issue } = await asked("Unregistered");
    for (let each = 0; each < 2; each++) {
      steering.standIn.commentAs("mallory", issue.id, APPROVE);
      await steering.standIn.webhooks.settled();
    }
    // The reply may stand between the two comments already.
    await steering.standIn.until("The reply", () => said(issue)[0]);
    expect(said(issue)).toHaveLength(1);
    expect(said(issue)[0]).toContain("registered");
    const since: unknown[] = [];
    const request = { sessionId: view.sessionId, fromSequence: view.lastSeq, streamMode: StreamMode.ALL, replayOnly: true };
    for await (const { event } of platform.client.gateway.resumeStream(request)) since.push(event?.payload.case);
    expect(since).toEqual([]);
    expect(view.openReview?.reviewId).toBe(review.reviewId);
    await platform.client.gateway.cancelSession({ sessionId: view.sessionId, reason: "shown" });
  });

  it("takes deliveries that come twice and in reverse as one disposition with one result", async () => {
    const { view, review, issue } = await asked("Twice and reversed");
    const { webhooks } = steering.standIn;
    webhooks.hold();
    steering.standIn.commentAs("ada", issue.id, APPROVE);
    steering.standIn.commentAs("grace", issue.id, APPROVE.replace("no more", "nothing else"));
    webhooks.release({ reversed: true, copies: 2 });
    await webhooks.settled();
    expect((await toEnd(view, review.reviewId)).terminal?.outcome).toBe("COMPLETED");
    await steering.standIn.until("The result", () => said(issue).find((body) => body.includes("Done")));
    expect(said(issue).filter((body) => body.includes("Done"))).toHaveLength(1);
  });

  it("goes on without Linear where nobody has to be asked, and shows everything when Linear is back", async () => {
    steering.standIn.fail({ kind: "status", status: 503, times: Infinity });
    const before = steering.standIn.issues().length;
    const submission = readSubmission(join(REPOSITORY, "examples", "order-text-tools.md"));
    const view = await submitAndFollow(platform.client, await signedRequest(submission, platform.credentials));
    expect(view.terminal?.outcome, view.terminal?.reason).toBe("COMPLETED");
    expect(steering.standIn.issues()).toHaveLength(before);
    steering.standIn.heal();
    const own = await steering.standIn.until(
      "The session's issue",
      () => steering.standIn.issues().find(({ description }) => description?.includes(view.sessionId)),
      120_000,
    );
    await steering.standIn.until("The end of the session", () => (own.state.type === "completed" ? own : undefined), 120_000);
    const titles = steering.standIn.issues().map(({ title }) => title);
    expect(new Set(steering.standIn.issues().map(({ id }) => id)).size).toBe(titles.length);
  });
});

describe("npm run demo -- --linear", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "factory-linear-demo-"));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs the demo as a person would whose output is not a terminal. */
  async function demo(...args: string[]): Promise<{ readonly code: number | null; readonly lines: readonly string[]; readonly errors: string }> {
    const port = await freePort();
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(REPOSITORY, "scripts", "demo.ts"), "--linear", ...args], {
        cwd: directory,
        env: { ...process.env, INIT_CWD: directory, PORT: String(port), FACTORY_STATE: join(directory, `state-${port}`) },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      let errors = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
      child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString("utf8")));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, lines: output.trimEnd().split("\n"), errors }));
    });
  }

  it("stops for a person, shows the issue, is answered by a comment, and goes on to its end", async () => {
    const { code, lines, errors } = await demo();
    const text = lines.join("\n");
    expect(code, `${text}\n${errors}`).toBe(0);
    expect(text).toContain("A person is needed");
    expect(text).toContain("Ada comments on FAC-");
    expect(text).toContain("rationale: ");
    expect(text).toMatch(/The factory replies on FAC-\d+/);
    expect(text).toMatch(/lineage {3}ELC-\S+ <- DSP-\S+/);
    expect(text).toMatch(/^COMPLETED/m);
  });

  it("prints one JSON object a line, the decision among them and the result last", async () => {
    const { code, lines, errors } = await demo("--json");
    expect(code, errors).toBe(0);
    const objects = lines.map((line) => JSON.parse(line) as { linear?: { lineage: string[] }; outcome?: string });
    expect(objects.at(-1)?.outcome).toBe("COMPLETED");
    expect(objects.flatMap(({ linear }) => linear?.lineage ?? []).some((id) => id.startsWith("DSP-"))).toBe(true);
  });
});
