// Types the exports of "cloudflare:workers" in tests: the Worker under test.
import type * as governance from "../governance.worker.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof governance;
    }
  }
}
