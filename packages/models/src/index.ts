/** Models: aliases, providers, structured output, and the offline model. */
export * from "./cassette.ts";
export * from "./fallback.ts";
export * from "./model-errors.ts";
export * from "./offline/offline-model.ts";
export * from "./prices.ts";
export * from "./registry.ts";
export * from "./structured.ts";
