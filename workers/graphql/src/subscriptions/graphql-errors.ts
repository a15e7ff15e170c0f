/** Errors as both GraphQL protocols carry them. */
import { ERRORS, type Refusal } from "@factory/schemas";
import type { GraphQLError, GraphQLFormattedError } from "graphql";

/** A refusal of the platform: its code, its suggestion and whether to try again, as every other API of the factory says them. */
export function errorOfRefusal({ code, message }: Pick<Refusal, "code" | "message">): GraphQLFormattedError {
  const { suggestion, retry } = ERRORS[code];
  return { message, extensions: { code, suggestion, retry } };
}

/** What is wrong with a document or its variables, said by the GraphQL library or in its words. */
export function errorsOfDocument(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[] {
  return errors.map((error) => {
    const code = error.extensions["code"] === "TOO_LARGE" ? "TOO_LARGE" : "INVALID_ARGUMENT";
    return { ...error.toJSON(), ...errorOfRefusal({ code, message: error.message }) };
  });
}
