/** Errors in the form that Linear gives them. */
import { GraphQLError } from "graphql";

/** Values of `extensions.type`, as `@linear/sdk` reads them. */
export type LinearErrorType = "authentication error" | "forbidden" | "graphql error" | "internal error" | "invalid input" | "ratelimited";

/** An error whose extensions are Linear's. */
export class LinearError extends GraphQLError {
  constructor(type: LinearErrorType, code: string, message: string) {
    const userError = type === "invalid input" || type === "forbidden";
    super(message, { extensions: { type, code, userError, userPresentableMessage: message } });
    this.name = "LinearError";
  }
}

/** The body of an answer that failed before anything was executed. */
export function errorBody(type: LinearErrorType, code: string, message: string): string {
  return JSON.stringify({ errors: [new LinearError(type, code, message).toJSON()] });
}
