/** Entry of the sandbox: it compiles, type-checks and runs code that a model wrote. Its only binding is the loader of isolates. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Health, HealthRpc } from "@factory/schemas/rpc";
import { CheckRunner } from "./check-runner.ts";
import { isolatesOf } from "./isolates.ts";
import { answer } from "./sandbox-api.ts";

/** Not persisted: what was compiled, and which isolates are in use. One for all requests of this instance. */
let runner: CheckRunner | undefined;

/** What the pipeline calls by service binding: `POST /check`, `GET /health`, and health by RPC. */
export default class SandboxWorker extends WorkerEntrypoint<Env> implements HealthRpc {
  async health(): Promise<Health> {
    return { worker: "sandbox", ok: true };
  }

  override async fetch(request: Request): Promise<Response> {
    runner ??= new CheckRunner(isolatesOf(this.env.LOADER));
    return answer(request, runner);
  }
}
