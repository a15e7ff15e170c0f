/**
 * The catalogue of detectors: how each one looks. Static ones read sources here; the others are executed checks that the
 * plan adds. `person` is looked at by nobody in the factory, and the record says so.
 */
import type { DetectorName } from "@factory/schemas";
import { declaredLimit, overDeclaredLimit } from "./declared-limits.ts";
import { noAmbientAccess } from "./no-ambient-access.ts";
import { noImports } from "./no-imports.ts";
import type { SourceDetector, Violation } from "./violation.ts";

/** How a detector looks at a result. */
export type DetectorForm =
  | { readonly form: "static"; readonly detect: SourceDetector }
  /** The type checker runs in the sandbox. */
  | { readonly form: "typecheck" }
  /** Example tests run with frozen arguments too. */
  | { readonly form: "frozen-arguments" }
  | { readonly form: "person" };

/** The form of a detector for the constraint it watches. A limit that the statement does not state measurably is a violation. */
export function detectorForm(name: DetectorName, statement: string): DetectorForm {
  switch (name) {
    case "no-ambient-access":
      return { form: "static", detect: noAmbientAccess };
    case "no-imports":
      return { form: "static", detect: noImports };
    case "declared-limits":
      return { form: "static", detect: limitDetector(statement) };
    case "types":
      return { form: "typecheck" };
    case "no-argument-mutation":
      return { form: "frozen-arguments" };
    case "person":
      return { form: "person" };
    default:
      return name satisfies never;
  }
}

function limitDetector(statement: string): SourceDetector {
  const limit = declaredLimit(statement);
  return (file, source): Violation[] =>
    limit === null ? [{ file, line: 1, message: "cannot be measured: the constraint states no limit in lines, parameters or characters" }] : overDeclaredLimit(limit, file, source);
}
