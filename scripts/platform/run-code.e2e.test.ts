/** `run_code` whole: an operative under its consent gate over real graphs, with its code in the real sandbox. */
import { checkReport } from "@factory/schemas";
import type { BeadOutcome } from "@factory/schemas/rpc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aBead, aReport, SOURCE, WRITE } from "../../workers/pipeline/src/operative/testing/builders.ts";
import { OperativeWorld } from "../../workers/pipeline/src/operative/testing/world.ts";
import { startSandbox } from "./sandbox-supervisor.ts";
import type { SandboxHandle } from "./sandbox-supervisor.ts";

let sandbox: SandboxHandle;

beforeAll(async () => {
  sandbox = await startSandbox({ spare: false });
});
afterAll(() => sandbox.stop());

/** Carries out one bead whose model writes the file, runs this code, and reports. */
async function outcomeOf(code: string): Promise<{ readonly world: OperativeWorld; readonly outcome: BeadOutcome; readonly consents: string[] }> {
  const world = new OperativeWorld();
  world.coordinator.offers.push(aBead());
  world.script.push(WRITE, [{ tool: "run_code", input: { code } }], aReport());
  world.check = async (job) => checkReport.parse(await sandbox.check(job));
  await world.settle();
  const [outcome] = world.coordinator.applied;
  if (outcome === undefined) throw new Error("There is no outcome.");
  const consents = world.store.consents(outcome.executionId).map(({ toolName, verdict }) => `${toolName} ${verdict}`);
  return { world, outcome, consents };
}

test("code of a model tries the file under work, calls tools one by one and together, and the model reads what it came to", async () => {
  const { world, outcome, consents } = await outcomeOf(`
    import { double } from "./src/double.ts";
    type Tools = { [name: string]: (input: object) => Promise<any> };
    export default async (tools: Tools): Promise<unknown> => {
      const { content } = await tools.read_file({ path: "src/double.ts" });
      const [listed, outside, found] = await Promise.all([
        tools.list_files({ prefix: "src/" }),
        tools.write_file({ path: "package.json", content: "{}" }).catch((err) => err.code),
        tools.search_files({ text: "return" }),
      ]);
      await tools.write_file({ path: "src/double.ts", content: content + "// tried\\n" });
      console.log("doubled", double(21));
      return { doubled: [1, 4].map((n) => double(n)), listed, outside, found: found.matches.length };
    };
  `);
  const value = { doubled: [2, 8], listed: { files: ["src/double.ts"] }, outside: "OUT_OF_SCOPE", found: 1 };
  expect(world.prompts.at(-1)).toContain(JSON.stringify({ value, console: "doubled 42\n", calls: 5 }));
  expect(outcome.result).toMatchObject({ kind: "task", changeSet: [{ path: "src/double.ts" }] });
  const [change] = outcome.result.kind === "task" ? outcome.result.changeSet : [];
  const written = await world.blobs.get(change?.digest ?? "");
  expect(written === null ? "" : new TextDecoder().decode(written)).toBe(`${SOURCE}// tried\n`);
  expect(consents).toEqual([
    "write_file granted",
    "run_code granted",
    "read_file granted",
    "list_files granted",
    "write_file granted",
    "search_files granted",
    "write_file granted",
  ]);
  expect(world.jobs).toHaveLength(4);
});

test("code of a model that calls a tool it has no consent for fails the bead, whatever it catches", async () => {
  const { world, outcome, consents } = await outcomeOf(
    'export default async (tools: any) => { try { await tools.shell({ command: "env" }); } catch {} await tools.write_file({ path: "src/double.ts", content: "" }); };',
  );
  expect(outcome).toMatchObject({ result: { kind: "failure", code: "GOVERNANCE_VIOLATION" }, consentDenials: [{ toolName: "shell" }] });
  expect(consents).toEqual(["write_file granted", "run_code granted", "shell denied"]);
  expect(world.jobs).toHaveLength(1);
});

test("code of a model that never ends to ask is stopped, and the model is told so", async () => {
  const { world, outcome } = await outcomeOf(
    "export default async (tools: any) => { const first = await tools.list_files({}); for (let n = 0; ; n++) await tools.search_files({ text: `${first.files.length} ${n}` }); };",
  );
  expect(outcome.result).toMatchObject({ kind: "task" });
  expect(world.prompts.at(-1)).toContain("SCRIPT_LIMIT");
  expect(outcome.toolCalls).toBe(66);
});
