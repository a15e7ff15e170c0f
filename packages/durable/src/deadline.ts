/** Work with a time limit. */
import { DeadlineError } from "./errors.ts";

/** Calls back once after `ms` milliseconds unless the returned function is called before. */
export type StartTimeout = (ms: number, callback: () => void) => () => void;

/** The runtime's own timer. */
export const startRealTimeout: StartTimeout = (ms, callback) => {
  const handle = setTimeout(callback, ms);
  return () => clearTimeout(handle);
};

/**
 * Runs `work` and stops waiting for it after `ms` milliseconds. The signal tells the work to give up; work that ignores
 * it goes on unseen, so its effect has to be idempotent.
 *
 * @throws DeadlineError when the time is up first.
 */
export async function withDeadline<T>(label: string, ms: number, work: (signal: AbortSignal) => T | Promise<T>, startTimeout: StartTimeout): Promise<T> {
  const controller = new AbortController();
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const cancel = startTimeout(ms, () => {
    const err = new DeadlineError(`${label} took longer than ${ms} ms.`);
    reject(err);
    controller.abort(err);
  });
  try {
    return await Promise.race([expired, (async () => work(controller.signal))()]);
  } finally {
    cancel();
  }
}
