/** Bounds of one operation over HTTP. What is over one is refused with TOO_LARGE and a message that names it. */
import { maxAliasesRule } from "@escape.tech/graphql-armor-max-aliases";
import { maxDirectivesRule } from "@escape.tech/graphql-armor-max-directives";
import { createComplexityRule } from "@pothos/plugin-complexity";
import { GraphQLError, type ValidationContext, type ValidationRule } from "graphql";

/** Limits of a query. */
export const QUERY_LIMITS = {
  /** Of the request's body, in bytes. */
  bodyBytes: 128 * 1024,
  /** Of the document: the dashboard's largest has some 600. */
  tokens: 4_000,
  /** Of the selections: the timeline's deepest is 7. */
  depth: 12,
  /** What is selected of a row, times the rows asked for, over all lists: a page of 500 beads with everything they have is 15 000. */
  complexity: 30_000,
  aliases: 30,
  directives: 30,
  /** Wall clock of an operation, in milliseconds. */
  timeoutMs: 15_000,
} as const;

function tooLarge(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: "TOO_LARGE" } });
}

/** The rules put their own words and their own error first; only the code of the registry and the limit's name are wanted. */
const named = (limit: "aliases" | "directives") => ({
  n: QUERY_LIMITS[limit],
  propagateOnRejection: false,
  onReject: [
    (context: ValidationContext | null) => context?.reportError(tooLarge(`The operation has too many ${limit}; the limit is ${QUERY_LIMITS[limit]}.`)),
  ],
});

/** The rules that hold the limits, for one operation with its variables. */
export function limitRules(request: {
  readonly variables: { readonly [name: string]: unknown };
  readonly operationName: string | null;
  readonly context: object;
}): ValidationRule[] {
  const measured = createComplexityRule({
    context: request.context,
    variableValues: { ...request.variables },
    operationName: request.operationName,
    validate: ({ complexity, depth }, report) => {
      if (depth > QUERY_LIMITS.depth) report(tooLarge(`The operation is ${depth} fields deep; the limit is ${QUERY_LIMITS.depth}.`));
      if (complexity > QUERY_LIMITS.complexity) {
        report(tooLarge(`The operation's complexity is ${complexity}; the limit is ${QUERY_LIMITS.complexity}. Ask for fewer rows or fields.`));
      }
    },
  });
  return [measured, maxAliasesRule(named("aliases")), maxDirectivesRule(named("directives"))];
}
