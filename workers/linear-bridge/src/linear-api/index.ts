/** Linear's API as the bridge uses it. */
export * from "./entity-ids.ts";
export * from "./linear-api.ts";
export * from "./linear-errors.ts";
export * from "./pace.ts";
