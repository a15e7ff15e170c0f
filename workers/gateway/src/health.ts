/** `GET /health`: every Worker is asked, each within a deadline of its own. */
import { messageOf } from "@factory/durable";
import type { Health, HealthRpc } from "@factory/schemas/rpc";

/** How long a Worker may take, in milliseconds: a cold start takes tens, so one that needs longer is not well. */
const HEALTH_DEADLINE_MS = 3_000;

/** What `/health` answers; `failing` names the Workers that are not ok. */
export type HealthReport = { readonly ok: boolean; readonly failing: readonly string[]; readonly workers: readonly Health[] };

/** Asks all Workers at once. A Worker that throws or is late is not ok. */
export async function askHealth(workers: { readonly [name: string]: HealthRpc }, deadlineMs: number = HEALTH_DEADLINE_MS): Promise<HealthReport> {
  const reports = await Promise.all(Object.entries(workers).map(([name, worker]) => ask(name, worker, deadlineMs)));
  const failing = reports.filter((report) => !report.ok).map((report) => report.worker);
  return { ok: failing.length === 0, failing, workers: reports };
}

async function ask(name: string, worker: HealthRpc, deadlineMs: number): Promise<Health> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    const { ok, detail } = await Promise.race([worker.health(), late]);
    return { worker: name, ok, ...(detail === undefined ? {} : { detail }) };
  } catch (err) {
    return { worker: name, ok: false, detail: messageOf(err) };
  } finally {
    clearTimeout(timer);
  }
}
