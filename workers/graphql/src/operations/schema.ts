/** Messages that no delivery took, in the database `factory`; written by the consumers of the dead-letter queues, once each. */
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row a message. Times are epoch milliseconds. */
export const deadLetters = sqliteTable(
  "dead_letters",
  {
    /** Queue that the message was sent to. */
    queue: text("queue").notNull(),
    /** The queue's own id of it. */
    messageId: text("message_id").notNull(),
    /** NULL when the body names none: it is nobody's to see. */
    org: text("org"),
    /** SHA-256 of the body as canonical JSON, in hexadecimal. */
    bodyDigest: text("body_digest").notNull(),
    /** JSON object: what the body names, by kind. */
    ids: text("ids").notNull(),
    reason: text("reason").notNull(),
    diedAt: integer("died_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.queue, table.messageId] }), index("dead_letters_by_org").on(table.org, table.diedAt)],
);
