/** The schema builder: what every type of the schema is made with, and its two scalars. */
import SchemaBuilder from "@pothos/core";
import ComplexityPlugin from "@pothos/plugin-complexity";
import type { GraphqlContext } from "../graphql-context.ts";

/** Fields are non-null unless they say so; times are epoch milliseconds inside and RFC 3339 outside. */
export const builder = new SchemaBuilder<{
  Context: GraphqlContext;
  DefaultFieldNullability: false;
  Scalars: {
    DateTime: { Input: number; Output: number };
    JSON: { Input: unknown; Output: unknown };
    ID: { Input: string; Output: string };
  };
}>({
  plugins: [ComplexityPlugin],
  defaultFieldNullability: false,
  // The limits are held by a validation rule, so that they also hold for subscriptions.
  complexity: { disabled: true },
});

builder.scalarType("DateTime", {
  description: "An instant: RFC 3339 in UTC with milliseconds.",
  serialize: (ms) => new Date(ms).toISOString(),
});

builder.scalarType("JSON", {
  description: "Any JSON value.",
  serialize: (value) => value,
});

/** What the builder knows of context, scalars and defaults. */
export type Types = (typeof builder)["$inferSchemaTypes"];
