/** The Worker that `pnpm bench:operative` measures: the probe's objects, and runs that are worked on when asked. */
import { SANDBOX_CHECK_PATH } from "@factory/schemas";
import { CostedRun } from "./bead-cost.ts";
import type { ProbeEnv } from "./bead-cost.ts";
import type { BeadsCost } from "./cost.ts";
import probe from "./operative-probe.worker.ts";

export { ArtifactGraphDO, BeadGraphDO, OperativeDO, ProbeCoordinatorDO } from "./operative-probe.worker.ts";

/** What the driver asks for: the cost of so many beads, after those that are done. */
type Ask = { readonly name: string; readonly slots: number; readonly done: number; readonly beads: number };

export default {
  async fetch(request: Request<unknown, IncomingRequestCfProperties>, env: Env & ProbeEnv): Promise<Response> {
    if (new URL(request.url).pathname === SANDBOX_CHECK_PATH) return probe.fetch(request, env);
    const { name, slots, done, beads } = await request.json<Ask>();
    const run = await CostedRun.begin(env, name, done);
    const cost: BeadsCost = await run.work(beads, slots);
    return Response.json(cost);
  },
};
