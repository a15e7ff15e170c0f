/** Who may call and what was signed: API keys with scopes, producer tokens, and the envelopes work orders travel in. */
export * from "./api-keys.ts";
export * from "./envelope-keys.ts";
export * from "./envelopes.ts";
export * from "./producer-tokens.ts";
export * from "./submissions.ts";
