/**
 * The gateway's cron on a laptop. Local workerd fires none, so the platform runs the handler itself, over Miniflare's
 * control connection: no route leads to it.
 */
import type { Miniflare } from "miniflare";

/** As the gateway's `crons` say: each minute. */
export const MINUTE_MS = 60_000;

/**
 * Runs the gateway's scheduled handler at an interval, one run at a time.
 *
 * @param onFailure - told of a run that failed; the next one follows all the same
 * @returns ends it
 */
export function callEachMinute(miniflare: Pick<Miniflare, "getWorker">, onFailure: (message: string) => void, everyMs: number = MINUTE_MS): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const run = async (): Promise<void> => {
    try {
      const gateway = await miniflare.getWorker("factory-gateway");
      const { outcome } = await gateway.scheduled({ cron: "* * * * *" });
      if (outcome !== "ok") onFailure(`The sweep ended with ${outcome}.`);
    } catch (err) {
      if (!stopped) onFailure(`The sweep failed: ${err instanceof Error ? err.message : String(err)}`);
    }
    arm();
  };
  const arm = (): void => {
    if (stopped) return;
    timer = setTimeout(() => void run(), everyMs);
    timer.unref();
  };
  arm();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
