/** Calls back once when this process has lost its parent, or the npm above it. It does not keep the process alive. */
export function onOrphaned(callback: () => void): void;
