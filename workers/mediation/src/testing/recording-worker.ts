/** Neighbours of an object under test: they take every call, keep it, and answer what the test asks them to. */

/** A call as a neighbour recorded it. */
export type RecordedCall = { readonly method: string; readonly args: readonly unknown[] };

/** What a test reads and sets on a neighbour, besides the methods it stands in for. */
export interface Recorder {
  calls(): Promise<RecordedCall[]>;
  /** The next calls are answered with these, then with `{ ok: true }`. */
  answerWith(answers: readonly unknown[]): Promise<void>;
}

/** A Worker with one Durable Object class that records, under the names a wrangler configuration binds. */
export function recordingWorker(name: string, className: string, methods: readonly string[]) {
  return {
    name,
    modules: true,
    compatibilityDate: "2026-08-04",
    durableObjects: { OBJECTS: { className, useSQLite: true } },
    script: `import { DurableObject } from "cloudflare:workers";
export class ${className} extends DurableObject {
  async take(method, args) {
    const calls = (await this.ctx.storage.get("calls")) ?? [];
    await this.ctx.storage.put("calls", [...calls, { method, args }]);
    const [next, ...rest] = (await this.ctx.storage.get("answers")) ?? [];
    await this.ctx.storage.put("answers", rest);
    return next ?? { ok: true };
  }
  async calls() { return (await this.ctx.storage.get("calls")) ?? []; }
  async answerWith(answers) { await this.ctx.storage.put("answers", answers); }
${methods.map((method) => `  async ${method}(...args) { return this.take("${method}", args); }`).join("\n")}
}
export default { fetch: () => new Response(null, { status: 404 }) };`,
  };
}
