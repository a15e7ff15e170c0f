import { ManualClock, MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import { refuse } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import { MemoryBlobStore, migrateWorkspace, Workspace } from "@factory/workspace";
import { describe, expect, test } from "vitest";
import { AttemptControl, AttemptStopped } from "./attempt-control.ts";
import { ConsentGate } from "./consent-gate.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import type { ConsentRecord } from "./operative-store.ts";
import { AttemptTools, MAX_TOOL_CALLS } from "./tools.ts";

/** The tools of an attempt over an empty workspace. */
function someTools(permitted: readonly string[] = ["read_file", "write_file", "list_files"]) {
  const clock = new ManualClock();
  const storage = new NodeSqliteStorage();
  migrateWorkspace(storage);
  const control = new AttemptControl(60_000, new AbortController().signal, clock.startTimeout);
  const heartbeat = async () => ({ current: true });
  const lease = new LeaseKeeper({ heartbeat, startTimeout: clock.startTimeout, now: clock.now, log: new MemoryLog() }, control);
  const workspace = Workspace.fresh({ storage, blobs: new MemoryBlobStore(), tree: {}, scope: { read: ["**"], write: ["src/**"] }, specFiles: [] });
  const records: ConsentRecord[] = [];
  const consent: { ask: () => Promise<Result> } = { ask: async () => ({ ok: true }) };
  const gate = new ConsentGate(
    { consented: () => control.race(consent.ask()), write: (record) => void records.push(record) },
    { runId: "RUN-1", beadId: "BEAD-1", epoch: 1, headsDigest: "a", permitted },
  );
  const tools = new AttemptTools({
    workspace,
    checks: { run: async () => ({ ok: true, checks: [] }) },
    code: { run: async () => ({ console: "", calls: 0 }) },
    gate,
    control,
    lease,
  });
  return { tools, control, records, consent };
}

describe("a tool that is called by name", () => {
  test("passes the gate, is recorded, and answers as it answers the model", async () => {
    const { tools, records } = someTools();
    expect(await tools.callTool("write_file", { path: "src/a.ts", content: "1" })).toEqual({ path: "src/a.ts", written: 1 });
    expect(await tools.callTool("read_file", { path: "src/a.ts" })).toEqual({ path: "src/a.ts", content: "1" });
    expect(records.map(({ toolName, verdict }) => [toolName, verdict])).toEqual([
      ["write_file", "granted"],
      ["read_file", "granted"],
    ]);
  });

  test.each([
    ["another type", { path: 7, content: "1" }],
    ["a field that nobody knows", { path: "src/a.ts", content: "1", mode: "0777" }],
    ["a path that leaves the workspace", { path: "../a.ts", content: "1" }],
    ["nothing at all", undefined],
  ])("is told of input with %s, after it was recorded, and nothing happens", async (_what, input) => {
    const { tools, records, control } = someTools();
    expect(await tools.callTool("write_file", input)).toMatchObject({ error: "INVALID_INPUT" });
    expect(await tools.callTool("list_files", {})).toEqual({ files: [] });
    expect(records).toHaveLength(2);
    expect(control.reason).toBeUndefined();
  });

  test("is refused outside the file scope, and the attempt goes on", async () => {
    const { tools, control } = someTools();
    expect(await tools.callTool("write_file", { path: "package.json", content: "{}" })).toMatchObject({ error: "OUT_OF_SCOPE" });
    expect(control.reason).toBeUndefined();
  });

  test.each(["run_checks", "shell"])("ends the attempt when it is %s and not permitted", async (name) => {
    const { tools, control, records } = someTools();
    await expect(tools.callTool(name, {})).rejects.toThrow(AttemptStopped);
    expect(control.reason).toMatchObject({ kind: "denied" });
    expect(records).toMatchObject([{ toolName: name, verdict: "denied" }]);
  });

  test("does not run once what governs the agent has moved, nor does any after it", async () => {
    const { tools, control, consent, records } = someTools();
    consent.ask = async () => refuse("STALE_TARGET");
    await expect(tools.callTool("write_file", { path: "src/a.ts", content: "1" })).rejects.toThrow(AttemptStopped);
    consent.ask = async () => ({ ok: true });
    await expect(tools.callTool("list_files", {})).rejects.toThrow(AttemptStopped);
    expect(control.reason).toMatchObject({ kind: "stale" });
    expect(records).toEqual([]);
  });

  test("does not run and leaves no record when the attempt is stopped while consent is asked", async () => {
    const { tools, control, consent, records } = someTools();
    consent.ask = () => new Promise<never>(() => undefined);
    const asked = tools.callTool("list_files", {});
    control.stop({ kind: "lapsed" });
    await expect(asked).rejects.toThrow(AttemptStopped);
    expect(control.reason).toEqual({ kind: "lapsed" });
    expect(records).toEqual([]);
  });

  test("counts, whoever calls: after the last one there is only the report", async () => {
    const { tools, records } = someTools();
    for (let call = 0; call < MAX_TOOL_CALLS; call++) await tools.callTool("list_files", { prefix: `src/${call}` });
    expect(tools.exhausted).toBe(true);
    expect(await tools.callTool("list_files", {})).toMatchObject({ error: "TOOL_LIMIT" });
    expect(records).toHaveLength(MAX_TOOL_CALLS);
  });
});
