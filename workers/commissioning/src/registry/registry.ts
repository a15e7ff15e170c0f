/** Writes of the session registry. */
import { sql } from "drizzle-orm";
import type { BaseSQLiteDatabase } from "drizzle-orm/sqlite-core";
import type { RegistryEntry } from "../ledger.ts";
import { sessions } from "./schema.ts";

/** Brings a session's row up to `entry`. A repeat changes nothing, and an older entry never overwrites a newer one. */
export async function upsertSession(db: BaseSQLiteDatabase<"async", unknown>, entry: RegistryEntry): Promise<void> {
  const { sessionId: _key, ...values } = entry;
  await db
    .insert(sessions)
    .values(entry)
    .onConflictDoUpdate({ target: sessions.sessionId, set: values, setWhere: sql`excluded.version > ${sessions.version}` });
}
