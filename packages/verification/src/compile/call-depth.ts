/**
 * Calls of synchronous functions that may be open at once in metered code. Its frames overflow the runtime's stack (984
 * KiB in V8) at five thousand and more, so the counted limit comes first for plain recursion and is the same everywhere.
 */
export const MAX_CALL_DEPTH = 4_000;

/**
 * What metered code reads and writes, one object for a whole run. `f` is fuel: one unit per loop iteration and
 * function entry. `d` is the depth of calls that have not returned. `x` is called when `f` is below zero or `d` above
 * {@link MAX_CALL_DEPTH} and must throw.
 */
export type Meter = { f: number; d: number; x: () => never };
