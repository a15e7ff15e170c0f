/**
 * The error registry: one row a code, with what every edge needs of it. Public text says what to do. `docs/ERRORS.md`
 * is generated from this table and a test compares them.
 *
 * @see https://connectrpc.com/docs/protocol/#error-codes
 */

/** Connect's code names. */
export type ConnectCode =
  | "canceled"
  | "unknown"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "already_exists"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "aborted"
  | "out_of_range"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "data_loss"
  | "unauthenticated";

/** Whether a caller may repeat the call: not at all, after a pause, or at once. */
export type Retry = "never" | "later" | "now";

export type ErrorSpec = {
  readonly connect: ConnectCode;
  readonly http: number;
  readonly retry: Retry;
  readonly message: string;
  readonly suggestion: string;
};

const spec = (connect: ConnectCode, http: number, retry: Retry, message: string, suggestion: string): ErrorSpec => ({
  connect,
  http,
  retry,
  message,
  suggestion,
});

/** Every error code a caller can see. */
export const ERRORS = {
  INVALID_ARGUMENT: spec("invalid_argument", 400, "never", "The request is not valid.", "Correct the fields named in the message and send it again."),
  ORDER_INVALID: spec("invalid_argument", 400, "never", "The work order has faults.", "Mend each fault at its line; the details list line, rule and fix."),
  ENVELOPE_NOT_CANONICAL: spec(
    "invalid_argument",
    400,
    "never",
    "The envelope's payload is not RFC 8785 canonical JSON.",
    "Serialise the payload canonically, or use `factory envelope ORDER.md`.",
  ),
  ENVELOPE_STALE: spec(
    "invalid_argument",
    400,
    "never",
    "The envelope was signed more than 60 seconds ago, or in the future.",
    "Sign a new envelope and check the clock.",
  ),
  ENVELOPE_CONTRADICTION: spec(
    "invalid_argument",
    400,
    "never",
    "The envelope and the order's front matter disagree.",
    "Make the named fields agree or leave one of them out.",
  ),
  REPOSITORY_UNSUPPORTED: spec(
    "unimplemented",
    501,
    "never",
    "Orders with `repository` are not supported yet.",
    "Attach the starting tree with `files` instead.",
  ),
  UNAUTHENTICATED: spec(
    "unauthenticated",
    401,
    "never",
    "The call carries no valid credential.",
    "Send `Authorization: Bearer <api key>`; locally the key is in .factory/dev-key.json.",
  ),
  SIGNATURE_INVALID: spec(
    "unauthenticated",
    401,
    "never",
    "The envelope's signature does not verify.",
    "Sign the exact payload bytes with a registered envelope key.",
  ),
  PERMISSION_DENIED: spec("permission_denied", 403, "never", "The credential does not allow this call.", "Use a key that has the scope named in the message."),
  NOT_FOUND: spec("not_found", 404, "never", "There is no such thing for this org.", "Check the id; ids of other orgs are not found."),
  ALREADY_EXISTS: spec("already_exists", 409, "never", "The same ids were used for another content.", "Use a new envelope id for a new body."),
  FAILED_PRECONDITION: spec(
    "failed_precondition",
    412,
    "never",
    "The thing is not in a state that allows this.",
    "Read its state and act on what it now asks for.",
  ),
  REVIEW_CLOSED: spec("failed_precondition", 412, "never", "The review is already closed.", "Read the session's events for how it was decided."),
  ACTION_DIGEST_MISMATCH: spec(
    "failed_precondition",
    412,
    "never",
    "The digest is not of the action that is now asked for.",
    "Read the review again and decide on the digest it shows.",
  ),
  NOT_DELIVERED: spec("failed_precondition", 412, "later", "The session has nothing to deliver yet.", "Wait for SESSION_COMPLETED, then ask again."),
  TOO_LARGE: spec("resource_exhausted", 413, "never", "The request is larger than the limit named in the message.", "Send a smaller order or fewer files."),
  RATE_LIMITED: spec("resource_exhausted", 429, "later", "Too many calls.", "Wait for the time in `retry-after`."),
  BUDGET_EXHAUSTED: spec("resource_exhausted", 402, "never", "The budget is spent.", "Raise the budget in the review or cancel."),
  STALE_EPOCH: spec("aborted", 409, "never", "The lease has passed to another holder.", "Claim again; the outcome of a stale lease changes nothing."),
  STALE_TARGET: spec("aborted", 409, "now", "The thing moved since it was read.", "Read it again and repeat the change."),
  POLICY_DENIED: spec(
    "permission_denied",
    403,
    "never",
    "Policy does not allow this.",
    "Ask an admin for the role, or change the policy named in the message.",
  ),
  TOKEN_REPLAYED: spec("already_exists", 409, "never", "The token was used before, for something else.", "Issue a new token for each signal."),
  SIGNAL_MISMATCH: spec(
    "invalid_argument",
    400,
    "never",
    "Token and body do not name the same decision and elucidation.",
    "Issue the token for exactly this disposition event and elucidation artifact.",
  ),
  ELUCIDATION_UNKNOWN: spec(
    "failed_precondition",
    412,
    "never",
    "The elucidation artifact is not in the assembly's lineage.",
    "Write down what was considered, what was rejected and why, then name that record.",
  ),
  APPROVER_REPEATED: spec("failed_precondition", 412, "never", "This person has approved already.", "Another person has to approve as well."),
  APPROVAL_EXPIRED: spec("failed_precondition", 412, "never", "The approval has expired.", "Read the review again and decide anew."),
  SUSPENDED: spec(
    "failed_precondition",
    412,
    "later",
    "Work is suspended by order of two people.",
    "Wait for force-resume, or ask the people named in the message.",
  ),
  DISPATCH_NO_SESSION: spec(
    "failed_precondition",
    412,
    "never",
    "The run belongs to no session.",
    "Submit a work order; runs are seeded by their session only.",
  ),
  DISPATCH_NO_CLEARANCE: spec(
    "failed_precondition",
    412,
    "later",
    "The run has no clearance.",
    "Approve the work, or lift the suspension; mediation then writes one.",
  ),
  DISPATCH_STALE_CLEARANCE: spec(
    "failed_precondition",
    412,
    "later",
    "The run's clearance is older than four hours.",
    "Nothing is to be done: mediation reads specification and notes again and writes a new one.",
  ),
  DISPATCH_MISSING_FIELD: spec(
    "failed_precondition",
    412,
    "never",
    "The run's clearance lacks a field.",
    "Answer the review: the message names the field that a new clearance has to have.",
  ),
  DISPATCH_CEILING_EXCEEDED: spec(
    "failed_precondition",
    412,
    "never",
    "The run has grown past what was asked for.",
    "Answer the review: approve the larger run, or end the session.",
  ),
  DISPATCH_NO_TOOL_CONTRACT: spec(
    "failed_precondition",
    412,
    "never",
    "A research bead may call a tool that has no contract.",
    "Give every tool of the directive a schema, or take the tool away.",
  ),
  DISPATCH_MALFORMED: spec("failed_precondition", 412, "never", "The run's clearance cannot be read.", "Answer the review: a new clearance is written then."),
  INTEGRITY: spec("data_loss", 500, "never", "The content does not match its id or digest.", "Recompute the id from the content; nothing was stored."),
  GOVERNANCE_VIOLATION: spec(
    "permission_denied",
    403,
    "never",
    "Consent, autonomy or policy does not allow this.",
    "Ask for a grant or a change of the directive.",
  ),
  ELUCIDATION_MISSING: spec(
    "failed_precondition",
    412,
    "never",
    "There is no record of why the order was taken on.",
    "Submit the order in a new envelope; nothing is planned or compiled without that record.",
  ),
  GATE_REFUSED: spec("failed_precondition", 412, "never", "A gate refused.", "Read the verification report; it names each artifact and its remediation."),
  CANDIDATES_EXHAUSTED: spec(
    "failed_precondition",
    412,
    "never",
    "No way was found within the bounds.",
    "Add examples, split the unit, or connect a model (FACTORY_MODELS, MODEL_BASE_URL).",
  ),
  NO_PROGRESS: spec(
    "failed_precondition",
    412,
    "never",
    "The work went on and nothing changed.",
    "Amend what did not change, split the unit, or connect another model (FACTORY_MODELS, MODEL_BASE_URL).",
  ),
  MODEL_OUTPUT_INVALID: spec(
    "failed_precondition",
    502,
    "later",
    "The model's answer did not fit its schema after one repair.",
    "Use a model with structured output, or try again.",
  ),
  MODEL_UNAVAILABLE: spec("unavailable", 503, "later", "The model server did not answer.", "Check MODEL_BASE_URL and MODEL_API_KEY; work resumes by itself."),
  MODEL_CONFIG: spec(
    "failed_precondition",
    500,
    "never",
    "The model configuration is not usable.",
    "Correct FACTORY_MODELS, FACTORY_MODEL_PRICES, MODEL_BASE_URL or MODEL_API_KEY as the message says.",
  ),
  CANCELLED: spec("canceled", 499, "never", "The session was cancelled.", "Submit a new envelope to start again."),
  UNIMPLEMENTED: spec("unimplemented", 501, "never", "This is not supported.", "Use what the documentation names instead."),
  UNAVAILABLE: spec("unavailable", 503, "later", "A part of the factory did not answer.", "Try again; the session goes on, use ResumeStream to follow it."),
  DEADLINE_EXCEEDED: spec("deadline_exceeded", 504, "later", "The call took longer than its deadline.", "Use ResumeStream with the last seq you saw."),
  INTERNAL: spec("internal", 500, "later", "The factory failed on this call.", "Try again; report the request id if it persists."),
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

/** A refusal as plain data; class identity does not survive RPC. */
export type Refusal = {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: { readonly [key: string]: unknown };
};

/** Builds a refusal; without a message the registry's public text is used. */
export function refuse(code: ErrorCode, message?: string, details?: { readonly [key: string]: unknown }): Refusal {
  return { ok: false, code, message: message ?? ERRORS[code].message, ...(details === undefined ? {} : { details }) };
}

/** A result over RPC: plain data, `ok` first. */
export type Result<T extends object = object> = ({ readonly ok: true } & T) | Refusal;

/** An error with a code of the registry, for code that throws inside one isolate. */
export class FactoryError extends Error {
  readonly code: ErrorCode;
  readonly details: { readonly [key: string]: unknown } | undefined;

  constructor(code: ErrorCode, message?: string, details?: { readonly [key: string]: unknown }) {
    super(message ?? ERRORS[code].message);
    this.name = "FactoryError";
    this.code = code;
    this.details = details;
  }

  /** The same as plain data. */
  toRefusal(): Refusal {
    return refuse(this.code, this.message, this.details);
  }
}

/** Runs work that answers `ok`; a {@link FactoryError} becomes its refusal, any other error is thrown on. */
export async function refusing<T extends object>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, ...(await work()) };
  } catch (err) {
    if (err instanceof FactoryError) return err.toRefusal();
    throw err;
  }
}
