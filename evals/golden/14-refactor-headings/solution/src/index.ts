export { headingId } from "./heading-id.ts";
export { isTopHeading } from "./is-top-heading.ts";
export { longestHeading } from "./longest-heading.ts";
