/** Request ids: the caller's `x-request-id` when it is one, else a new one. */

/** Header of the request id, in and out. */
export const REQUEST_ID_HEADER = "x-request-id";

/** Printable, short, and safe in a log line and a header. */
const REQUEST_ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;

/** The id a request goes by. */
export function requestIdOf(headers: Headers, newRequestId: () => string): string {
  const given = headers.get(REQUEST_ID_HEADER);
  return given !== null && REQUEST_ID_PATTERN.test(given) ? given : newRequestId();
}
