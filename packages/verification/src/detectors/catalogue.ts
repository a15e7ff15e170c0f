/**
 * The catalogue of detectors: how each one looks. Static ones read sources here; the others are executed checks that the
 * plan adds. `person` is looked at by nobody in the factory, and the record says so.
 */
import type { DetectorName } from "@factory/schemas";
import { declaredLimit, overDeclaredLimit } from "./declared-limits.ts";
import { noAmbientAccess } from "./no-ambient-access.ts";
import { noImports } from "./no-imports.ts";
import type { SourceDetector } from "./violation.ts";

/** How a detector looks at a result. */
export type DetectorForm =
  | { readonly form: "static"; readonly detect: SourceDetector }
  /** The type checker runs in the sandbox. */
  | { readonly form: "typecheck" }
  /** Example tests run with frozen arguments too. */
  | { readonly form: "frozen-arguments" }
  | { readonly form: "person" };

/** The form of a detector for the constraint it watches. A limit that is not stated measurably is left to a person: it is neither passed nor failed. */
export function detectorForm(name: DetectorName, statement: string): DetectorForm {
  switch (name) {
    case "no-ambient-access":
      return { form: "static", detect: noAmbientAccess };
    case "no-imports":
      return { form: "static", detect: noImports };
    case "declared-limits":
      return limitForm(statement);
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

function limitForm(statement: string): DetectorForm {
  const limit = declaredLimit(statement);
  return limit === null ? { form: "person" } : { form: "static", detect: (file, source) => overDeclaredLimit(limit, file, source) };
}
