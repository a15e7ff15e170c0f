export { readDuration } from "./read-duration.ts";
export { writeDuration } from "./write-duration.ts";
