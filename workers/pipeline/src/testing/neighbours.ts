/** Neighbours of the pipeline Worker in tests: Workers whose objects keep every call and answer ok. */

/** A call as a neighbour recorded it. */
type RecordedCall = { readonly method: string; readonly args: readonly unknown[] };

/** What a test reads of a neighbour, besides the methods it stands in for. */
export interface Recorder {
  calls(): Promise<RecordedCall[]>;
}

/** What each class answers, as JSON; a method that is not here does not exist. */
const CLASSES: { readonly [worker: string]: { readonly [className: string]: { readonly [method: string]: unknown } } } = {
  "factory-commissioning": { CommissioningAgentDO: { report: { ok: true } } },
  "factory-stream": { SubscriptionBufferDO: { append: { ok: true, appended: 1, tip: { lastSeq: 1, rootHash: "", closed: false } } } },
  "factory-graph": { ArtifactGraphDO: { append: { ok: true, written: 1 } }, BeadGraphDO: { write: { ok: true, beadId: "", auditBeadId: "" } } },
};

/** Miniflare options of the neighbours that the pipeline's wrangler configuration binds. */
export function neighbours() {
  return Object.entries(CLASSES).map(([name, classes]) => ({
    name,
    modules: true,
    compatibilityDate: "2026-08-04",
    durableObjects: Object.fromEntries(Object.keys(classes).map((className) => [className.toUpperCase(), { className, useSQLite: true }])),
    script: `import { DurableObject } from "cloudflare:workers";
class Recording extends DurableObject {
  async take(method, args, answer) {
    const calls = (await this.ctx.storage.get("calls")) ?? [];
    await this.ctx.storage.put("calls", [...calls, { method, args }]);
    return answer;
  }
  async calls() { return (await this.ctx.storage.get("calls")) ?? []; }
}
${Object.entries(classes)
  .map(([className, methods]) => classSource(className, methods))
  .join("\n")}
export default { fetch: () => new Response(null, { status: 404 }) };`,
  }));
}

function classSource(className: string, methods: { readonly [method: string]: unknown }): string {
  const lines = Object.entries(methods).map(
    ([method, answer]) => `  async ${method}(...args) { return this.take("${method}", args, ${JSON.stringify(answer)}); }`,
  );
  return `export class ${className} extends Recording {\n${lines.join("\n")}\n}`;
}
