/** Entry of the gateway: the one public door. */
import { createApp, type GatewayApp } from "./app.ts";
import { gatewayDeps } from "./bindings.ts";

/** Not persisted: the router, built on the isolate's first request. */
let app: GatewayApp | undefined;

export default {
  fetch(request, env, ctx) {
    app ??= createApp(gatewayDeps(env));
    return app.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
