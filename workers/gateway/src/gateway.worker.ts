/** Entry of the gateway: the one public door. */
import { createApp, type GatewayApp } from "./app.ts";
import { gatewayDeps } from "./bindings.ts";
import { sweepSessions } from "./sweep.ts";

/** Not persisted: the router, built on the isolate's first request. */
let app: GatewayApp | undefined;

export default {
  fetch(request, env, ctx) {
    app ??= createApp(gatewayDeps(env));
    return app.fetch(request, env, ctx);
  },

  async scheduled(_controller, env) {
    await sweepSessions(gatewayDeps(env));
  },
} satisfies ExportedHandler<Env>;
