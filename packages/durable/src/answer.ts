/** What an object's method answers: plain data, with every refusal and failure in the log. */
import { refusing } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import { messageOf } from "./errors.ts";
import type { CanonicalEvent, Log } from "./log.ts";

/**
 * Runs the work of an RPC method. A `FactoryError` is logged as `refused` and answered as its refusal; any other error is
 * logged as `failed` and thrown on. Success is not logged: such methods are called thousands of times a second.
 *
 * @param now - clock in epoch milliseconds
 */
export async function answered<T extends object>(
  log: Log,
  now: () => number,
  head: Pick<CanonicalEvent, "op" | "ids">,
  work: () => Promise<T>,
): Promise<Result<T>> {
  const startedAt = now();
  try {
    const result = await refusing(work);
    if (!result.ok) {
      log.event({ ...head, outcome: "refused", durationMs: now() - startedAt, fields: { code: result.code, message: result.message } });
    }
    return result;
  } catch (err) {
    log.event({ ...head, outcome: "failed", durationMs: now() - startedAt, fields: { error: messageOf(err) } });
    throw err;
  }
}
