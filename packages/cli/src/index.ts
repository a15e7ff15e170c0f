/** What scripts and tests share with the `factory` command. */
export * from "./client.ts";
export * from "./credentials.ts";
export * from "./delivered-tree.ts";
export * from "./deliverable.ts";
export { needsPerson, standardOutput } from "./commands/sessions.ts";
export * from "./error-text.ts";
export * from "./errors.ts";
export * from "./follow.ts";
export * from "./outcome.ts";
export * from "./progress.ts";
export * from "./review-text.ts";
export * from "./session-view.ts";
export * from "./submission.ts";
