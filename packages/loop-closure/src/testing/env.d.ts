import type { ProbeEnv } from "./probe-env.ts";

declare global {
  namespace Cloudflare {
    interface Env extends Readonly<ProbeEnv> {}
  }
}
