/**
 * The loop on the real platform, once for each fault attribution: a failing bead, its divergence, hypothesis, amendment,
 * verification, adoption or rejection, the re-run of what is affected, and a later session that behaves differently. The
 * coder is a scripted model that makes one mistake until it is told of it.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsPerson, submitAndFollow, type SessionView } from "@factory/cli";
import { ChatCompletionsServer, type ChatReply, type ChatRequest } from "@factory/models/testing";
import { SessionEventKind, type SessionEvent } from "@factory/schemas/proto";
import { expectBeadsOnce, expectWholeLog } from "../testing/log-checks.ts";
import { answerUntilEnd } from "../testing/reviews.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

const REPORT = JSON.stringify({ status: "COMPLETE", reasoning: "Done.", blockers: [], assumptionsMade: [], verifiedFacts: [] });

type Work = {
  /** Everything the model was told. */
  readonly prompt: string;
  readonly toolResults: number;
  readonly task: { readonly function: { readonly name: string }; readonly file: string; readonly examples: readonly { args: unknown[]; expected: unknown }[] };
};

/** A coder by what it writes; it writes once, then reports. */
function coderOf(codeFor: (work: Work) => string): (request: ChatRequest) => ChatReply {
  return ({ messages }) => {
    const prompt = messages.map(({ content }) => (typeof content === "string" ? content : JSON.stringify(content))).join("\n");
    const block = /```json task\n([\s\S]*?)\n```/.exec(prompt)?.[1];
    if (block === undefined) throw new Error("The prompt has no task.");
    const task = JSON.parse(block) as Work["task"];
    const toolResults = messages.filter(({ role }) => role === "tool").length;
    if (toolResults > 0) return { kind: "text", text: REPORT };
    return { kind: "tools", calls: [{ name: "write_file", input: { path: task.file, content: codeFor({ prompt, toolResults, task }) } }] };
  };
}

/** Knows the examples it was shown and nothing else. */
function lookupTable({ task }: Work): string {
  const cases = task.examples.map(({ args, expected }) => `  if (n === ${JSON.stringify(args[0])}) return ${JSON.stringify(expected)};`);
  return [`export function ${task.function.name}(n: number): number {`, ...cases, "  return 0;", "}", ""].join("\n");
}

const squares = (work: Work): string => `export function ${work.task.function.name}(n: number): number {\n  return n * n;\n}\n`;

function orderFor(name: string, extra: readonly string[] = []): string {
  const examples = [1, 2, 3, 5, 7, 11].map((n) => `${name}(${n}) => ${n * n}`);
  return [
    "---",
    `title: ${name}`,
    "review_mode: auto",
    "---",
    "",
    "## Goal",
    "",
    "Areas of square tiles.",
    "",
    ...extra,
    "## Acceptance criteria",
    "",
    `1. \`${name}\` multiplies its argument by itself.`,
    "",
    "```ts",
    `export function ${name}(n: number): number;`,
    "```",
    "",
    "```examples",
    ...examples,
    "```",
    "",
  ].join("\n");
}

let server: ChatCompletionsServer;
let platform: TestPlatform;
beforeAll(async () => {
  server = await ChatCompletionsServer.start(coderOf(squares));
  platform = await startTestPlatform({
    models: { FACTORY_MODELS: '{"factory/coder":"openai:test-coder"}', MODEL_BASE_URL: server.baseUrl, MODEL_API_KEY: "test-key" },
  });
});
afterAll(async () => {
  await platform.dispose();
  await server[Symbol.asyncDispose]();
});

type Seen = { readonly view: SessionView; readonly events: SessionEvent[] };

async function submit(order: string): Promise<Seen> {
  const events: SessionEvent[] = [];
  const view = await submitAndFollow(platform.client, await platform.requestText(order), { until: needsPerson, onEvent: (event) => events.push(event) });
  return { view, events };
}

function amendments(events: readonly SessionEvent[], kind: SessionEventKind): readonly { readonly amendmentId: string; readonly faultAttribution: string }[] {
  return events.flatMap((event) => (event.kind === kind && event.payload.case === "amendment" ? [event.payload.value] : []));
}

const divergences = (events: readonly SessionEvent[]): readonly string[] =>
  events.flatMap(({ payload }) => (payload.case === "divergence" ? [payload.value.divergenceId] : []));

function written(events: readonly SessionEvent[], type: string): readonly string[] {
  return events.flatMap(({ payload }) => (payload.case === "artifact" && payload.value.artifactType === type ? [payload.value.artifactId] : []));
}

/** Every amendment of a log was verified before it was decided. */
function expectVerified(events: readonly SessionEvent[]): void {
  const decided = [...amendments(events, SessionEventKind.AMENDMENT_ADOPTED), ...amendments(events, SessionEventKind.AMENDMENT_REJECTED)];
  expect(decided.length).toBeGreaterThan(0);
  const verified = events.flatMap(({ payload }) => (payload.case === "verification" ? [payload.value.subjectId] : []));
  for (const { amendmentId } of decided) expect(verified).toContain(amendmentId);
}

describe("SPECIFICATION_GAP", () => {
  it("reveals a hidden example, then the criterion; a later session on the same order needs neither", async () => {
    server.answerWith(coderOf((work) => (work.prompt.includes("still breaks this criterion") ? squares(work) : lookupTable(work))));
    const order = orderFor("tileArea");
    const first = await submit(order);
    expect(first.view.terminal?.outcome, first.view.openReview?.prompt ?? first.view.terminal?.reason).toBe("COMPLETED");
    expectWholeLog(first.events);
    expectBeadsOnce(first.events);
    expectVerified(first.events);
    expect(amendments(first.events, SessionEventKind.AMENDMENT_ADOPTED).map(({ faultAttribution }) => faultAttribution)).toEqual([
      "SPECIFICATION_GAP",
      "SPECIFICATION_GAP",
    ]);
    expect(divergences(first.events)).toHaveLength(2);

    const [divergence] = divergences(first.events);
    const why = await platform.client.admin.why({ artifactId: divergence ?? "" });
    const causes = why.causes?.nodes.map(({ type }) => type) ?? [];
    expect(causes).toEqual(expect.arrayContaining(["Divergence", "Claim", "Specification", "IntentSpecification", "Pressure", "Signal"]));
    const impact = await platform.client.admin.impact({ artifactId: divergence ?? "" });
    expect(impact.effects?.nodes.map(({ type }) => type)).toEqual(expect.arrayContaining(["Hypothesis", "Amendment", "Specification", "AtomDirective"]));

    const later = await submit(order);
    expect(later.view.terminal?.outcome, later.view.openReview?.prompt ?? later.view.terminal?.reason).toBe("COMPLETED");
    expect(divergences(later.events)).toEqual([]);
  });
});

describe("INVARIANT_MISMATCH", () => {
  it("tells the role what the detector watches; a later session of the role does it right at once", async () => {
    // The directive states the constraint from the start; the scripted coder minds it only where it is taught as a lesson.
    const taught = (prompt: string): boolean => prompt.includes("Keep this constraint from the first attempt on");
    const looksAtTheClock = ({ task }: Work): string =>
      `export function ${task.function.name}(n: number): number {\n  return n * n + (Date.now() < 0 ? 1 : 0);\n}\n`;
    server.answerWith(coderOf((work) => (taught(work.prompt) ? squares(work) : looksAtTheClock(work))));
    const constraint = ["## Constraints", "", "- Pure functions: no clock, no randomness.", ""];
    const before = await platform.client.admin.getKnowingState({ role: "coder" });
    const first = await submit(orderFor("roomArea", constraint));
    expect(first.view.terminal?.outcome, first.view.openReview?.prompt ?? first.view.terminal?.reason).toBe("COMPLETED");
    expectVerified(first.events);
    expect(amendments(first.events, SessionEventKind.AMENDMENT_ADOPTED).map(({ faultAttribution }) => faultAttribution)).toEqual(["INVARIANT_MISMATCH"]);
    const after = await platform.client.admin.getKnowingState({ role: "coder" });
    expect(after.headsDigest).not.toBe(before.headsDigest);
    expect(JSON.stringify(after.rules)).toContain("no clock");

    const later = await submit(orderFor("gardenArea", constraint));
    expect(later.view.terminal?.outcome, later.view.openReview?.prompt ?? later.view.terminal?.reason).toBe("COMPLETED");
    expect(divergences(later.events)).toEqual([]);
    expect(later.events.filter(({ kind }) => kind === SessionEventKind.BEAD_FAILED)).toEqual([]);
  });
});

describe("TOOLING_FAILURE", () => {
  it("lowers the trust of an agent that reached for what it may not use; its next result waits for a person", async () => {
    await platform.client.admin.setTrust({ subjectId: "agent:coder", score: 0.72, rationale: "Just above the bound." });
    let forbidden = 1;
    server.answerWith((request) => {
      if (forbidden-- > 0) return { kind: "tools", calls: [{ name: "delete_everything", input: {} }] };
      return coderOf(squares)(request);
    });
    const first = await submit(orderFor("yardArea"));
    expect(first.view.state).toBe("IN_REVIEW");
    expect(first.events.some(({ kind }) => kind === SessionEventKind.CONSENT_BEAD_DENIED)).toBe(true);
    expect(amendments(first.events, SessionEventKind.AMENDMENT_ADOPTED).map(({ faultAttribution }) => faultAttribution)).toEqual(["TOOLING_FAILURE"]);
    const state = await platform.client.admin.getKnowingState({ role: "coder" });
    expect(state.trustScore).toBeCloseTo(0.67);
    expect(state.autonomy).toBe("PROPOSE");

    const later = await submit(orderFor("hallArea"));
    expect(later.view.state).toBe("IN_REVIEW");
    expect(later.view.openReview?.prompt).toContain("PROPOSE");
    await platform.client.admin.setTrust({ subjectId: "agent:coder", score: 0.8, rationale: "It has learnt." });
    for (const { view, events } of [first, later]) {
      const end = await answerUntilEnd(platform.client, view, () => ({ decision: "approved" }), { onEvent: (event) => events.push(event) });
      expect(end.view.terminal?.outcome, end.view.terminal?.reason).toBe("COMPLETED");
      expectWholeLog(events);
    }
  });
});

describe("ENVIRONMENTAL", () => {
  it("changes nothing of what governs: a person is asked, and the next session sees the same state", async () => {
    const broken = await startTestPlatform({ models: { FACTORY_MODELS: '{"factory/coder":"openai:test-coder"}', MODEL_BASE_URL: "", MODEL_API_KEY: "" } });
    try {
      const before = await broken.client.admin.getKnowingState({ role: "coder" });
      const events: SessionEvent[] = [];
      const request = await broken.requestText(orderFor("deckArea"));
      const view = await submitAndFollow(broken.client, request, { until: needsPerson, onEvent: (event) => events.push(event) });
      expect(view.state, view.terminal?.reason).toBe("IN_REVIEW");
      const [hypothesisId] = written(events, "Hypothesis");
      const why = await broken.client.admin.why({ artifactId: hypothesisId ?? "" });
      expect(why.causes?.nodes[0]?.data).toMatchObject({ faultAttribution: "ENVIRONMENTAL", amendmentScope: "none" });
      expect(events.some(({ payload }) => payload.case === "amendment")).toBe(false);
      const after = await broken.client.admin.getKnowingState({ role: "coder" });
      expect(after.headsDigest).toBe(before.headsDigest);
    } finally {
      await broken.dispose();
    }
  });
});
