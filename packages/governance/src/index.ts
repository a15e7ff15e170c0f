/** Who may call and what was signed: API keys with scopes, producer tokens, and the envelopes work orders travel in. */
export * from "./api-keys.ts";
export * from "./disposition-tokens.ts";
export * from "./credentials.ts";
export * from "./envelope-keys.ts";
export * from "./envelopes.ts";
export * from "./issuer-keys.ts";
export * from "./oidc.ts";
export * from "./policy-client.ts";
export * from "./principals.ts";
export * from "./producer-tokens.ts";
export * from "./signed-bytes.ts";
export * from "./signed-messages.ts";
export * from "./signing-jwk.ts";
export * from "./submissions.ts";
