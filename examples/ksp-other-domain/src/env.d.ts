import type { ClinicEnv } from "./clinic-env.ts";

declare global {
  namespace Cloudflare {
    interface Env extends Readonly<ClinicEnv> {}
  }
}
