/** Neighbours of the governance Worker as Miniflare Workers: the graph as it is deployed, and a commissioning Worker that records. */
import { graphWorker } from "../../../../scripts/testing/graph-worker.ts";

/** Options of one Worker for each neighbour that governance's wrangler configuration binds. */
export async function neighbours() {
  return [await graphWorker(), commissioningWorker()];
}

/**
 * Sessions that keep what they are told, and a registry that knows two assemblies of one organisation. A Worker under test in another
 * language than the tests': Miniflare takes a script.
 */
function commissioningWorker() {
  return {
    name: "factory-commissioning",
    modules: true,
    compatibilityDate: "2026-08-04",
    durableObjects: { OBJECTS: { className: "CommissioningAgentDO", useSQLite: true } },
    script: `import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
export class CommissioningAgentDO extends DurableObject {
  async take(method, args) {
    const calls = (await this.ctx.storage.get("calls")) ?? [];
    if (!calls.some((call) => call.args[0] === args[0])) await this.ctx.storage.put("calls", [...calls, { method, args }]);
    return { ok: true, state: "COMPILING" };
  }
  async calls() { return (await this.ctx.storage.get("calls")) ?? []; }
  async dispose(...args) { return this.take("dispose", args); }
  async suspend(...args) { return this.take("suspend", args); }
  async unsuspend(...args) { return this.take("unsuspend", args); }
}
const SESSIONS = { "SES-00000000000000000000000001": "shop", "SES-00000000000000000000000002": "pricing" };
export default class extends WorkerEntrypoint {
  async hasAssembly(org, assembly) { return org.startsWith("acme") && Object.values(SESSIONS).includes(assembly); }
  async assemblyOf(org, sessionId) { return org.startsWith("acme") ? (SESSIONS[sessionId] ?? null) : null; }
  async openSessionsOf(org, assembly, limit, after = "") {
    const sessionIds = Object.keys(SESSIONS).filter((id) => id > after && (assembly === null || SESSIONS[id] === assembly));
    return { sessionIds: sessionIds.slice(0, limit), more: sessionIds.length > limit };
  }
}`,
  };
}
