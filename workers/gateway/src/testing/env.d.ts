// Types `exports` of "cloudflare:workers" in tests: the Worker under test.
import type * as gateway from "../gateway.worker.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof gateway;
    }
  }
}
