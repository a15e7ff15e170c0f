/**
 * A sandbox that decides by words in the code, for tests of what is done with its answers: WRONG fails every test that
 * reaches it, OVERFIT the hidden ones, UNTYPED the type check, LOOP is out of fuel.
 */
import { checkJob, functionFile } from "@factory/schemas";
import type { CheckJob, CheckReport, TestOutcome } from "@factory/schemas";

/** Answers a job. */
export function answerByContent(job: CheckJob): CheckReport {
  const sources = Object.entries(job.files).filter(([path]) => path.startsWith("src/"));
  const has = (word: string): boolean => sources.some(([, content]) => content.includes(word));
  const report: CheckReport = { jobId: job.jobId, ok: true, tests: [], diagnostics: [], console: "", droppedOutput: 0, durationMs: 1 };
  switch (job.task.kind) {
    case "typecheck": {
      const diagnostics = sources
        .filter(([, content]) => content.includes("UNTYPED"))
        .map(([file]) => ({ file, line: 1, column: 1, code: 2322, message: "UNTYPED" }));
      return { ...report, ok: diagnostics.length === 0, diagnostics };
    }
    case "call":
    case "script":
      return report;
    case "tests": {
      if (has("LOOP")) return { ...report, ok: false, fault: { code: "FUEL", message: "out of fuel" } };
      const tests = job.task.files.flatMap((file) => {
        const source = job.files[file] ?? "";
        const own = job.files[functionFile(/subject\["(.*?)"\]/.exec(source)?.[1] ?? "")] ?? sources.map(([, content]) => content).join("\n");
        return testsOf(file, source, own.includes("WRONG") || (file.includes("holdout") && own.includes("OVERFIT")));
      });
      return { ...report, ok: tests.every(({ state }) => state === "passed"), tests };
    }
    default:
      return job.task satisfies never;
  }
}

function testsOf(file: string, source: string, failed: boolean): TestOutcome[] {
  return [...source.matchAll(/^test\((".*?"), /gm)].map((match) => {
    const name = JSON.parse(match[1] ?? '""') as string;
    return failed ? { file, name, state: "failed", message: "expected 1 to be 2", durationMs: 1 } : { file, name, state: "passed", durationMs: 1 };
  });
}

/** The same over HTTP, as the sandbox Worker answers. */
export async function contentSandboxFetch(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/health") return Response.json({ ok: true });
  if (pathname !== "/check" || request.method !== "POST") return new Response("Not found\n", { status: 404 });
  return Response.json(answerByContent(checkJob.parse(await request.json())));
}
