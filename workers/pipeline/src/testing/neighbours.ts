/** Neighbours of the pipeline Worker in tests: the graph as it is deployed, and Workers whose objects keep every call and answer ok. */
import { graphWorker } from "../../../../scripts/testing/graph-worker.ts";

/** A call as a neighbour recorded it. */
type RecordedCall = { readonly method: string; readonly args: readonly unknown[] };

/** What a test reads of a recording neighbour, besides the method it stands in for. */
export interface Recorder {
  calls(): Promise<RecordedCall[]>;
}

/** Miniflare options of the neighbours that the pipeline's wrangler configuration binds. */
export async function neighbours() {
  return [
    await graphWorker(),
    recordingWorker("factory-commissioning", "CommissioningAgentDO", "report", { ok: true }),
    recordingWorker("factory-stream", "SubscriptionBufferDO", "appendText", {
      ok: true,
      appended: 1,
      tip: { lastSeq: 1, rootHash: "", closed: false, archived: false },
    }),
  ];
}

/** A Worker with one class whose method gives that answer to every call; another method does not exist. */
function recordingWorker(name: string, className: string, method: string, answer: object) {
  return {
    name,
    modules: true,
    compatibilityDate: "2026-08-04",
    durableObjects: { OBJECTS: { className, useSQLite: true } },
    script: `import { DurableObject } from "cloudflare:workers";
export class ${className} extends DurableObject {
  async calls() { return (await this.ctx.storage.get("calls")) ?? []; }
  async ${method}(...args) {
    await this.ctx.storage.put("calls", [...(await this.calls()), { method: "${method}", args }]);
    return ${JSON.stringify(answer)};
  }
}
export default { fetch: () => new Response(null, { status: 404 }) };`,
  };
}
