/**
 * Batches as a selection sees them. It is executed against the schema's own types, once for all operations that share it; what the
 * root field was asked with has already been decided, so the root that is executed on has no arguments.
 */
import { LruMap } from "./lru-map.ts";
import { executeSync, GraphQLObjectType, GraphQLSchema, parse, type DocumentNode, type ExecutionResult, type GraphQLFieldConfig } from "graphql";
import type { Selection } from "../subscription-protocol.ts";

/** A selection that was read: its text comes from {@link OperationPlanner} or from the shard's own rows. */
type Prepared = { readonly document: DocumentNode; readonly variableValues: { readonly [name: string]: unknown } };

/** Read selections that are kept: more than this many distinct ones on one shard are read anew. */
const PREPARED = 256;

/** Executes selections. */
export class SelectedEvents {
  readonly #schema: GraphQLSchema;
  readonly #onError: (errors: readonly Error[]) => void;
  /** Not persisted: selections by their key, read. */
  readonly #prepared = new LruMap<string, Prepared>(PREPARED);

  /** @param onError - told of what a resolver threw, which clients are not */
  constructor(schema: GraphQLSchema, onError: (errors: readonly Error[]) => void) {
    this.#schema = withoutArguments(schema);
    this.#onError = onError;
  }

  /** The result as JSON. */
  render(selection: Selection, events: readonly object[], lastSeq: number): string {
    const { document, variableValues } = this.#prepare(selection);
    const batch = { events, lastSeq };
    const rootValue = { sessionEvents: batch, beadUpdates: batch, artifactWrites: batch };
    return JSON.stringify(this.#masked(executeSync({ schema: this.#schema, document, rootValue, variableValues })));
  }

  #prepare({ key, text }: Selection): Prepared {
    const known = this.#prepared.get(key);
    if (known !== undefined) return known;
    const [query, variableValues] = JSON.parse(text) as [string, { readonly [name: string]: unknown }];
    const prepared = { document: parse(query, { noLocation: true }), variableValues };
    this.#prepared.set(key, prepared);
    return prepared;
  }

  #masked(result: ExecutionResult): object {
    if (result.errors === undefined) return { data: result.data };
    this.#onError(result.errors);
    return {
      data: result.data,
      errors: result.errors.map(({ path }) => ({ message: "The event could not be written.", path, extensions: { code: "INTERNAL" } })),
    };
  }
}

/** The same types behind a Subscription whose fields take nothing. */
function withoutArguments(schema: GraphQLSchema): GraphQLSchema {
  const root = schema.getSubscriptionType();
  const fields: { [name: string]: GraphQLFieldConfig<unknown, unknown> } = {};
  for (const { name, type } of Object.values(root?.getFields() ?? {})) fields[name] = { type };
  return new GraphQLSchema({
    query: schema.getQueryType(),
    subscription: new GraphQLObjectType({ name: root?.name ?? "Subscription", fields }),
    directives: schema.getDirectives(),
    assumeValid: true,
  });
}
