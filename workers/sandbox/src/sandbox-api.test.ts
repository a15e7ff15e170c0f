import { DEFAULT_CHECK_LIMITS, type CheckJob, type CheckReport } from "@factory/schemas";
import { expect, test } from "vitest";
import { answer } from "./sandbox-api.ts";

const JOB: CheckJob = { jobId: "j", files: { "src/a.ts": "" }, task: { kind: "typecheck" }, limits: DEFAULT_CHECK_LIMITS };
const REPORT: CheckReport = { jobId: "j", ok: true, tests: [], diagnostics: [], console: "", droppedOutput: 0, durationMs: 1 };

const runner = { run: (job: CheckJob): Promise<CheckReport> => Promise.resolve({ ...REPORT, jobId: job.jobId }) };
const post = (body: string): Promise<Response> => answer(new Request("http://sandbox/check", { method: "POST", body }), runner);

test("a job is answered with its report", async () => {
  const response = await post(JSON.stringify(JOB));
  expect([response.status, await response.json()]).toEqual([200, REPORT]);
});

test.each([
  ["what is not JSON", "{"],
  ["what is no job", "{}"],
  ["a path out of the workspace", JSON.stringify({ ...JOB, files: { "../a.ts": "" } })],
  ["a field that nobody knows", JSON.stringify({ ...JOB, more: 1 })],
])("%s is answered 400 with the reason", async (_name, body) => {
  const response = await post(body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.any(String) });
});

test("health is answered, other paths and methods are not", async () => {
  const status = async (path: string, method: string): Promise<number> => (await answer(new Request(`http://sandbox${path}`, { method }), runner)).status;
  expect(await Promise.all([status("/health", "GET"), status("/check", "GET"), status("/x", "POST")])).toEqual([200, 405, 404]);
});
