/** Errors as a person reads them: what happened, and what to do about it. */
import { CombinedError } from "urql";

/** The text of anything that was thrown or answered as an error. */
export function errorText(err: unknown): string {
  if (err instanceof CombinedError) return combinedText(err);
  if (!(err instanceof Error)) return String(err);
  // Of a Connect call: the message without the code before it.
  return "rawMessage" in err && typeof err.rawMessage === "string" ? err.rawMessage : err.message;
}

/** True when the platform does not know the credential. */
export function isUnauthenticated(err: CombinedError): boolean {
  return err.graphQLErrors.some(({ extensions }) => extensions["code"] === "UNAUTHENTICATED");
}

function combinedText(err: CombinedError): string {
  if (err.networkError !== undefined && err.graphQLErrors.length === 0) return "The factory cannot be reached. The page tries again.";
  return err.graphQLErrors
    .map(({ message, extensions }) => (typeof extensions["suggestion"] === "string" ? `${message} ${extensions["suggestion"]}` : message))
    .join(" ");
}
