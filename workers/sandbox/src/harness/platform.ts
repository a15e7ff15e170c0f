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
  randomUUID: crypto.randomUUID.bind(crypto),
  getRandomValues: crypto.getRandomValues.bind(crypto),
  AbortController,
  Event,
  EventTarget,
  Response: globalThis.Response,
  /** The constructor of functions, which code under test never gets. */
  Function: globalThis.Function,
} as const;
