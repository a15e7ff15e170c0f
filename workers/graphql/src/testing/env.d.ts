// Types the bindings and exports of "cloudflare:workers" in tests: the Worker under test and what its configuration adds.
import type { D1Migration } from "cloudflare:test";
import type * as graphql from "../graphql.worker.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof graphql;
    }
    interface Env {
      TEST_MIGRATIONS: D1Migration[];
    }
  }
}
