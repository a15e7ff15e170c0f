/** What a call at the platform's edge was answered, in one form for every door. */
import { base64Decode } from "@bufbuild/protobuf/wire";
import { fromBinary } from "@bufbuild/protobuf";
import { ERRORS, type ErrorCode } from "@factory/schemas";
import { ErrorDetailSchema } from "@factory/schemas/proto";
import { z } from "zod";

/** An answer: how the protocol says it (a Connect code, or an HTTP status), and what it says. */
export type Answer = {
  /** `ok` or a Connect code of the Connect services; the HTTP status of every other route; the close code of a socket. */
  readonly at: string;
  /** Code of the error registry; `OK`, or another word where the door has words of its own. */
  readonly code: string;
};

/** What the Connect services say of a refusal: the registry's Connect code with the registry's code. */
export const refused = (code: ErrorCode): Answer => ({ at: ERRORS[code].connect, code });

/** What plain HTTP says of a refusal: the registry's status with the registry's code. */
export const refusedHttp = (code: ErrorCode): Answer => ({ at: String(ERRORS[code].http), code });

/** What another answer of plain HTTP is. */
export const http = (status: number, code: string): Answer => ({ at: String(status), code });

/** The answer of a Connect call that was taken. */
export const TAKEN: Answer = { at: "ok", code: "OK" };

const detail = z.object({ type: z.string(), value: z.string() });
const connectError = z.object({ code: z.string(), details: z.array(detail).optional() });

/** Reads an error of the Connect protocol. One without a detail of the registry has no code, which no case expects. */
export function connectAnswer(error: unknown): Answer {
  const { code, details = [] } = connectError.parse(error);
  const own = details.find(({ type }) => type === ErrorDetailSchema.typeName);
  return { at: code, code: own === undefined ? "no detail" : fromBinary(ErrorDetailSchema, base64Decode(own.value)).code };
}

const plainRefusal = z.object({ code: z.string() });
/** Every field that was asked for is null: there is no such thing for who asks. */
const graphqlNothing = z.object({ data: z.record(z.string(), z.null()) });
const graphqlRefusal = z.object({ errors: z.array(z.object({ extensions: z.object({ code: z.string() }).optional() })).min(1) });

/** Reads the body of a route that speaks JSON: a refusal's code, GraphQL's first error or `NULL`, else `OK`. */
export function httpAnswer(status: number, text: string): Answer {
  const body = jsonOf(text);
  const graphql = graphqlRefusal.safeParse(body);
  if (graphql.success) return http(status, graphql.data.errors[0]?.extensions?.code ?? "no code");
  if (graphqlNothing.safeParse(body).success) return http(status, "NULL");
  const plain = plainRefusal.safeParse(body);
  if (plain.success) return http(status, plain.data.code);
  return http(status, status < 300 ? "OK" : "no code");
}

/** A JSON value; undefined for text that is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asks says what no JSON means to them.
    return undefined;
  }
}
