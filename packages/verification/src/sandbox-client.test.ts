import { expect, test } from "vitest";
import { DEFAULT_CHECK_LIMITS } from "@factory/schemas";
import type { CheckJob } from "@factory/schemas";
import { sandboxClient } from "./sandbox-client.ts";
import type { SandboxFetcher } from "./sandbox-client.ts";

const JOB: CheckJob = { jobId: "j1", files: { "src/a.ts": "" }, task: { kind: "typecheck" }, limits: DEFAULT_CHECK_LIMITS };
const REPORT = { jobId: "j1", ok: true, tests: [], diagnostics: [], console: "", droppedOutput: 0, durationMs: 3 };

const answering = (status: number, body: string): SandboxFetcher => ({ fetch: async () => new Response(body, { status }) });

test("a report is passed on as it is, from a POST of the job", async () => {
  const seen: { url: string; method: string; body: string }[] = [];
  const fetcher: SandboxFetcher = {
    fetch: async (url, { method, body }) => {
      seen.push({ url, method, body });
      return Response.json(REPORT);
    },
  };
  expect(await sandboxClient(fetcher).check(JOB)).toEqual(REPORT);
  expect(seen).toEqual([{ url: "http://sandbox/check", method: "POST", body: JSON.stringify(JOB) }]);
});

test.each([
  ["an error status", answering(503, "busy"), "answered 503: busy"],
  ["no JSON", answering(200, "<html>"), "is no report"],
  ["another shape", answering(200, JSON.stringify({ ...REPORT, ok: "yes" })), "is no report"],
  ["a report for another job", answering(200, JSON.stringify({ ...REPORT, jobId: "j2" })), "job j2"],
  ["a broken connection", { fetch: () => Promise.reject(new TypeError("connection lost")) }, "connection lost"],
])("%s is an infrastructure fault and never a verdict", async (_, fetcher, message) => {
  const report = await sandboxClient(fetcher).check(JOB);
  expect(report).toMatchObject({ jobId: "j1", ok: false, fault: { code: "INFRASTRUCTURE" } });
  expect(report.fault?.message).toContain(message);
});

test("a sandbox that never answers is an infrastructure fault after the job's time and a grace", async () => {
  const silent: SandboxFetcher = { fetch: (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))) };
  const report = await sandboxClient(silent, 5).check({ ...JOB, limits: { ...DEFAULT_CHECK_LIMITS, timeoutMs: 5 } });
  expect(report.fault?.code).toBe("INFRASTRUCTURE");
});
