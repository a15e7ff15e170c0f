/** Bounds of a shard of client sockets, and the codes it closes sockets with. */
import { SUBSCRIBER_SHARDS } from "@factory/schemas";

/** Limits; what is over one is refused, and the message names the limit. */
export const SUBSCRIPTION_LIMITS = {
  /** A quarter of what the runtime allows an object; with all shards some 32 000 sockets an org. */
  socketsPerShard: 4_096,
  /** Of one principal on one shard; some 1 000 over all shards. */
  socketsPerPrincipal: 128,
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

/** Close codes. Those of the private range say what the client did; after SLOW and RESTART it connects again and resumes with its last seq. */
export const CLOSE = {
  RESTART: 1012,
  BINARY: 1003,
  TOO_LARGE: 1009,
  BAD_MESSAGE: 4400,
  ID_IN_USE: 4409,
  SLOW: 4408,
} as const;
