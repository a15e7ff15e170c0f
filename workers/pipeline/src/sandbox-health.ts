/** Whether checks can be run now: the sandbox has no entry of its own that the gateway could ask. */
import { messageOf } from "@factory/durable";

/** The part of the binding that is used; `Fetcher` fits. */
export interface HealthFetcher {
  fetch(url: string, init: { signal: AbortSignal }): Promise<Response>;
}

/** Longest wait for the sandbox, in milliseconds: a restart under its supervisor takes about one second. */
const HEALTH_TIMEOUT_MS = 3_000;

/** Asks the sandbox's `/health`. */
export async function sandboxHealth(sandbox: HealthFetcher): Promise<{ readonly ok: boolean; readonly detail?: string }> {
  try {
    const response = await sandbox.fetch("http://sandbox/health", { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    const text = await response.text();
    return response.ok ? { ok: true } : { ok: false, detail: `the sandbox answered ${response.status}: ${text.slice(0, 200)}` };
  } catch (err) {
    return { ok: false, detail: `the sandbox did not answer: ${messageOf(err)}` };
  }
}
