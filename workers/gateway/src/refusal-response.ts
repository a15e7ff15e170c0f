/** A refusal as the answer of a route that speaks plain JSON. */
import { ERRORS, type Refusal } from "@factory/schemas";

/** How long a caller who made too many calls is told to wait, in seconds: the window in which calls are counted. */
export const RETRY_AFTER_S = 60;

/** Headers that go with a refusal. */
export function refusalHeaders({ code }: Pick<Refusal, "code">): { readonly [name: string]: string } {
  return code === "RATE_LIMITED" ? { "retry-after": String(RETRY_AFTER_S) } : {};
}

/** The fields of a protocol's error. @param status - the registry's unless the protocol asks for another */
export function refusalResponse(refusal: Refusal, status: number = ERRORS[refusal.code].http): Response {
  const { code, message } = refusal;
  return Response.json({ code, message, suggestion: ERRORS[code].suggestion }, { status, headers: refusalHeaders(refusal) });
}
