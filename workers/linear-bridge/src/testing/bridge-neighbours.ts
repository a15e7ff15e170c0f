/** Neighbours of the incoming half as Miniflare Workers: the graph as it is deployed, and recorders of everything else. */
import { graphWorker } from "../../../../scripts/testing/graph-worker.ts";

/** A call as a neighbour recorded it. */
export type RecordedCall = { readonly method: string; readonly args: readonly unknown[] };

/** What a test reads and sets on a neighbour, besides the methods it stands in for. */
export interface Recorder {
  calls(): Promise<RecordedCall[]>;
  /** The next calls of the method are answered with these, then as always; the text "throw" throws. */
  answerWith(method: string, answers: readonly unknown[]): Promise<void>;
}

/** A Durable Object class that records; `always` is what each method answers. */
function recordingClass(className: string, always: { readonly [method: string]: unknown }): string {
  return `export class ${className} extends DurableObject {
  async take(method, args, always) {
    const calls = (await this.ctx.storage.get("calls")) ?? [];
    await this.ctx.storage.put("calls", [...calls, { method, args }]);
    const [next, ...rest] = (await this.ctx.storage.get("answers:" + method)) ?? [];
    await this.ctx.storage.put("answers:" + method, rest);
    if (next === "throw") throw new Error("no answer");
    return next ?? always;
  }
  async calls() { return (await this.ctx.storage.get("calls")) ?? []; }
  async answerWith(method, answers) { await this.ctx.storage.put("answers:" + method, answers); }
${Object.entries(always)
  .map(([method, answer]) => `  async ${method}(...args) { return this.take("${method}", args, ${JSON.stringify(answer)}); }`)
  .join("\n")}
}`;
}

function recordingWorker(
  name: string,
  className: string,
  always: { readonly [method: string]: unknown },
  entry = "export default { fetch: () => new Response(null, { status: 404 }) };",
) {
  const imports = 'import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";';
  return {
    name,
    modules: true,
    compatibilityDate: "2026-08-04",
    durableObjects: { OBJECTS: { className, useSQLite: true } },
    script: [imports, recordingClass(className, always), entry].join("\n"),
  };
}

/** The governance Worker's entry class: what it is asked goes to one object, by the organisation's name. */
const DESK_ENTRY = `export default class extends WorkerEntrypoint {
  async receiveSignal(token, body) {
    using answer = await this.env.OBJECTS.getByName("desk").receiveSignal(token, new TextDecoder().decode(body));
    return answer.ok ? { ok: true, receipt: {} } : { ok: false, code: answer.code, message: answer.message };
  }
  async outcome(org, id) {
    using answer = await this.env.OBJECTS.getByName("desk").outcome(org, id);
    return { state: answer.state, detail: answer.detail, dispositionEventId: id };
  }
}`;

/** Options of one Worker for each neighbour. */
export async function bridgeNeighbours() {
  return [
    await graphWorker(),
    recordingWorker("linear-issues", "LinearProjectionDO", { say: { ok: true }, isOwn: false, bindingOf: null }),
    recordingWorker("factory-commissioning", "CommissioningAgentDO", { dispose: { ok: true, state: "FAILED" }, status: null }),
    recordingWorker("factory-stream", "SubscriptionBufferDO", { read: { events: [], tip: { lastSeq: 0, rootHash: "", closed: false, archived: false } } }),
    recordingWorker(
      "factory-governance",
      "Desk",
      { receiveSignal: { ok: true, receipt: {} }, outcome: { state: "done", detail: "The session goes on." } },
      DESK_ENTRY,
    ),
  ];
}
