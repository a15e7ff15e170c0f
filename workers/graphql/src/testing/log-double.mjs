/**
 * The stream Worker for tests of the shard in workerd: it keeps events and sinks as the contract of `rpc/log.ts` says, and pushes only
 * when a test asks for the batch and hands it on.
 */
import { DurableObject } from "cloudflare:workers";

const TERMINAL = new Set(["SESSION_COMPLETED", "SESSION_FAILED", "SESSION_CANCELLED", "SESSION_REJECTED"]);
const GENESIS_HASH = "0".repeat(64);

export class SubscriptionBufferDO extends DurableObject {
  #events = [];
  #sinks = new Map();
  #reads = 0;

  /** Puts events of these kinds at the end. */
  async put(kinds) {
    for (const kind of kinds) {
      const stream = kind.startsWith("BEAD_") ? "beadUpdates" : "sessionEvents";
      const seq = this.#events.length + 1;
      const run = stream === "beadUpdates" ? { runId: "RUN-1" } : {};
      this.#events.push({ seq, eventId: `EVT-${seq}`, kind, stream, sessionId: "SES-1", ...run, occurredAt: seq, payload: { reason: `e${seq}` } });
    }
    return this.#events.length;
  }

  async tip() {
    const last = this.#events.at(-1);
    return { lastSeq: this.#events.length, rootHash: GENESIS_HASH, closed: last !== undefined && TERMINAL.has(last.kind), archived: false };
  }

  async read(after, limit) {
    this.#reads += 1;
    return { events: this.#events.slice(after, after + limit), tip: await this.tip() };
  }

  async readWrites(after, limit) {
    return this.read(after, limit);
  }

  async attach(sink, after) {
    this.#sinks.set(sink.shard, after);
    return { ok: true, tip: await this.tip() };
  }

  async detach(sink) {
    this.#sinks.delete(sink.shard);
  }

  /** Where it stands with each shard, and how often it was read. */
  async state() {
    return { sinks: Object.fromEntries(this.#sinks), reads: this.#reads };
  }

  /** What it would push to a shard now. */
  async batchFor(log, shard) {
    const afterSeq = this.#sinks.get(shard);
    if (afterSeq === undefined) return null;
    const { lastSeq, closed } = await this.tip();
    const lines = this.#events.slice(afterSeq).map((event) => `${JSON.stringify(event)}\n`);
    return { log, afterSeq, lastSeq, lines: lines.join(""), closed };
  }

  /** The answer to a push. */
  async pushed(shard, answer) {
    if (answer.keep) this.#sinks.set(shard, answer.lastSeq);
    else this.#sinks.delete(shard);
  }
}

export default {
  fetch: () => new Response("This Worker serves tests only.", { status: 404 }),
};
