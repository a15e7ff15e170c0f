import { alternative, functionCandidate, intentSpecification, isLeftOpen, PASSES, taskResult } from "@factory/schemas";
import type { FunctionCandidate, PassName } from "@factory/schemas";
import { hasToolCall, isStepCount, generateText, streamText, tool, ToolLoopAgent, type ToolSet } from "ai";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { generateStructured, resolveModel } from "../index.ts";
import { createOfflineModel } from "./offline-model.ts";
import { parseFunction } from "./search/interpret.ts";

const block = (task: object): string => `Do this.\n\n\`\`\`json task\n${JSON.stringify(task, null, 2)}\n\`\`\``;

/** A workspace in memory with the tools of an operative. */
class Desk {
  readonly files = new Map<string, string>();
  readonly calls: string[] = [];
  checks: unknown = { ok: true, checks: [] };

  tools(): ToolSet {
    const log = <T>(name: string, answer: T): T => {
      this.calls.push(name);
      return answer;
    };
    const path = z.object({ path: z.string() });
    return {
      read_file: tool({
        inputSchema: path,
        execute: ({ path: name }) =>
          log(`read ${name}`, this.files.has(name) ? { path: name, content: this.files.get(name) } : { error: "NOT_FOUND", message: `${name} is not there.` }),
      }),
      write_file: tool({
        inputSchema: z.object({ path: z.string(), content: z.string() }),
        execute: ({ path: name, content }) => {
          this.files.set(name, content);
          return log(`write ${name}`, { path: name, written: content.length });
        },
      }),
      list_files: tool({ inputSchema: z.object({}), execute: () => log("list", { files: [...this.files.keys()] }) }),
      run_checks: tool({ inputSchema: z.object({}), execute: () => log("check", this.checks) }),
    };
  }
}

const writeCode = (overrides: object = {}): object => ({
  task: "write-code",
  function: {
    name: "lineTotal",
    params: [
      { name: "price", type: "number", optional: false },
      { name: "quantity", type: "number", optional: false },
    ],
    returnType: "number",
  },
  file: "src/line-total.ts",
  criteria: [{ claimId: "C-1", text: "Price times quantity, rounded to cents. A negative quantity throws a RangeError." }],
  examples: [
    { args: [9.99, 3], expected: 29.97 },
    { args: [0.1, 3], expected: 0.3 },
    { args: [5, 0], expected: 0 },
    { args: [5, -1], throws: "RangeError" },
  ],
  dependencies: [],
  checks: ["examples"],
  ...overrides,
});

const work = async (desk: Desk, task: object) => {
  const result = await generateText({ model: createOfflineModel(), prompt: block(task), tools: desk.tools(), stopWhen: isStepCount(8) });
  return taskResult.parse(JSON.parse(result.text));
};

describe("writing a function", () => {
  test("it writes the file, runs the checks and reports", async () => {
    const desk = new Desk();
    expect(await work(desk, writeCode())).toMatchObject({ status: "COMPLETE", blockers: [] });
    expect(desk.calls).toEqual(["write src/line-total.ts", "check"]);
    const run = parseFunction(desk.files.get("src/line-total.ts") ?? "")?.link({});
    expect(run?.(1.15, 3)).toBe(3.45);
    expect(() => run?.(1, -7)).toThrow(RangeError);
  });

  test("an agent with the same tools comes to the same file", async () => {
    const [first, second] = [new Desk(), new Desk()];
    await work(first, writeCode());
    const agent = new ToolLoopAgent({ model: createOfflineModel(), tools: second.tools(), stopWhen: isStepCount(8) });
    const result = await agent.generate({ prompt: block(writeCode()) });
    expect(JSON.parse(result.text)).toMatchObject({ status: "COMPLETE" });
    expect([...second.files]).toEqual([...first.files]);
  });

  test("it reads what it may import, and what that imports, and calls it", async () => {
    const desk = new Desk();
    await work(desk, writeCode());
    desk.files.set(
      "src/subtotal.ts",
      'import { lineTotal } from "./line-total.ts";\n\nexport function subtotal(lines: { price: number; quantity: number }[]): number {\n  return lines.reduce((sum, line) => sum + lineTotal(line.price, line.quantity), 0);\n}\n',
    );
    const lines = [{ name: "lines", type: "{ price: number; quantity: number }[]" }];
    const report = await work(
      desk,
      writeCode({
        function: { name: "invoiceTotal", params: [...lines, { name: "rate", type: "number" }], returnType: "number" },
        file: "src/invoice-total.ts",
        criteria: ["The subtotal with tax, rounded to cents."],
        dependencies: [{ name: "subtotal", params: lines, returnType: "number", file: "src/subtotal.ts" }],
        examples: [
          { args: [[{ price: 10, quantity: 2 }], 0.2], expected: 24 },
          {
            args: [
              [
                { price: 19.99, quantity: 1 },
                { price: 1, quantity: 3 },
              ],
              0.07,
            ],
            expected: 24.6,
          },
          { args: [[], 0.2], expected: 0 },
          { args: [[{ price: 5, quantity: -1 }], 0.2], throws: "RangeError" },
        ],
      }),
    );
    expect(report.status).toBe("COMPLETE");
    expect(desk.calls.slice(2, 4)).toEqual(["read src/subtotal.ts", "read src/line-total.ts"]);
    expect(desk.files.get("src/invoice-total.ts")).toContain('import { subtotal } from "./subtotal.ts";');
    // The dependency throws by itself, so nothing is guarded twice.
    expect(desk.files.get("src/invoice-total.ts")).not.toContain("throw");
  });

  test("it puts the function into the file that is there, and leaves everything else as it is", async () => {
    const desk = new Desk();
    const rest = '/** Shop prices. */\nexport const CURRENCY = "EUR";\n\n';
    const old = "export function lineTotal(price: number, quantity: number): number {\n  return price * quantity;\n}\n";
    desk.files.set("src/prices.ts", `${rest}${old}\nexport const half = (n: number): number => n / 2;\n`);
    const report = await work(desk, writeCode({ mode: "modify", file: "src/prices.ts", keeps: ["CURRENCY", "half"] }));
    expect(report.status).toBe("COMPLETE");
    expect(desk.calls).toEqual(["read src/prices.ts", "write src/prices.ts", "check"]);
    const text = desk.files.get("src/prices.ts") ?? "";
    expect(text.startsWith(`${rest}export function lineTotal(`)).toBe(true);
    expect(text.endsWith("\nexport const half = (n: number): number => n / 2;\n")).toBe(true);
    expect(text).not.toContain("return price * quantity;\n");
  });

  test("without the file or the function that it is to change it is BLOCKED and writes nothing", async () => {
    const desk = new Desk();
    expect(await work(desk, writeCode({ mode: "modify" }))).toMatchObject({ status: "BLOCKED", blockers: [expect.stringContaining("src/line-total.ts")] });
    desk.files.set("src/line-total.ts", "export const other = 1;\n");
    expect(await work(desk, writeCode({ mode: "modify" }))).toMatchObject({ status: "BLOCKED" });
    expect(desk.files.get("src/line-total.ts")).toBe("export const other = 1;\n");
  });

  test("it runs a function out of a file that holds others too", async () => {
    const desk = new Desk();
    desk.files.set(
      "src/math.ts",
      "export const LIMIT = 3;\n\nexport function triple(n: number): number {\n  return n * 3;\n}\n\nexport function other(n: number): number {\n  return n;\n}\n",
    );
    const n = [{ name: "n", type: "number" }];
    const task = writeCode({
      function: { name: "tripleOf", params: n, returnType: "number" },
      file: "src/triple-of.ts",
      criteria: ["The triple."],
      dependencies: [{ name: "triple", params: n, returnType: "number", file: "src/math.ts" }],
      examples: [
        { args: [1], expected: 3 },
        { args: [5], expected: 15 },
      ],
    });
    const report = await work(desk, task);
    expect(report).toMatchObject({ status: "COMPLETE" });
    expect(desk.calls[0]).toBe("read src/math.ts");
    expect(desk.files.get("src/triple-of.ts")).toContain('import { triple } from "./math.ts";');
  });

  test("what cannot be found is BLOCKED and names what it could not run", async () => {
    const desk = new Desk();
    desk.files.set("src/magic.ts", "export function magic(n: number): number {\n  let x = n;\n  while (x > 1) x -= 1;\n  return x;\n}\n");
    const report = await work(
      desk,
      writeCode({
        dependencies: [{ name: "magic", params: [{ name: "n", type: "number" }], returnType: "number", file: "src/magic.ts" }],
        examples: [
          { args: [1, 2], throws: "Error" },
          { args: [3, 4], throws: "Error" },
        ],
      }),
    );
    expect(report.status).toBe("BLOCKED");
    expect(report.blockers.join()).toContain("magic in src/magic.ts cannot be run");
    expect([...desk.files.keys()]).toEqual(["src/magic.ts"]);
  });

  test.each([
    ["failed checks", { ok: false, checks: [{ check: "typecheck", ok: false, passed: 0, failed: 1, problems: ["src/line-total.ts:1 TS1005"] }] }],
    ["an error of the tool", { error: "TOOL_LIMIT", message: "All calls are used." }],
    ["a result that says nothing", {}],
  ])("%s never become COMPLETE", async (_, checks) => {
    const desk = new Desk();
    desk.checks = checks;
    expect((await work(desk, writeCode())).status).toBe("BLOCKED");
  });

  test("without the tools it needs it is BLOCKED", async () => {
    const { write_file: _, ...tools } = new Desk().tools();
    const result = await generateText({ model: createOfflineModel(), prompt: block(writeCode()), tools, stopWhen: isStepCount(4) });
    expect(JSON.parse(result.text)).toMatchObject({ status: "BLOCKED", blockers: ["The tool write_file is not offered."] });
  });

  test("a streamed answer says the same as a whole one", async () => {
    const desk = new Desk();
    const result = streamText({
      model: createOfflineModel(),
      prompt: block(writeCode()),
      tools: desk.tools(),
      stopWhen: [isStepCount(8), hasToolCall("ask_clarification")],
    });
    expect(JSON.parse(await result.text)).toMatchObject({ status: "COMPLETE" });
    expect(desk.calls).toEqual(["write src/line-total.ts", "check"]);
  });

  test("an aborted call ends in the middle of its search", async () => {
    const abort = new AbortController();
    let slices = 0;
    const model = createOfflineModel({
      limits: { maxCandidates: 1_000_000, sliceCandidates: 200 },
      onSlice: () => {
        slices += 1;
        if (slices === 3) abort.abort();
      },
    });
    const task = writeCode({
      examples: [
        [1, 5, 4],
        [2, 9, 7],
        [3, 2, 11],
        [4, 4, 5],
      ].map(([a, b, expected]) => ({ args: [a, b], expected })),
    });
    await expect(generateText({ model, prompt: block(task), tools: new Desk().tools(), abortSignal: abort.signal })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(slices).toBe(3);
  });
});

describe("joining functions", () => {
  const task = {
    task: "write-index",
    file: "src/index.ts",
    exports: [
      { name: "one", file: "src/one.ts" },
      { name: "two", file: "src/two.ts" },
    ],
  };

  test("it re-exports every function", async () => {
    const desk = new Desk();
    expect(await work(desk, task)).toMatchObject({ status: "COMPLETE" });
    expect(desk.files.get("src/index.ts")).toBe('export { one } from "./one.ts";\nexport { two } from "./two.ts";\n');
  });

  test("it keeps what the file exports already", async () => {
    const desk = new Desk();
    desk.files.set("src/index.ts", 'export { two } from "./other.ts";\n');
    await work(desk, task);
    expect(desk.files.get("src/index.ts")).toBe('export { two } from "./other.ts";\nexport { one } from "./one.ts";\n');
  });
});

const order = {
  title: "Order pricing",
  priority: "high",
  problem: "Customers dispute invoices because totals differ between the shop and the invoice.",
  goal: "One set of pricing functions that everyone uses.",
  constraints: ["No rounding before the end."],
  acceptanceCriteria: [
    { text: "`lineTotal` multiplies price and quantity.", functionName: "lineTotal", tests: [] },
    { text: "The module is documented.", tests: [] },
    { text: "The old tests pass.", tests: ["tests/old.test.ts"] },
  ],
  successMetrics: [],
  outOfScope: ["Currencies"],
  functions: [{ name: "lineTotal", params: [{ name: "price", type: "number", optional: false }], returnType: "number", signature: "", line: 3 }],
  examples: [{ call: "lineTotal(2)", functionName: "lineTotal", args: [2], expected: 2, line: 9 }],
};
const bare = { ...order, problem: "", goal: "", constraints: [], functions: [], examples: [], priority: "normal" };
const upstream = {
  Pressure: { title: "Disputes", description: "Totals differ." },
  Capability: {
    title: "One source of prices",
    description: "Everyone computes totals alike.",
    desiredOutcomes: ["Totals agree."],
    constraints: ["No rounding before the end."],
    confidence: 0.8,
  },
};
const answers = { candidates: z.strictObject({ candidates: z.array(functionCandidate).min(2).max(5) }) };

/** What a pass answers, in its schema at the first turn. */
async function planned(pass: PassName, given: object, extra: object = {}): Promise<Record<string, unknown>> {
  const schema: z.ZodType<Record<string, unknown>> | undefined =
    pass === "propose-function" ? answers.candidates : PASSES.find(({ name }) => name === pass)?.schema;
  if (schema === undefined) throw new TypeError("There is no such pass.");
  const resolved = resolveModel("factory/architect", {});
  const result = await generateStructured({ resolved, purpose: pass, schema, system: "", prompt: block({ task: pass, order: given, upstream, ...extra }) });
  if (!result.ok) throw new Error(result.issues.join("; "));
  expect(result.repaired).toBe(false);
  return result.value;
}

/** The options as the pass sees the order: by its functions. */
async function optionsOf(functions: readonly object[]): Promise<FunctionCandidate[]> {
  return answers.candidates.parse(await planned("propose-function", { title: order.title, functions })).candidates;
}

const total = ({ scores }: FunctionCandidate): number => scores.value + scores.feasibility - scores.risk - scores.cost;

describe("planning", () => {
  const artifacts = ["synthesize-pressure", "map-capability", "write-intent-specification"] as const;
  test.each(artifacts.flatMap((pass) => [[pass, "a full order", order] as const, [pass, "an order without problem and goal", bare] as const]))(
    "%s of %s fits its schema at the first turn",
    async (pass, _, given) => {
      expect(await planned(pass, given)).toMatchObject({ explicitness: given === order ? "stated" : "inferred" });
    },
  );

  test.each(artifacts)("%s names what else was considered, and why it was left", async (pass) => {
    for (const given of [order, bare]) {
      const { alternativesConsidered } = z.object({ alternativesConsidered: z.array(alternative) }).parse(await planned(pass, given));
      expect(alternativesConsidered.length).toBeGreaterThan(0);
    }
  });

  test.each([
    ["no function", [], ["order_pricing", "order_pricing_parts"]],
    ["one function", order.functions, ["line_total", "line_total_with_guard"]],
    ["several functions", [...order.functions, { name: "tax", params: [], returnType: "string" }], ["order_pricing", "order_pricing_entry"]],
  ])("options for an order with %s differ in shape, and the one that keeps to the order scores best", async (_, functions, names) => {
    const options = await optionsOf(functions);
    expect(options.map(({ proposal }) => proposal.name)).toEqual(names);
    const [first, second] = options;
    if (first === undefined || second === undefined) throw new TypeError("There are not two options.");
    expect(first.proposal.expectedInputs).not.toEqual(second.proposal.expectedInputs);
    expect(total(first)).toBeGreaterThan(total(second));
    for (const { proposal } of options) expect(proposal.successCriteria).toEqual(upstream.Capability.desiredOutcomes);
  });

  test("scores follow from the order's structure: more functions and more result types make one entry worse", async () => {
    const functions = (count: number, types: number) =>
      Array.from({ length: count }, (_, at) => ({ name: `f${at}`, params: [], returnType: `T${at % types}` }));
    const entryOf = async (count: number, types: number) => (await optionsOf(functions(count, types))).find(({ proposal }) => proposal.name.endsWith("_entry"));
    const [two, eight, mixed] = await Promise.all([entryOf(2, 1), entryOf(8, 1), entryOf(8, 8)]);
    expect(eight?.scores.value).toBeLessThan(two?.scores.value ?? 0);
    expect(mixed?.scores.risk).toBeGreaterThan(eight?.scores.risk ?? 1);
    expect(await optionsOf(functions(8, 8))).toEqual(await optionsOf(functions(8, 8)));
  });

  test("every criterion of the order has metric, method and threshold, and its own words", async () => {
    const result = await generateText({ model: createOfflineModel(), prompt: block({ task: "write-intent-specification", order, upstream: {} }) });
    const { acceptanceCriteria } = JSON.parse(result.text);
    expect(acceptanceCriteria.map(({ text }: { text: string }) => text)).toEqual(order.acceptanceCriteria.map(({ text }) => text));
    expect(acceptanceCriteria.map(({ method }: { method: string }) => method)).toEqual([
      "call lineTotal with the arguments of each example of the order and compare strictly",
      "the person whom the criterion names looks at the delivered work",
      "run tests/old.test.ts",
    ]);
  });

  test("a statement that marks itself as open is asked about, until somebody has answered", async () => {
    const open = { ...order, constraints: ["At most TBD digits."] };
    const asked = await generateText({ model: createOfflineModel(), prompt: block({ task: "map-capability", order: open, upstream }) });
    const { uncertainty } = JSON.parse(asked.text);
    expect(uncertainty).toMatchObject({ question: expect.stringContaining("At most TBD digits."), options: [] });
    const answered = await planned("map-capability", open, { answers: [{ question: uncertainty.question, answer: "2" }] });
    expect(answered).toMatchObject({ constraints: ["At most TBD digits."] });
  });

  test("a criterion with an answered question is measured by the answer, and no measure is left open", async () => {
    const criterion = "A person confirms that the page shows ??? totals.";
    const given = { ...order, acceptanceCriteria: [{ text: criterion, tests: [] }] };
    const question = `What is to hold where the order says: ${criterion}`;
    const made = await planned("write-intent-specification", given, { answers: [{ question, answer: "3 of them" }] });
    const { acceptanceCriteria } = intentSpecification.parse(made);
    expect(acceptanceCriteria).toMatchObject([{ text: criterion, threshold: expect.stringContaining("3 of them") }]);
    expect(isLeftOpen(acceptanceCriteria[0]?.threshold ?? "TBD")).toBe(false);
  });

  test("a function is proposed for a capability: without one there is no answer", async () => {
    const result = await generateText({ model: createOfflineModel(), prompt: block({ task: "propose-function", order, upstream: {} }) });
    expect(JSON.parse(result.text)).toMatchObject({ status: "BLOCKED", blockers: [expect.stringContaining("upstream.Capability")] });
  });
});

describe("making tests pass", () => {
  const task = { task: "make-tests-pass", tests: ["tests/report.test.ts"], criteria: [{ claimId: "C-1", text: "It stays what it is." }] };

  test("runs the checks and is COMPLETE where all of them pass already; nothing is written", async () => {
    const desk = new Desk();
    expect(await work(desk, task)).toMatchObject({ status: "COMPLETE", blockers: [], reasoning: expect.stringContaining("nothing was written") });
    expect(desk.calls).toEqual(["check"]);
  });

  test.each<[string, unknown]>([
    ["a check fails", { ok: false, text: "rows.ts is not there" }],
    ["the checks cannot be run", { error: "UNAVAILABLE", message: "The sandbox is gone." }],
    ["nothing says that they pass", {}],
  ])("is BLOCKED where %s", async (_why, checks) => {
    const desk = new Desk();
    desk.checks = checks;
    const report = await work(desk, task);
    expect(report).toMatchObject({ status: "BLOCKED", blockers: [expect.any(String), expect.stringContaining("needs a language model")] });
    expect(desk.calls).toEqual(["check"]);
  });

  test("is BLOCKED without run_checks, and where the task names no test", async () => {
    const { run_checks: _none, ...others } = new Desk().tools();
    const result = await generateText({ model: createOfflineModel(), prompt: block(task), tools: others });
    expect(JSON.parse(result.text)).toMatchObject({ status: "BLOCKED", blockers: expect.arrayContaining(["The tool run_checks is not offered."]) });
    expect(await work(new Desk(), { ...task, tests: [] })).toMatchObject({ status: "BLOCKED", reasoning: "The task block is not usable." });
  });
});

describe("judging", () => {
  test.each([["judge"], ["write-program"]])("%s is never answered with a pass", async (task) => {
    const result = await generateText({ model: createOfflineModel(), prompt: block({ task }), tools: new Desk().tools(), stopWhen: isStepCount(4) });
    expect(taskResult.parse(JSON.parse(result.text)).status).toBe("BLOCKED");
  });

  test("a prompt without a task block is BLOCKED", async () => {
    const result = await generateText({ model: createOfflineModel(), prompt: 'Say {"status":"COMPLETE"}.' });
    expect(JSON.parse(result.text).status).toBe("BLOCKED");
  });

  test.each([
    [
      { failedHoldouts: 1, observed: "3" },
      { faultAttribution: "SPECIFICATION_GAP", amendmentScope: "modify-atom" },
    ],
    [
      { failedHoldouts: 0, status: "BLOCKED", blockers: ["nothing found"] },
      { faultAttribution: "TOOLING_FAILURE", amendmentScope: "none" },
    ],
    [
      { failedHoldouts: 0, outcome: "TIMEOUT", observed: "late" },
      { faultAttribution: "ENVIRONMENTAL", amendmentScope: "none" },
    ],
  ])("a hypothesis follows from the evidence %o", async (divergence, expected) => {
    const task = { task: "form-hypothesis", divergence, claim: { claimId: "C-1", text: "It adds." }, trace: {} };
    const result = await generateText({ model: createOfflineModel(), prompt: block(task) });
    expect(JSON.parse(result.text)).toMatchObject(expected);
  });
});

test("whether a sentence contradicts another specification stays unknown, in an answer that fits", async () => {
  const schema = z.strictObject({ verdict: z.enum(["compatible", "contradicts", "unknown"]), reason: z.string().min(1) });
  const resolved = resolveModel("factory/critic", {});
  const prompt = block({ task: "judge-conflict", note: "Round half up.", others: [] });
  const result = await generateStructured({ resolved, purpose: "judge-conflict", system: "Judge.", prompt, schema });
  expect(result).toMatchObject({ ok: true, repaired: false, value: { verdict: "unknown", reason: expect.stringContaining("does not judge prose") } });
});
