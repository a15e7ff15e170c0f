/** Entry of the commissioning Worker: sessions behind Durable Object RPC; nothing is served over HTTP. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { consoleLog } from "@factory/durable";
import type { Assemblies, Health, OpenSession, SessionRegistryRpc } from "@factory/schemas/rpc";
import { drizzle } from "drizzle-orm/d1";
import { assembliesOf, assemblyOf, hasAssembly, openSessions, openSessionsOf } from "./registry/registry.ts";

export { CommissioningAgentDO } from "./commissioning-agent-do.ts";

/** What the gateway asks: whether the Worker is well, which assemblies an org has, and which sessions have not ended. */
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

  async openSessions(limit: number, after?: OpenSession): Promise<{ readonly sessions: readonly OpenSession[]; readonly more: boolean }> {
    return openSessions(drizzle(this.env.DB), consoleLog(), limit, after);
  }

  async assemblyOf(org: string, sessionId: string): Promise<string | null> {
    return assemblyOf(drizzle(this.env.DB), org, sessionId);
  }

  async openSessionsOf(
    org: string,
    assembly: string | null,
    limit: number,
    after?: string,
  ): Promise<{ readonly sessionIds: readonly string[]; readonly more: boolean }> {
    return openSessionsOf(drizzle(this.env.DB), org, assembly, limit, after);
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }
}
