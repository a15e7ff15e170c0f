/** What the tests of each half bind beside the Worker's own. */
declare namespace Cloudflare {
  interface Env {
    /** The recorder behind GOVERNANCE. */
    readonly DESKS: DurableObjectNamespace;
    /** What the Linear of the projection's tests was asked. */
    readonly LINEAR_REQUESTS: DurableObjectNamespace;
  }
}
