/** What one look at an amendment found. */

/** `unscored`: nobody could tell. It is never read as passed. */
export type Finding = { readonly outcome: "passed" | "failed" | "unscored"; readonly detail: string };

export const passed = (detail: string): Finding => ({ outcome: "passed", detail });
export const failed = (detail: string): Finding => ({ outcome: "failed", detail });
export const unscored = (detail: string): Finding => ({ outcome: "unscored", detail });
