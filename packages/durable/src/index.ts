/** What keeps a Durable Object right: migrations, outbox and inbox, timers, leases, group commit, rows by the batch, failures and logs. */
export * from "./answer.ts";
export * from "./backoff.ts";
export * from "./batch-insert.ts";
export * from "./best-effort.ts";
export * from "./dead-letters.ts";
export * from "./deadline.ts";
export * from "./errors.ts";
export * from "./event-loop.ts";
export * from "./group-commit.ts";
export * from "./inbox.ts";
export * from "./leases.ts";
export * from "./log.ts";
export * from "./migrations.ts";
export * from "./object-health.ts";
export * from "./outbox.ts";
export * from "./scheduler.ts";
export * from "./sql.ts";
