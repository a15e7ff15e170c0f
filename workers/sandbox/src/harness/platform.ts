/**
 * The runtime's own functions, kept before anything else runs: after `lockdown.ts` the globals are gone or replaced.
 * This module is imported first.
 */
export const platform = {
  setTimeout: globalThis.setTimeout.bind(globalThis),
  clearTimeout: globalThis.clearTimeout.bind(globalThis),
  queueMicrotask: globalThis.queueMicrotask.bind(globalThis),
  addEventListener: globalThis.addEventListener.bind(globalThis),
  now: performance.now.bind(performance),
  dateNow: Date.now.bind(Date),
  randomUUID: crypto.randomUUID.bind(crypto),
  getRandomValues: crypto.getRandomValues.bind(crypto),
  AbortController,
  Event,
  EventTarget,
  Response: globalThis.Response,
  /** The constructor of functions, which code under test never gets. */
  Function: globalThis.Function,
} as const;

/** One turn of the event loop. At its end all microtasks are done, and an isolate has no input but its timers. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    platform.setTimeout(resolve, 0);
  });
}
