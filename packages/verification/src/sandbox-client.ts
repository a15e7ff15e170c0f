/**
 * The way to the sandbox. Whatever goes wrong between here and its verdict says nothing about the code: it is answered as
 * the fault INFRASTRUCTURE, which the caller retries with back-off and which burns no quality attempt.
 */
import { SANDBOX_CHECK_PATH, checkReport } from "@factory/schemas";
import type { CheckJob, CheckReport } from "@factory/schemas";

/** Runs check jobs. */
export interface Sandbox {
  /** Never throws for what happens in the sandbox or on the way to it. */
  check(job: CheckJob): Promise<CheckReport>;
}

/** The part of a service binding that the client uses; `Fetcher` fits. */
export interface SandboxFetcher {
  fetch(url: string, init: { method: string; headers: Record<string, string>; body: string; signal: AbortSignal }): Promise<Response>;
}

/**
 * What a job may wait beyond its own limit, in milliseconds: others are before it in the sandbox, and a sandbox that a
 * supervisor restarts needs seconds.
 */
export const SANDBOX_GRACE_MS = 30_000;

/** Largest answer that is read, in UTF-16 units: the largest output limit of a job, several times over for its framing. */
const MAX_ANSWER_CHARS = 8_000_000;

/** A client over the sandbox's service binding. */
export function sandboxClient(fetcher: SandboxFetcher, graceMs: number = SANDBOX_GRACE_MS): Sandbox {
  return {
    async check(job) {
      const startedAt = Date.now();
      const failed = (message: string): CheckReport => infrastructure(job.jobId, message, Date.now() - startedAt);
      // A timer of its own and not `AbortSignal.timeout`, which would keep the caller's object awake long after the answer.
      const deadline = new AbortController();
      const timer = setTimeout(() => deadline.abort(new Error(`no answer in ${job.limits.timeoutMs + graceMs} ms`)), job.limits.timeoutMs + graceMs);
      try {
        const response = await fetcher.fetch(`http://sandbox${SANDBOX_CHECK_PATH}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(job),
          signal: deadline.signal,
        });
        const text = await response.text();
        if (!response.ok) return failed(`the sandbox answered ${response.status}: ${text.slice(0, 200)}`);
        if (text.length > MAX_ANSWER_CHARS) return failed(`the sandbox answered with ${text.length} characters`);
        return readReport(job.jobId, text, failed);
      } catch (err) {
        return failed(`the sandbox did not answer: ${err instanceof Error ? err.message : String(err)}`);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function readReport(jobId: string, text: string, failed: (message: string) => CheckReport): CheckReport {
  const parsed = checkReport.safeParse(parseJson(text));
  if (!parsed.success) return failed(`the sandbox's answer is no report: ${parsed.error.issues[0]?.message ?? "unreadable"}`);
  if (parsed.data.jobId !== jobId) return failed(`the sandbox answered for job ${parsed.data.jobId}`);
  return parsed.data;
}

/** The value of a JSON text; undefined, which no schema accepts, for what is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (err) {
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}

function infrastructure(jobId: string, message: string, durationMs: number): CheckReport {
  return { jobId, ok: false, tests: [], diagnostics: [], console: "", droppedOutput: 0, fault: { code: "INFRASTRUCTURE", message }, durationMs };
}
