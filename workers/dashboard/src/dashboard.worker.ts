/** Entry of the dashboard: its assets, each with the headers that keep a browser from doing anything else with them. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Health, HealthRpc } from "@factory/schemas/rpc";
import { isForNobody, securedAsset } from "./secured-asset.ts";

/** Whatever this Worker says of itself is found out by asking for the page. */
const PAGE = "https://dashboard/";

export default class Dashboard extends WorkerEntrypoint<Env> implements HealthRpc {
  override async fetch(request: Request): Promise<Response> {
    const asset = await this.env.ASSETS.fetch(request);
    return isForNobody(request, asset) ? new Response(null, { status: 404 }) : securedAsset(new URL(request.url), asset);
  }

  async health(): Promise<Health> {
    const { status } = await this.env.ASSETS.fetch(PAGE, { method: "HEAD" });
    return { worker: "dashboard", ok: status === 200, ...(status === 200 ? {} : { detail: `the page answers ${status}` }) };
  }
}
