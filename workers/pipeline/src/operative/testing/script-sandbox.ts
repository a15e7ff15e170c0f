/**
 * The sandbox's side of a script job for tests of what is done with its calls: the script is a function of the test, and is
 * run anew for each job with the answers on record, as the real sandbox does (`scripts/platform/sandbox-script.e2e.test.ts`).
 */
import type { CheckJob, CheckReport, ScriptCall } from "@factory/schemas";

/** What a script calls: a tool by name. A failed call rejects with its code as the message. */
export type Call = (tool: string, input?: unknown) => Promise<unknown>;

type Open = ScriptCall & { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void };

/** Lets promises that are ready run. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Answers one job of a script. @throws Error for a job of another kind. */
export async function answerScript(job: CheckJob, script: (call: Call) => Promise<unknown>): Promise<CheckReport> {
  if (job.task.kind !== "script") throw new Error(`This sandbox runs no ${job.task.kind}.`);
  const { rounds } = job.task;
  let open: Open[] = [];
  const call: Call = (tool, input = {}) => new Promise((resolve, reject) => open.push({ tool, input: JSON.stringify(input), resolve, reject }));
  const ended: { report?: Partial<CheckReport> } = {};
  script(call).then(
    (value) => void (ended.report = { ok: true, ...(value === undefined ? {} : { value: JSON.stringify(value) }) }),
    (err: unknown) => void (ended.report = { fault: { code: "TOP_LEVEL_THROW", message: String(err), file: job.task.kind, line: 1 } }),
  );
  for (const round of rounds) {
    await turn();
    const asked = open;
    open = [];
    for (const [index, { call: known, answer }] of round.entries()) {
      const own = asked[index];
      if (own === undefined || own.tool !== known.tool || own.input !== known.input) throw new Error("The script asks another thing than before.");
      if (answer.ok) own.resolve(JSON.parse(answer.value));
      else own.reject(new Error(answer.code));
    }
  }
  await turn();
  const report = { jobId: job.jobId, ok: false, tests: [], diagnostics: [], console: "", droppedOutput: 0, durationMs: 1 };
  if (ended.report !== undefined && open.length === 0) return { ...report, ...ended.report };
  return { ...report, pending: open.map(({ tool, input }) => ({ tool, input })) };
}
