/**
 * How long a test may take. Tests share two cores with real runtimes and a program search, so these bound a hang and
 * never measure speed; benchmarks do that.
 */
export const PATIENCE = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000 } } };
