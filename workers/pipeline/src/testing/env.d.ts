// Types what the configuration of the entry's tests adds to the bindings of "cloudflare:workers".
import type { D1Migration } from "cloudflare:test";

declare global {
  namespace Cloudflare {
    interface Env {
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}
