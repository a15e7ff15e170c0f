/**
 * What a Durable Object says of itself to who runs the factory: its storage, its alarm and timers, its outbox and its
 * schema. It reads what the parts of this package keep and writes nothing, so an object without tables stays without them.
 */
import type { ObjectHealth } from "@factory/schemas/rpc";
import { OBJECT_COMPONENT } from "./migrations.ts";
import type { Outbox } from "./outbox.ts";
import type { TimerPort } from "./scheduler.ts";
import type { SqlPort } from "./sql.ts";

/** What is read of an object's storage; `ctx.storage` fits. */
export interface HealthPort extends Pick<TimerPort, "getAlarm"> {
  readonly sql: SqlPort & {
    /** Size of the database, in bytes. */
    readonly databaseSize: number;
  };
}

/** What the object itself says; what it leaves out it does not have. */
export type OwnHealth = Partial<Pick<ObjectHealth, "state" | "leases" | "lastError">> & { readonly outbox?: Pick<Outbox, "health"> };

/** The health of an object. Its last error is what it says itself, or why its outbox gave a message up. */
export async function objectHealth(storage: HealthPort, own: OwnHealth = {}): Promise<ObjectHealth> {
  const nextAlarmAt = await storage.getAlarm();
  const outbox = own.outbox?.health() ?? null;
  const tables = tablesOf(storage.sql);
  return {
    state: own.state ?? null,
    storageBytes: storage.sql.databaseSize,
    nextAlarmAt,
    outbox,
    leases: (own.leases ?? []).toSorted((a, b) => a.leaseUntil - b.leaseUntil),
    lastError: own.lastError ?? outbox?.parkedReason ?? null,
    schemaVersion: tables.has("durable_migrations") ? schemaVersion(storage.sql) : null,
    failingTimers: tables.has("scheduler_timers") ? failingTimers(storage.sql) : [],
  };
}

/** Whether an object has tables, which its first use makes. Asking makes none. */
export function hasTables(storage: { readonly sql: SqlPort }): boolean {
  return tablesOf(storage.sql).has("durable_migrations");
}

function tablesOf(sql: SqlPort): ReadonlySet<string> {
  const rows = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('durable_migrations', 'scheduler_timers')");
  return new Set(rows.toArray().map(({ name }) => name));
}

function schemaVersion(sql: SqlPort): string | null {
  const [last] = sql.exec<{ id: string }>("SELECT id FROM durable_migrations WHERE component = ? ORDER BY position DESC LIMIT 1", OBJECT_COMPONENT).toArray();
  return last?.id ?? null;
}

function failingTimers(sql: SqlPort): ObjectHealth["failingTimers"] {
  return sql
    .exec<{ name: string; failures: number; due_at: number }>("SELECT name, failures, due_at FROM scheduler_timers WHERE failures > 0 ORDER BY due_at, name")
    .toArray()
    .map(({ name, failures, due_at: dueAt }) => ({ name, failures, dueAt }));
}
