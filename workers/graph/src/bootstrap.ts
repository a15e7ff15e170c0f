/** What the local bootstrap and a deploy call once for a new org. Bound by service binding only; it has no route. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Result } from "@factory/schemas";
import { beadGraphOf } from "@factory/schemas/rpc";
import type { KnowingStateBead } from "@factory/schemas/rpc";

/** Named entrypoint that gives an org its first knowing-state. */
export class Bootstrap extends WorkerEntrypoint<Env> {
  /** Writes the beads of an org that has none for their subjects; a repeat writes nothing. */
  async bootstrapOrg(org: string, beads: readonly KnowingStateBead[]): Promise<Result<{ written: number }>> {
    return await beadGraphOf(this.env, org).bootstrap(beads);
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }
}
