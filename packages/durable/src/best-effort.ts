/** Work whose failure is recorded and changes nothing else. */
import { messageOf } from "./errors.ts";
import type { Log } from "./log.ts";

/** Runs `fn` and writes a failure to the log instead of throwing it. */
export async function runBestEffort(label: string, fn: () => unknown, log: Log): Promise<void> {
  try {
    await fn();
  } catch (err) {
    reportFailure(label, err, log);
  }
}

/** {@link runBestEffort} for work that ends in the same turn. */
export function runBestEffortSync(label: string, fn: () => void, log: Log): void {
  try {
    fn();
  } catch (err) {
    reportFailure(label, err, log);
  }
}

function reportFailure(label: string, err: unknown, log: Log): void {
  log.event({ op: label, outcome: "failed", durationMs: 0, ids: {}, fields: { bestEffort: true, error: messageOf(err) } });
}
