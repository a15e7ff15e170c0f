/** Test support of the factory's graph. */
export { ProcessSandbox } from "./process-sandbox.ts";
