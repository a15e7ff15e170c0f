import type { ProbeEnv } from "./probe.do.ts";

declare global {
  namespace Cloudflare {
    interface Env extends Readonly<ProbeEnv> {}
  }
}
