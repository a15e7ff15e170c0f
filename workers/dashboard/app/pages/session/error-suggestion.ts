/** What to do about an error's code. */
import { ERRORS, type ErrorCode } from "@factory/schemas";

/** Null for a code that this page does not know: one of a newer factory. */
export function suggestionOf(code: string): string | null {
  // The check says that the code is one of the registry's.
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode].suggestion : null;
}
