/** The session registry in D1: which sessions there are, across objects. Authority stays with each session's object. */
import { isNull } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row a session. Times are epoch milliseconds; `version` is the session's own, by which an older update loses. */
export const sessions = sqliteTable(
  "sessions",
  {
    sessionId: text("session_id").primaryKey(),
    org: text("org").notNull(),
    workOrderId: text("work_order_id").notNull(),
    assembly: text("assembly").notNull(),
    title: text("title").notNull(),
    state: text("state").notNull(),
    reviewMode: text("review_mode").notNull(),
    runId: text("run_id"),
    createdAt: integer("created_at").notNull(),
    updatedAt: integer("updated_at").notNull(),
    endedAt: integer("ended_at"),
    reason: text("reason"),
    version: integer("version").notNull(),
  },
  (table) => [
    index("sessions_by_org").on(table.org, table.createdAt),
    index("sessions_by_work_order").on(table.org, table.workOrderId),
    index("sessions_by_assembly").on(table.org, table.assembly, table.createdAt),
    // The sweep reads what has not ended, each minute, beside all that ever was.
    index("sessions_open").on(table.sessionId).where(isNull(table.endedAt)),
  ],
);
