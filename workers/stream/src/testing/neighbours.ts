/** The Workers behind a log's bindings: shards that keep what they are pushed and answer as they are told. */

import type { ProjectionMessage } from "@factory/schemas/rpc";

/** What a test asks of a shard, besides pushing to it. */
export interface RecordingShard {
  /** The NDJSON it took, in order. */
  taken(): Promise<string>;
  /** Whether it was told that the log is closed. */
  toldClosed(): Promise<boolean>;
  /** The next pushes are answered by an error. */
  failNext(count: number): Promise<void>;
  /** Bodies of the messages of a queue; asked of the shard {@link QUEUE_SHARD} or {@link LINEAR_QUEUE_SHARD}. */
  messages(): Promise<readonly ProjectionMessage[]>;
}

/** The shard that keeps what the queue `projections` brought. */
export const QUEUE_SHARD = "projections";
/** The same of the queue `linear-projections`. */
export const LINEAR_QUEUE_SHARD = "linear-projections";

const SCRIPT = `import { DurableObject } from "cloudflare:workers";
export class SubscriberDO extends DurableObject {
  async push({ afterSeq, lastSeq, lines, closed }) {
    const { storage } = this.ctx;
    const failures = (await storage.get("failures")) ?? 0;
    if (failures > 0) {
      await storage.put("failures", failures - 1);
      throw new Error("no answer");
    }
    const has = (await storage.get("lastSeq")) ?? afterSeq;
    if (afterSeq > has) return { keep: true, lastSeq: has };
    const fresh = lines.split("\\n").slice(0, -1).slice(has - afterSeq);
    await storage.put({ lastSeq: Math.max(has, lastSeq), closed, lines: (await this.taken()) + fresh.map((line) => line + "\\n").join("") });
    return { keep: true, lastSeq: Math.max(has, lastSeq) };
  }
  async taken() { return (await this.ctx.storage.get("lines")) ?? ""; }
  async toldClosed() { return (await this.ctx.storage.get("closed")) ?? false; }
  async messages() { return (await this.ctx.storage.get("messages")) ?? []; }
  async received(bodies) { await this.ctx.storage.put("messages", [...(await this.messages()), ...bodies]); }
  async failNext(count) { await this.ctx.storage.put("failures", count); }
}
export default {
  fetch: () => new Response(null, { status: 404 }),
  queue: ({ queue, messages }, env) => env.SUBSCRIBERS.getByName(queue).received(messages.map(({ body }) => body)),
};`;

/** Miniflare options of the Workers that the stream's wrangler configuration binds. */
export function neighbours() {
  return [
    {
      name: "factory-graphql",
      modules: true,
      compatibilityDate: "2026-08-04",
      durableObjects: { SUBSCRIBERS: { className: "SubscriberDO", useSQLite: true } },
      queueConsumers: { projections: { maxBatchTimeout: 0 }, "linear-projections": { maxBatchTimeout: 0 } },
      script: SCRIPT,
    },
  ];
}
