/** What each role works with: tools, gears, and the knowing-state a new org begins with. */
export * from "./gears.ts";
export * from "./knowing-state.ts";
export * from "./self-check.ts";
export * from "./tools.ts";
