import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createOfflineModel } from "@factory/models";
import { ChatCompletionsServer, type ChatReply, type ChatRequest } from "@factory/models/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "./run.ts";
import { capturedOutput, testFolder } from "./testing/terminal.ts";

const ORDER = [
  "---",
  "review_mode: auto",
  "---",
  "# Slugs",
  "",
  "## Problem",
  "",
  "Titles make no addresses.",
  "",
  "## Goal",
  "",
  "Addresses.",
  "",
  "## Acceptance criteria",
  "",
  "- `slugify` joins the words of a title with dashes.",
  "",
  "```ts",
  "function slugify(title: string): string",
  "```",
  "",
  "```examples",
  'slugify("A B") => "a-b"',
  'slugify("C") => "c"',
  'slugify("D E F") => "d-e-f"',
  "```",
  "",
].join("\n");

const folder = testFolder("factory-plan");
const { put } = folder;
const output = capturedOutput();
beforeEach(() => {
  vi.spyOn(process, "cwd").mockReturnValue(folder.path);
});

/** Runs a command line; answers its exit code and what it wrote. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; out: string; err: string }> {
  output.forget();
  const code = await main(args, env);
  return { code, out: output.out, err: output.err };
}
const plan = (...args: string[]) => run(["plan", "order.md", ...args]);
const planIn = (env: NodeJS.ProcessEnv, ...args: string[]) => run(["plan", "order.md", ...args], env);

describe("factory plan", () => {
  it("exits 0 for an order that passes every gate, and tells what it becomes", async () => {
    put("order.md", ORDER);
    const { code, out: text } = await plan();
    expect(code, text).toBe(0);
    for (const part of [
      /C-1 {2}line 16 {2}criterion {2}examples, 2 visible and 1 hidden {2}`slugify` joins/,
      /✓ propose-function +offline, 1 call/,
      /→ +slugify /,
      /Write slugify +coder +src\/slugify\.ts +C-1/,
      /✓ intake +/,
      /✓ semantic-review +/,
      /✓ coherence +/,
      /beads +4, of which the platform verifies 2/,
      /cost +\$0\.00/,
      /never, as far as the order decides it/,
      /Every gate passes\./,
    ])
      expect(text).toMatch(part);
  });

  it.each([[[]], [["--json"]], [["--mermaid"]]])("writes the same bytes for the same order: %j", async (options) => {
    put("order.md", ORDER);
    const first = await plan(...options);
    expect(first.code).toBe(0);
    expect(await plan(...options)).toEqual(first);
  });

  it("writes one object of a stable shape with --json", async () => {
    put("order.md", ORDER);
    const { out: text } = await plan("--json");
    expect(text.trimEnd()).not.toContain("\n");
    const { outcome, plan: planned } = JSON.parse(text) as { outcome: string; plan: { [field: string]: unknown } };
    expect(outcome).toBe("COMPLETED");
    expect(planned).toMatchObject({ format: "factory-plan", version: 1, outcome: "planned", order: { title: "Slugs", reviewMode: "auto", budgetUsd: null } });
    expect(Object.keys(planned)).toEqual(
      "format version outcome order refusals faults failure claims passes candidates atoms molecules invariants gates estimate questions unknown".split(" "),
    );
  });

  it("writes nothing but the chart with --mermaid", async () => {
    put("order.md", ORDER);
    const { out: text, err: noise } = await plan("--mermaid");
    expect(text).toMatch(/^---\ntitle: "Slugs"\n---\nflowchart TD\n {2}subgraph m1\["Parts"\]\n/);
    expect(noise).toBe("");
  });

  it("says what a person is asked, and exits 0 all the same", async () => {
    put("order.md", ORDER.replace("auto", "human").replace("with dashes.", "with dashes.\n- A person confirms that the README names every function."));
    const { code, out: text } = await plan();
    expect(code).toBe(0);
    expect(text).toMatch(/always {2}before it is compiled +approval/);
    expect(text).toMatch(/always {2}before it is delivered {2}acceptance {2}Does the work hold C-2\?/);
  });

  it("takes attached files as submit does", async () => {
    put("order.md", ORDER.replace("with dashes.", "with dashes; tests/slug.test.ts passes."));
    put(
      "tests/slug.test.ts",
      'import { expect, it } from "vitest";\nimport { slugify } from "../src/slugify.ts";\nit("joins", () => expect(slugify("A B")).toBe("a-b"));\n',
    );
    expect((await plan()).code).toBe(3);
    expect(await plan("--files", "tests/*.test.ts")).toMatchObject({ code: 0, out: expect.stringContaining("tests tests/slug.test.ts") });
  });
});

describe("an order that is refused", () => {
  it("exits 3 with the lines that validate prints, before any pass is asked", async () => {
    put("order.md", ORDER.replace("with dashes.", "with dashes.\n- The addresses are nice."));
    const said = await run(["validate", "order.md"]);
    const planned = await plan();
    expect([said.code, planned.code]).toEqual([3, 3]);
    expect(said.out).toMatch(/^order\.md:17: /);
    for (const line of said.out.trimEnd().split("\n")) expect(planned.out.split("\n")).toContain(line);
    expect(planned.out).toMatch(/UNTESTABLE/);
    expect(planned.out).not.toContain("Planning passes");
    const { out: json } = await plan("--json");
    expect(JSON.parse(json)).toMatchObject({
      outcome: "REFUSED",
      reason: expect.stringContaining("Line 17"),
      plan: { outcome: "refused", passes: [], faults: [{ line: 17 }] },
    });
  });

  it("tells faults of the order as validate does, byte for byte", async () => {
    put("order.md", ORDER.replace("): string", ")"));
    for (const json of [[], ["--json"]]) {
      const said = await run(["validate", "order.md", ...json]);
      expect(said.code).toBe(3);
      expect(await plan(...json)).toEqual(said);
    }
  });

  it("exits 2 for attached files that are not there, as submit does", async () => {
    put("order.md", ORDER.replace("review_mode: auto", "files: [tests/none.test.ts]"));
    expect(await plan()).toMatchObject({ code: 2, out: "", err: expect.stringContaining("nothing in") });
    put("order.md", ORDER);
    const planned = await plan("--files", "none/*.ts");
    expect(planned).toMatchObject({ code: 2, out: "", err: expect.stringContaining("`files` names none/*.ts") });
    const env = { FACTORY_URL: "http://127.0.0.1:9", FACTORY_API_KEY: "fk_test" };
    expect(await run(["submit", "order.md", "--files", "none/*.ts"], env)).toEqual(planned);
  });

  it("exits 2 for an order that is too large, is no text or is not there", async () => {
    put("order.md", "x".repeat(1_048_577));
    expect(await plan()).toMatchObject({ code: 2, err: expect.stringContaining("larger than") });
    put("order.md", new Uint8Array([0xff, 0xfe]));
    expect(await plan()).toMatchObject({ code: 2, err: expect.stringContaining("not UTF-8") });
    rmSync(join(folder.path, "order.md"));
    expect(await plan()).toMatchObject({ code: 2, err: expect.stringContaining("cannot be read") });
  });
});

describe("the estimate", () => {
  const served = (prices: object | undefined): NodeJS.ProcessEnv => ({
    FACTORY_MODELS: JSON.stringify({ "factory/architect": "openai:big", "factory/coder": ["openai:big", "offline"], "factory/fast": "openai:small" }),
    ...(prices === undefined ? {} : { FACTORY_MODEL_PRICES: JSON.stringify(prices) }),
  });
  const estimateOf = async (env: NodeJS.ProcessEnv) => (JSON.parse((await planIn(env, "--json")).out) as { plan: { estimate: object } }).plan.estimate;

  it("is for the models of the environment, which are not asked", async () => {
    put("order.md", ORDER);
    const prices = { big: { input: 3, output: 15 }, small: { input: 1, output: 2 } };
    const { costUsd, models } = (await estimateOf(served(prices))) as { costUsd: { min: number; max: number }; models: object };
    expect(models).toEqual({ "factory/architect": ["big"], "factory/coder": ["big", "offline"], "factory/fast": ["small"] });
    expect(costUsd.min).toBeGreaterThan(0);
    // Two beads of three attempts with a dollar each, and four questions.
    expect(costUsd.max).toBeGreaterThan(6);
  });

  it("is unknown when a price is not known, never zero, and names the model", async () => {
    put("order.md", ORDER);
    const env = served({ big: { input: 3, output: 15 } });
    expect(await estimateOf(env)).toMatchObject({ costUsd: null, unpriced: ["small"] });
    expect((await planIn(env)).out).toMatch(/cost +unknown: small has no price/);
  });

  it("exits 2 for an environment that cannot be used", async () => {
    put("order.md", ORDER);
    expect(await planIn({ FACTORY_MODELS: "{" })).toMatchObject({ code: 2, err: expect.stringContaining("FACTORY_MODELS is not JSON") });
    expect(await planIn({ FACTORY_MODEL_PRICES: '{"big": 1}' })).toMatchObject({ code: 2, err: expect.stringContaining("FACTORY_MODEL_PRICES") });
  });
});

describe("a cassette", () => {
  let server: ChatCompletionsServer;
  beforeEach(async () => {
    server = await ChatCompletionsServer.start((request) => offlineAnswer(request));
  });
  afterEach(() => server[Symbol.asyncDispose]());
  const env = (): NodeJS.ProcessEnv => ({ FACTORY_MODELS: '{"factory/architect":"openai:big-model"}', MODEL_BASE_URL: server.baseUrl });

  it("records what a real server answers, says that this spends, and plays it without one", async () => {
    put("order.md", ORDER);
    const recorded = await planIn(env(), "--record", "tape.json");
    expect(recorded.code, recorded.err).toBe(0);
    expect(recorded.err).toMatch(/planning questions go to http:.* This spends\./);
    expect(recorded.err).toContain("tape.json holds 4 answers.");
    expect(recorded.out).toMatch(/✓ synthesize-pressure +big-model, 1 call/);
    expect(server.requests).toHaveLength(4);
    const played = await plan("--cassette", "tape.json");
    expect(played).toMatchObject({ code: 0, err: "", out: expect.stringContaining("planned by  a cassette of big-model; nothing was spent") });
    expect(played.out).toMatch(/duration +unknown: .* Planning took \d+\.\d s when it was recorded\./);
    expect(await plan("--cassette", "tape.json")).toEqual(played);
    expect(server.requests).toHaveLength(4);
  });

  it("adds to a cassette that is there, so that one holds several orders", async () => {
    put("order.md", ORDER);
    await planIn(env(), "--record", "tape.json");
    put("order.md", ORDER.replace("Titles make no addresses.", "Titles are no addresses."));
    expect(await plan("--cassette", "tape.json")).toMatchObject({ code: 1, out: expect.stringContaining("Record it again") });
    expect((await planIn(env(), "--record", "tape.json")).err).toMatch(/holds [5-8] answers/);
    expect((await plan("--cassette", "tape.json")).code).toBe(0);
    put("order.md", ORDER);
    expect((await plan("--cassette", "tape.json")).code).toBe(0);
  });

  it("keeps what was paid for when the server fails half-way, and exits 1", async () => {
    put("order.md", ORDER);
    server.answerWith((request, index) => (index < 2 ? offlineAnswer(request) : { kind: "status", status: 401, message: "no more credit" }));
    expect(await planIn(env(), "--record", "tape.json")).toMatchObject({ code: 1, out: expect.stringMatching(/FAILED: Pass propose-function: .*401/) });
    expect((JSON.parse(readFileSync(join(folder.path, "tape.json"), "utf8")) as { answers: object[] }).answers).toHaveLength(2);
  });

  it("exits 4 when the model would have to guess, and shows its question", async () => {
    put("order.md", ORDER);
    const uncertainty = { question: "Which alphabet?", why: "The order names none.", options: ["Latin", "any"] };
    server.answerWith((request, index) => (index === 1 ? { kind: "text", text: JSON.stringify({ uncertainty }) } : offlineAnswer(request)));
    const { code, out: text } = await planIn(env(), "--record", "tape.json");
    expect(code).toBe(4);
    expect(text).toMatch(/\? map-capability +big-model, 1 call +Which alphabet\?/);
    expect(text).toMatch(/always {2}while it is planned {2}uncertainty {2}Which alphabet\?/);
    expect(text).toContain("IN_REVIEW");
  });

  it("has a judge of another family asked as well, and its answer recorded", async () => {
    put("order.md", ORDER);
    server.answerWith((request) =>
      request.model === "other-judge"
        ? { kind: "text", text: JSON.stringify({ verdict: "approved", reason: "It says the same.", findings: [] }) }
        : offlineAnswer(request),
    );
    const models = { ...env(), FACTORY_MODELS: '{"factory/architect":"openai:big-model","factory/critic":"openai:other-judge"}' };
    expect((await planIn(models, "--record", "tape.json")).err).toContain("holds 5 answers");
    const { code, out: text } = await plan("--cassette", "tape.json", "--json");
    expect(code).toBe(0);
    const review = (JSON.parse(text) as { plan: { gates: { gate: string; checked: { check: string }[] }[] } }).plan.gates.find(
      ({ gate }) => gate === "semantic-review",
    );
    expect(review?.checked.at(-1)).toMatchObject({ check: "judge: other", outcome: "PASS" });
  });

  it.each([
    [["--cassette", "none.json"], /none\.json cannot be read/],
    [["--cassette", "order.md"], /A cassette is JSON/],
    [["--record", "tape.json"], /--record needs a model/],
    [["--record", "tape.json", "--cassette", "tape.json"], /exclude each other/],
    [["--json", "--mermaid"], /exclude each other/],
  ])("exits 2 for %j", async (args, why) => {
    put("order.md", ORDER);
    expect(await plan(...args)).toMatchObject({ code: 2, err: expect.stringMatching(why) });
  });

  it("asks nobody when the answers could not be kept", async () => {
    put("order.md", ORDER);
    expect(await planIn(env(), "--record", "nowhere/tape.json")).toMatchObject({ code: 2, err: expect.stringContaining("cannot be written") });
    expect(server.requests).toHaveLength(0);
  });
});

/** What a model answers that plans as the offline one does. */
async function offlineAnswer({ messages }: ChatRequest): Promise<ChatReply> {
  const text = messages.findLast(({ role }) => role === "user")?.content;
  const { content } = await createOfflineModel().doGenerate({ prompt: [{ role: "user", content: [{ type: "text", text: String(text) }] }] });
  const [answer] = content;
  if (answer?.type !== "text") throw new Error("The offline model said nothing.");
  return { kind: "text", text: answer.text };
}
