/** Storage, time and log for pure tests of what runs in a Durable Object. */
export * from "./manual-time.ts";
export * from "./memory-log.ts";
export * from "./mortal-storage.ts";
export * from "./node-sqlite.ts";
