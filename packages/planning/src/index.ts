export * from "./pass-prompts.ts";
