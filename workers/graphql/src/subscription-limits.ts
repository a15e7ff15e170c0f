/** Bounds of a shard of client sockets, and the codes it closes sockets with. */
import { SUBSCRIBER_SHARDS } from "@factory/schemas";

/** Limits; what is over one is refused, and the message names the limit. */
export const SUBSCRIPTION_LIMITS = {
  /** A quarter of what the runtime allows an object; with all shards some 32 000 sockets an org. */
  socketsPerShard: 4_096,
  /** Of one principal on one shard; some 1 000 over all shards. */
  socketsPerPrincipal: 128,
  /** Sockets that have not proved yet whose they are: who comes with its credential in the upgrade is not held up by them. */
  unprovedPerShard: 256,
  /** Sixteen of the largest operations are 8 KiB of the 16 KiB that an attachment may have. */
  operationsPerSocket: 16,
  /** Of one frame that a client sends, in characters. */
  messageChars: 4 * 1024,
  /** What a socket may have in flight before it counts as one that does not drain, in characters: five seconds of the busiest measured stream. */
  unackedChars: 1024 * 1024,
} as const;

/** After so many characters a socket is asked whether it has them; a replay waits for the answer. */
export const PING_EVERY_CHARS = 256 * 1024;
/** A socket that has not answered for so long does not drain. */
export const ACK_PATIENCE_MS = 60_000;

/** How long a socket may take to open its connection, and to prove whose it is where the upgrade has not: as `graphql-ws` does. */
export const INIT_PATIENCE_MS = 3_000;

/** How often, and how far apart, a run is looked up that the read model does not know yet: projections come within a second or two. */
export const RUN_LOOKUPS = 6;
export const RUN_LOOKUP_EVERY_MS = 500;

/** Longest wait of an event for others to share its frame. */
export const MAX_WINDOW_MS = 25;
/**
 * What a frame costs the thread that sends it: at most 25 us, measured with 1 000 sockets, for each of the shards that may share the
 * thread. A window as long as the fan-out to all of them leaves the thread half its time.
 */
export const FRAME_COST_MS = 0.025 * SUBSCRIBER_SHARDS;

/** How long after a broken call or an eviction unfinished work is taken up again. */
export const RESUME_MS = 5_000;
/** How often a shard makes sure that silent logs still push to it. */
export const WATCH_MS = 60_000;

/** Replays that read from logs at once: each page may be megabytes, and an isolate has 128 MB. */
export const READS_AT_ONCE = 8;
/** Events of one page of a replay. */
export const REPLAY_PAGE_EVENTS = 500;

/**
 * Close codes. Those of the private range say what the client did, with the numbers of `graphql-transport-ws`; after SLOW, RESTART and
 * TRY_LATER it connects again and resumes with its last seq.
 */
export const CLOSE = {
  DONE: 1000,
  RESTART: 1012,
  TRY_LATER: 1013,
  BINARY: 1003,
  TOO_LARGE: 1009,
  BAD_MESSAGE: 4400,
  UNAUTHORIZED: 4401,
  FORBIDDEN: 4403,
  ID_IN_USE: 4409,
  TOO_MANY_INITS: 4429,
  /** Of the dialect `factory-log.v1`. */
  SLOW: 4408,
  /** Of `graphql-transport-ws`, where 4408 has this meaning. */
  INIT_TIMEOUT: 4408,
} as const;
