/** The error registry on the wire: each refusal is a Connect error with an `ErrorDetail`. */
import { ERRORS, FactoryError, type ConnectCode, type ErrorCode, type OrderFault, type Refusal } from "@factory/schemas";
import { ErrorDetailSchema } from "@factory/schemas/proto";
import { Code, ConnectError } from "@connectrpc/connect";
import type { FieldProblem } from "./admin/field-problems.ts";
import { refusalHeaders } from "./refusal-response.ts";

const CODES: { readonly [C in ConnectCode]: Code } = {
  canceled: Code.Canceled,
  unknown: Code.Unknown,
  invalid_argument: Code.InvalidArgument,
  deadline_exceeded: Code.DeadlineExceeded,
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  permission_denied: Code.PermissionDenied,
  resource_exhausted: Code.ResourceExhausted,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
  out_of_range: Code.OutOfRange,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
  unavailable: Code.Unavailable,
  data_loss: Code.DataLoss,
  unauthenticated: Code.Unauthenticated,
};

/** Registry codes of errors that the protocol library raises by itself: bad framing, size, compression, time. */
const PROTOCOL_CODES: { readonly [code in Code]?: ErrorCode } = {
  [Code.InvalidArgument]: "INVALID_ARGUMENT",
  [Code.ResourceExhausted]: "TOO_LARGE",
  [Code.Unimplemented]: "UNIMPLEMENTED",
  [Code.DeadlineExceeded]: "DEADLINE_EXCEEDED",
  [Code.Unavailable]: "UNAVAILABLE",
};

/** Codes that tell of a fault in the factory and not in the call. */
const FAULTS: ReadonlySet<Code> = new Set([Code.Internal, Code.DataLoss, Code.Unavailable, Code.Unknown]);

/** True when an error is the factory's fault: what an operator looks at. */
export function isFault(err: ConnectError): boolean {
  return FAULTS.has(err.code);
}

/** What an error's detail lists besides its code. */
type Listed = { readonly faults: readonly OrderFault[]; readonly problems: readonly FieldProblem[] };
const NOTHING_LISTED: Listed = { faults: [], problems: [] };

/** The error of a registry code; without a message the registry's public text. */
export function errorOf(code: ErrorCode, message?: string, listed: Listed = NOTHING_LISTED, cause?: unknown): ConnectError {
  const spec = ERRORS[code];
  const err = new ConnectError(message ?? spec.message, CODES[spec.connect], undefined, undefined, cause);
  for (const [name, value] of Object.entries(refusalHeaders({ code }))) err.metadata.set(name, value);
  addDetail(err, code, listed);
  return err;
}

/** Throws a refusal as an error; `details.faults` travel as order faults, `details.problems` as field problems. */
export function raise(refusal: Refusal): never {
  throw new FactoryError(refusal.code, refusal.message, refusal.details);
}

/** Gives an error that the protocol library raised the code and the detail every error carries. */
export function completeDetail(err: ConnectError): void {
  if (err.details.length > 0) return;
  // The library calls bytes that are no message INTERNAL; they are the caller's, as JSON that is none is.
  if (err.code === Code.Internal && err.rawMessage.startsWith("parse binary:")) Object.assign(err, { code: Code.InvalidArgument });
  addDetail(err, PROTOCOL_CODES[err.code] ?? "INTERNAL", NOTHING_LISTED);
}

/**
 * Any thrown value as what a caller may see. What is not of the registry becomes INTERNAL with the request id, or
 * UNAVAILABLE when the runtime says that the object may be asked again; its own text goes to the log only.
 */
export function toConnectError(err: unknown, requestId: string): ConnectError {
  if (err instanceof ConnectError) {
    completeDetail(err);
    return err;
  }
  if (err instanceof FactoryError && Object.hasOwn(ERRORS, err.code)) return errorOf(err.code, err.message, listedIn(err), err);
  const code = isRetryable(err) ? "UNAVAILABLE" : "INTERNAL";
  return errorOf(code, `${ERRORS[code].message} Request id: ${requestId}.`, NOTHING_LISTED, err);
}

/** The code of the registry an error carries, for the log. */
export function registryCode(err: ConnectError): string {
  for (const detail of err.details) {
    if ("desc" in detail && detail.desc.typeName === ErrorDetailSchema.typeName && "code" in detail.value) return String(detail.value["code"]);
  }
  return Code[err.code];
}

function addDetail(err: ConnectError, code: ErrorCode, listed: Listed): void {
  const { suggestion, retry } = ERRORS[code];
  const faults = listed.faults.map(({ line, rule, fix }) => ({ line, rule, fix }));
  const problems = listed.problems.map(({ field, problem }) => ({ field, problem }));
  err.details.push({ desc: ErrorDetailSchema, value: { code, suggestion, retry, faults, problems } });
}

function listedIn({ details = {} }: FactoryError): Listed {
  const { faults, problems } = details;
  // Made by `submission.ts` from the parser's own faults and by `field-problems.ts`; nothing else sets the keys.
  return {
    faults: Array.isArray(faults) ? (faults as readonly OrderFault[]) : [],
    problems: Array.isArray(problems) ? (problems as readonly FieldProblem[]) : [],
  };
}

/** The runtime marks errors of an object that was reset, moved or overloaded. */
function isRetryable(err: unknown): boolean {
  return typeof err === "object" && err !== null && (("retryable" in err && err.retryable === true) || ("overloaded" in err && err.overloaded === true));
}
