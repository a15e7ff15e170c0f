/** Errors as a caller of GraphQL over HTTP sees them: a code of the registry in `extensions.code`, and nothing of the inside. */
import { ERRORS, FactoryError, type ErrorCode } from "@factory/schemas";
import { GraphQLError } from "graphql";

/** What becomes of an error: what the caller is told, and whether it is the platform's fault. */
export type Shown = { readonly error: GraphQLError; readonly fault: boolean };

/** The error as it is shown. A refusal keeps its message; a caller's mistake keeps the library's words; anything else is INTERNAL. */
export function shownError(err: unknown): Shown {
  if (!(err instanceof GraphQLError)) {
    return err instanceof FactoryError ? { error: coded(err.code, err.message), fault: isFault(err.code) } : internal();
  }
  const cause = causeOf(err);
  if (cause instanceof FactoryError) return { error: coded(cause.code, cause.message, err), fault: isFault(cause.code) };
  if (!isCallersMistake(err, cause)) return internal(err);
  return { error: coded(codeOf(err), err.message, err), fault: false };
}

/** Codes that say that the platform failed, not the caller. */
function isFault(code: ErrorCode): boolean {
  return ERRORS[code].http >= 500 && code !== "UNIMPLEMENTED";
}

function internal(at?: GraphQLError): Shown {
  return { error: coded("INTERNAL", ERRORS.INTERNAL.message, at), fault: true };
}

function coded(code: ErrorCode, message: string, at?: GraphQLError): GraphQLError {
  const { suggestion, retry } = ERRORS[code];
  return new GraphQLError(message, {
    nodes: at?.nodes ?? null,
    source: at?.source ?? null,
    positions: at?.positions ?? null,
    path: at?.path ?? null,
    extensions: { code, suggestion, retry, ...httpOf(at) },
  });
}

/**
 * Where the server's library reads the status, and takes it out. It would answer a body that is no JSON with 200 where a caller accepts
 * `application/json` only; that is a bad request to any caller.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-application-json
 */
function httpOf(at: GraphQLError | undefined): { readonly [name: string]: unknown } {
  if (at?.extensions["code"] === "BAD_REQUEST") return { http: { status: 400 } };
  const http = at?.extensions["http"];
  return http === undefined ? {} : { http };
}

/** A limit has said its code itself; whatever else is wrong with an operation is an invalid argument. */
function codeOf({ extensions }: GraphQLError): ErrorCode {
  return extensions["code"] === "TOO_LARGE" ? "TOO_LARGE" : "INVALID_ARGUMENT";
}

function causeOf(err: GraphQLError): Error | undefined {
  let cause: Error | undefined = err.originalError;
  while (cause instanceof GraphQLError && cause.originalError !== undefined) cause = cause.originalError;
  return codedCause(cause) ?? cause;
}

/** The error of the registry that a library has wrapped in one of its own, such as a failed query. */
function codedCause(err: unknown): FactoryError | undefined {
  if (err instanceof FactoryError) return err;
  return err instanceof Error ? codedCause(err.cause) : undefined;
}

/**
 * A document, its variables or an argument is wrong: the library says so itself, before anything is resolved or at the argument's
 * place in the document. What it says of a value that a resolver gave has a path and no place of its own.
 */
function isCallersMistake({ path }: GraphQLError, cause: Error | undefined): boolean {
  if (cause === undefined) return true;
  return cause instanceof GraphQLError && (path === undefined || cause.nodes !== undefined);
}
