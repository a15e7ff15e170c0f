/** Policies as people write and read them: the file with its faults by line, and what one changes as a diff. */
export * from "./policy-diff.ts";
export * from "./policy-file.ts";
