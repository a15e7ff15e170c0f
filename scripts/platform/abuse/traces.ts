/** What refused calls are meant to leave, each named once with its reason. */
import type { Trace } from "./case.ts";

/** Tables of the objects of a class. */
const tablesOf = (className: string, ...tables: readonly string[]): RegExp => new RegExp(`-${className}/[0-9a-f]+\\.sqlite#(${tables.join("|")})$`);
/** The number that an effect is given. */
const EFFECT = "sqlite_sequence/outbox_effects";

/** An id that nobody has given out is looked for in the object that it would be; addressing an object makes it. */
export const EMPTY_SESSION: Trace = {
  why: "addressing the object of the id makes it; its tables are empty",
  emptyObject: "CommissioningAgentDO",
};

/** The bridge keeps what it answered, so that the same comment is answered once, and says it on the issue. */
export function reply(comment: RegExp): Trace {
  return {
    why: "the comment and its answer are kept, and the answer is said once on the issue",
    tables: [tablesOf("DispositionDO", "comments", "deliveries", "notices", EFFECT)],
    comment,
  };
}

/** The bridge keeps that a comment or a delivery was looked at, so that it is not looked at again. */
export const LOOKED_AT: Trace = {
  why: "that the comment was looked at is kept, so that it never acts later",
  tables: [tablesOf("DispositionDO", "comments", "deliveries")],
};

/** A token that came with what was taken before is remembered, so that it is good for nothing else. */
export const TOKEN_REMEMBERED: Trace = {
  why: "the token counts as used: it is good for nothing else",
  tables: [tablesOf("SignalDeskDO", "tokens")],
};

/** A signal is taken before its session is asked; what the session refuses is the signal's outcome. */
export const REFUSED_BY_SESSION: Trace = {
  why: "the desk keeps the signal with its outcome `refused`, and the session that it was asked; nothing else of it moves",
  tables: [
    tablesOf("SignalDeskDO", "signals", "tokens", "signal_effects", EFFECT),
    tablesOf("CommissioningAgentDO", "inbox_effects", "sqlite_sequence/inbox_effects"),
  ],
};

/** A key id that the set does not have leads to one more look at the issuer's keys. */
export const KEYS_READ_AGAIN: Trace = {
  why: "the issuer's key set is read again, once in 30 seconds, and kept for other edges",
  tables: [/^kv\/.*#_mf_entries\/jwks\//],
};

/** A client's socket or stream is held by a shard of its organisation's; addressing one makes it. */
export const EMPTY_SHARD: Trace = {
  why: "the shard of the connection is made by addressing it, and keeps what is asked while the connection lives",
  emptyObject: "SubscriberDO",
  tables: [tablesOf("SubscriberDO", "selections")],
};

/** The bridge asks Linear who an author is, once for each organisation that is shown there, and remembers it. */
export const AUTHOR_LOOKED_UP: Trace = {
  why: "who the author is was looked up for the team's organisation",
  emptyObject: "LinearProjectionDO",
  tables: [tablesOf("LinearProjectionDO", "facts")],
};

/** Files are stored by their digest before the session says that its ids are taken; nothing leads to them. */
export const ORPHANED_FILE: Trace = { why: "the attached file is stored by its digest, and nothing leads to it", tables: [/^r2\/.*#_mf_objects\/blobs\//] };
