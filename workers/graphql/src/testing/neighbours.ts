/** The other Workers of tests in workerd, as they are deployed. */
export { graphWorker } from "../../../../scripts/testing/graph-worker.ts";
