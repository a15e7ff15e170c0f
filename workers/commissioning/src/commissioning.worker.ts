/** Entry of the commissioning Worker: sessions behind Durable Object RPC; nothing is served over HTTP. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Assemblies, Health, SessionRegistryRpc } from "@factory/schemas/rpc";
import { drizzle } from "drizzle-orm/d1";
import { assembliesOf, hasAssembly } from "./registry/registry.ts";

export { CommissioningAgentDO } from "./commissioning-agent-do.ts";

/** What the gateway asks: whether the Worker is well, and which assemblies an org has. */
export default class CommissioningWorker extends WorkerEntrypoint<Env> implements SessionRegistryRpc {
  async health(): Promise<Health> {
    return { worker: "commissioning", ok: true };
  }

  async assemblies(org: string, limit: number): Promise<Assemblies> {
    return assembliesOf(drizzle(this.env.DB), org, limit);
  }

  async hasAssembly(org: string, assembly: string): Promise<boolean> {
    return hasAssembly(drizzle(this.env.DB), org, assembly);
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }
}
