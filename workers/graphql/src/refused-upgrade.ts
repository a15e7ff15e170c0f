/** The answer to a WebSocket upgrade that is refused: the fields of an `error` frame, under the registry's HTTP status. */
import { ERRORS, type ErrorCode } from "@factory/schemas";

/** @param message - what is wrong, with the limit where there is one */
export function refusedUpgrade(code: ErrorCode, message: string): Response {
  const { http, suggestion } = ERRORS[code];
  return Response.json({ code, message, suggestion }, { status: http });
}
