/** The Worker that `pnpm bench:graph` measures: both graphs and an agent's host, reached by name, method and arguments. */
import { AgentBench } from "./agent-bench.ts";
import { KnowingBench } from "./knowing-bench.ts";
import { LineageBench } from "./lineage-bench.ts";

export { AgentBench, KnowingBench, LineageBench };

/** Its bindings. */
export interface BenchEnv {
  readonly LINEAGE: DurableObjectNamespace<LineageBench>;
  readonly KNOWING: DurableObjectNamespace<KnowingBench>;
  readonly AGENTS: DurableObjectNamespace<AgentBench>;
  readonly SNAPSHOTS: KVNamespace;
}

/** What the driver asks for. */
type Ask = { readonly object: "LINEAGE" | "KNOWING" | "AGENTS"; readonly name: string; readonly method: string; readonly args: readonly unknown[] };

export default {
  async fetch(request: Request, env: BenchEnv): Promise<Response> {
    const { object, name, method, args } = await request.json<Ask>();
    // The driver names methods of the class behind the binding; there is no type for a method chosen by its name.
    const stub = env[object].getByName(name) as unknown as Record<string, (...given: readonly unknown[]) => Promise<unknown>>;
    return Response.json((await stub[method]?.(...args)) ?? null);
  },
};
