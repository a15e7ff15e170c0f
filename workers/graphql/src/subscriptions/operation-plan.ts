/**
 * A subscription's document, read once: which log it follows from which seq, and what it selects of each event.
 *
 * The selection is the document without the arguments of its root field, with the variables it still uses. So two clients that ask for
 * the same fields of one log have one selection, wherever their cursors stand and however they wrote them down.
 */
import { sha256Hex } from "@factory/schemas";
import {
  getArgumentValues,
  getDirectiveValues,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  OperationTypeNode,
  parse,
  print,
  separateOperations,
  specifiedRules,
  stripIgnoredCharacters,
  validate,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { OPERATION_LIMITS, overOperationLimit, tooLarge } from "./operation-limits.ts";
import type { Selection } from "../subscription-protocol.ts";

type Values = { readonly [name: string]: unknown };

/** What a client asks to be executed, as both protocols carry it. */
export type OperationRequest = { readonly query: string; readonly operationName?: string | null; readonly variables?: Values | null };

/** A subscription that may be started: its root field with coerced arguments, and what it selects. */
export type OperationPlan =
  | { readonly ok: true; readonly field: string; readonly args: Values; readonly selection: Selection }
  | { readonly ok: false; readonly errors: readonly GraphQLError[] };

/** Validation stops after so many errors. */
const MAX_ERRORS = 10;

/** Reads operations against one schema. */
export class OperationPlanner {
  readonly #schema: GraphQLSchema;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** Never throws for what a client wrote; every error says what is wrong with it. */
  plan(request: OperationRequest): OperationPlan {
    try {
      return this.#plan(request);
    } catch (err) {
      if (err instanceof GraphQLError) return { ok: false, errors: [err] };
      throw err;
    }
  }

  #plan({ query, operationName, variables }: OperationRequest): OperationPlan {
    const given = variables ?? {};
    if (query.length > OPERATION_LIMITS.documentChars) throw tooLarge(`A document has at most ${OPERATION_LIMITS.documentChars} characters.`);
    if (JSON.stringify(given).length > OPERATION_LIMITS.variablesChars) {
      throw tooLarge(`Variables have at most ${OPERATION_LIMITS.variablesChars} characters as JSON.`);
    }
    const document = parse(query, { maxTokens: OPERATION_LIMITS.tokens });
    const faults = validate(this.#schema, document, specifiedRules, { maxErrors: MAX_ERRORS });
    if (faults.length > 0) return { ok: false, errors: faults };
    const operation = operationOf(document, operationName);
    const fragments = fragmentsOf(document);
    const over = overOperationLimit(operation.selectionSet, fragments);
    if (over !== null) throw over;
    const coerced = getVariableValues(this.#schema, operation.variableDefinitions ?? [], given, { maxErrors: MAX_ERRORS });
    if (coerced.errors !== undefined) return { ok: false, errors: coerced.errors };
    const field = rootField(operation.selectionSet, fragments, coerced.coerced);
    const definition = field === undefined ? undefined : this.#schema.getSubscriptionType()?.getFields()[field.name.value];
    if (field === undefined || definition === undefined) throw new GraphQLError("The operation selects no field of Subscription.");
    const args = getArgumentValues(definition, field, coerced.coerced);
    return { ok: true, field: field.name.value, args, selection: this.#selection(document, operation, given) };
  }

  #selection(document: DocumentNode, operation: OperationDefinitionNode, given: Values): Selection {
    const own = separateOperations(document)[operation.name?.value ?? ""] ?? document;
    const root = this.#schema.getSubscriptionType()?.name;
    // Only the root type's fields lose their arguments: the operation's own, and those of fragments on it.
    const bare = visit(own, {
      OperationDefinition: (node) => ({ ...node, name: undefined, selectionSet: withoutArguments(node.selectionSet) }),
      FragmentDefinition: (node) => (node.typeCondition.name.value === root ? { ...node, selectionSet: withoutArguments(node.selectionSet) } : undefined),
    });
    const used = variablesOf(bare);
    const pruned = visit(bare, { VariableDefinition: (node) => (used.has(node.variable.name.value) ? undefined : null) });
    const values = Object.fromEntries([...used].sort().flatMap((name) => (Object.hasOwn(given, name) ? [[name, given[name]]] : [])));
    const text = JSON.stringify([stripIgnoredCharacters(print(pruned)), values]);
    return { key: sha256Hex(text).slice(0, KEY_CHARS), text };
  }
}

/** Of a digest in hexadecimal: 128 bits. */
const KEY_CHARS = 32;

function operationOf(document: DocumentNode, name: string | null | undefined): OperationDefinitionNode {
  const operation = getOperationAST(document, name);
  if (!operation) {
    throw new GraphQLError(name ? `The document has no operation ${JSON.stringify(name)}.` : "The document has not exactly one operation; say operationName.");
  }
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION) throw new GraphQLError("This transport takes subscriptions. POST other operations to /graphql.");
  return operation;
}

function fragmentsOf({ definitions }: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  return new Map(definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [])));
}

/** The one field that is not skipped; a valid subscription has no second. */
function rootField(set: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>, variables: Values): FieldNode | undefined {
  for (const node of set.selections) {
    if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.["if"] === true) continue;
    if (getDirectiveValues(GraphQLIncludeDirective, node, variables)?.["if"] === false) continue;
    if (node.kind === Kind.FIELD) return node;
    const inner = node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet : fragments.get(node.name.value)?.selectionSet;
    const field = inner === undefined ? undefined : rootField(inner, fragments, variables);
    if (field !== undefined) return field;
  }
  return undefined;
}

/** A selection set of the root type: an inline fragment in it can be on nothing else. */
function withoutArguments(set: SelectionSetNode): SelectionSetNode {
  return {
    ...set,
    selections: set.selections.map((node) => {
      if (node.kind === Kind.FIELD) return { ...node, arguments: [] };
      return node.kind === Kind.INLINE_FRAGMENT ? { ...node, selectionSet: withoutArguments(node.selectionSet) } : node;
    }),
  };
}

/** Names of the variables that are used, apart from where they are declared. */
function variablesOf(document: DocumentNode): ReadonlySet<string> {
  const names = new Set<string>();
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => void names.add(name.value),
  });
  return names;
}
