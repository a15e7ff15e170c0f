import { applyD1Migrations, createExecutionContext, createMessageBatch, getQueueResult, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import PipelineWorker from "./pipeline.worker.ts";
import { aRun, ORG } from "./testing/builders.ts";

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS));

const aMessage = (id: string, body: unknown) => ({ id, timestamp: new Date(0), attempts: 1, body });

async function consumed(queue: string, messages: ReturnType<typeof aMessage>[]) {
  const batch = createMessageBatch(queue, messages);
  const ctx = createExecutionContext();
  await new PipelineWorker(ctx, env).queue(batch);
  await waitOnExecutionContext(ctx);
  return getQueueResult(batch, ctx);
}

describe("the atoms queue", () => {
  test("settles each message alone: a wake-up is acknowledged, a malformed body too, since no repetition mends it", async () => {
    const { runId } = aRun("queue");
    const result = await consumed("atoms", [
      aMessage("good", { org: ORG, runId, slot: 0 }),
      aMessage("no-json", "wake up"),
      aMessage("wrong-id", { org: ORG, runId: "RUN-1", slot: 0 }),
      aMessage("wrong-slot", { org: ORG, runId, slot: 99 }),
      aMessage("extra", { org: ORG, runId, slot: 0, command: "delete" }),
    ]);
    expect(result.explicitAcks.sort()).toEqual(["extra", "good", "no-json", "wrong-id", "wrong-slot"]);
    expect(result).toMatchObject({ outcome: "ok", retryMessages: [], ackAll: false });
  });

  test("a dead letter is kept once and acknowledged, whatever it holds and however often it comes", async () => {
    const { runId } = aRun("dead");
    const result = await consumed("atoms-dead", [aMessage("dead", { org: ORG, runId, slot: 0 }), aMessage("broken", null)]);
    expect(result.explicitAcks.sort()).toEqual(["broken", "dead"]);
    expect((await consumed("atoms-dead", [aMessage("dead", { org: ORG, runId, slot: 0 })])).explicitAcks).toEqual(["dead"]);
    const { results } = await env.DB.prepare("SELECT message_id, org, ids FROM dead_letters WHERE queue = 'atoms' ORDER BY message_id").all();
    expect(results).toEqual([
      { message_id: "broken", org: null, ids: "{}" },
      { message_id: "dead", org: ORG, ids: JSON.stringify({ run: runId, slot: "0" }) },
    ]);
  });
});

describe("the entry", () => {
  test("is healthy with its sandbox, and serves nothing over HTTP", async () => {
    const entry = new PipelineWorker(createExecutionContext(), env);
    expect(await entry.health()).toEqual({ worker: "pipeline", ok: true });
    expect((await entry.fetch()).status).toBe(404);
  });
});
