/** What a static detector found. */

/** One place that breaks an invariant; `line` is 1-based. The message completes "`file:line` ...". */
export type Violation = { readonly file: string; readonly line: number; readonly message: string };

/** A detector that looks at one module's source. */
export type SourceDetector = (file: string, source: string) => Violation[];
