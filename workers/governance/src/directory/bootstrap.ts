/** What the local platform and a deploy call for the first organisation. Bound by service binding only; it has no route. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { objectName, type Result } from "@factory/schemas";
import type { AdoptRequest, DirectoryBootstrapRpc } from "./org-directory-do.ts";

const ACTOR = { principalId: "system:bootstrap", person: "system:bootstrap", requestId: "bootstrap" } as const;

/** Named entrypoint that gives an organisation its first member, with a key that is known by its digest. */
export class Bootstrap extends WorkerEntrypoint<Env> {
  /**
   * A repeat changes nothing that people have changed since.
   *
   * @returns how many records edges have not been told of yet
   */
  async adoptOrg(org: string, request: AdoptRequest): Promise<Result<{ pending: number }>> {
    // The generated binding does not name the class that this Worker exports.
    const directory = this.env.DIRECTORIES.getByName(objectName.directory(org)) as unknown as DirectoryBootstrapRpc;
    return await directory.adopt(request, ACTOR);
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }
}
