/** Executes GraphQL on the workspace, validated against Linear's published schema. */
import { readFileSync } from "node:fs";
import { GraphQLError, GraphQLScalarType, Kind, buildSchema, execute, getNamedType, parse, validate } from "graphql";
import type { DocumentNode, ExecutionResult, GraphQLFieldResolver, GraphQLSchema } from "graphql";
import { z } from "zod";
import { matches } from "./filters.ts";
import { LINEAR_SCHEMA } from "./generate-schema.ts";
import { LinearError } from "./linear-error.ts";
import type { Mutations } from "./mutations.ts";
import type { Entity, User, Workspace } from "./workspace.ts";

/** A request as a client sends it. */
export type GraphQLRequest = { readonly query: string; readonly variables?: { readonly [name: string]: unknown }; readonly operationName?: string };

/** The body of a request. */
export const graphqlRequest = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  operationName: z.string().nullish(),
});

type Arguments = { readonly [name: string]: unknown };
type Context = { readonly viewer: User };
type Root = { readonly [field: string]: (args: Arguments, context: Context) => unknown };

/** Rows of a page unless told otherwise, and at most. */
const PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 250;

/** Reads the schema; moments and days must be such. */
export function readLinearSchema(): GraphQLSchema {
  const schema = buildSchema(readFileSync(LINEAR_SCHEMA, "utf8"));
  for (const [name, isValid] of Object.entries(SCALARS)) {
    const scalar = schema.getType(name);
    if (!(scalar instanceof GraphQLScalarType)) throw new Error(`The schema has no scalar ${name}.`);
    scalar.parseValue = (value) => checked(name, value, isValid);
    scalar.parseLiteral = (node) => checked(name, node.kind === Kind.STRING ? node.value : undefined, isValid);
  }
  return schema;
}

const isMoment = (value: string): boolean => !Number.isNaN(Date.parse(value));
const isDuration = (value: string): boolean => /^-?P[0-9YMWDTHS.]+$/.test(value);
const SCALARS: { readonly [scalar: string]: (value: string) => boolean } = {
  DateTime: isMoment,
  DateTimeOrDuration: (value) => isMoment(value) || isDuration(value),
  TimelessDate: (value) => /^\d{4}-\d{2}-\d{2}$/.test(value) && isMoment(value),
};

function checked(name: string, value: unknown, isValid: (value: string) => boolean): string {
  if (typeof value !== "string" || !isValid(value)) throw new GraphQLError(`${name} cannot represent ${JSON.stringify(value)}.`);
  return value;
}

/** Names of the fields at the root of a request's operations; empty when it does not parse. */
export function rootFields(query: string): readonly string[] {
  const document = parsed(query);
  if (document === undefined) return [];
  return document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? definition.selectionSet.selections.flatMap((selection) => (selection.kind === Kind.FIELD ? [selection.name.value] : []))
      : [],
  );
}

function parsed(query: string): DocumentNode | undefined {
  try {
    return parse(query);
  } catch {
    // The request itself is answered with the parser's error.
    return undefined;
  }
}

/** What a request came to: `status` is the one Linear answers with. */
export type Executed = { readonly status: 200 | 400; readonly body: ExecutionResult };

/** Executes requests on one workspace. */
export class GraphQLApi {
  readonly #schema = readLinearSchema();
  readonly #root: Root;

  constructor(workspace: Workspace, mutations: Mutations) {
    this.#root = { ...queries(workspace, mutations), ...changes(workspace, mutations) };
  }

  /** Validates and executes; what the schema does not have changes nothing. */
  async execute({ query, variables, operationName }: GraphQLRequest, viewer: User): Promise<Executed> {
    let document: DocumentNode;
    try {
      document = parse(query);
    } catch (err) {
      return refused([err instanceof GraphQLError ? err : new GraphQLError(String(err))], "GRAPHQL_PARSE_FAILED");
    }
    const errors = validate(this.#schema, document);
    if (errors.length > 0) return refused(errors, "GRAPHQL_VALIDATION_FAILED");
    const result = await execute({
      schema: this.#schema,
      document,
      rootValue: this.#root,
      contextValue: { viewer } satisfies Context,
      ...(variables === undefined ? {} : { variableValues: variables }),
      ...(operationName === undefined ? {} : { operationName }),
      fieldResolver: readField,
    });
    // Variables that do not fit fail before anything runs, and then there is no data at all.
    if (result.data === undefined && result.errors !== undefined) return refused(result.errors, "INVALID_INPUT", "invalid input");
    return { status: 200, body: { ...result, ...(result.errors === undefined ? {} : { errors: result.errors.map(executed) }) } };
  }
}

function refused(errors: readonly GraphQLError[], code: string, type = "graphql error"): Executed {
  const told = errors.map((error) => withExtensions(error, { type, code, userError: true, userPresentableMessage: error.message }));
  return { status: 400, body: { errors: told } };
}

function executed(error: GraphQLError): GraphQLError {
  if (error.extensions["type"] !== undefined) return error;
  return withExtensions(error, { type: "internal error", code: "INTERNAL_SERVER_ERROR", userError: false });
}

function withExtensions({ message, nodes, path }: GraphQLError, extensions: { readonly [name: string]: unknown }): GraphQLError {
  return new GraphQLError(message, { nodes: nodes ?? null, path: path ?? null, extensions });
}

/** Properties as they are, and a page of those that the schema makes a connection. */
const readField: GraphQLFieldResolver<unknown, Context> = (source, args, context, info) => {
  const value = propertyOf(source, args, context, info.fieldName);
  if (getNamedType(info.returnType).name.endsWith("Connection")) return page(value, args);
  return value;
};

function propertyOf(source: unknown, args: Arguments, context: Context, name: string): unknown {
  if (typeof source !== "object" || source === null) return undefined;
  if (name === "isMe") return source === context.viewer;
  const value: unknown = Reflect.get(source, name);
  return typeof value === "function" ? value.call(source, args, context) : value;
}

/** A page of entities, newest first as Linear lists them. */
function page(value: unknown, args: Arguments): object {
  if (!Array.isArray(value)) throw new Error("Only a list has pages.");
  if (args["sort"] !== undefined) throw new LinearError("invalid input", "INVALID_INPUT", "The stand-in does not sort.");
  const key = args["orderBy"] === "updatedAt" ? "updatedAt" : "createdAt";
  // Entities of one millisecond keep the order they were made in.
  const entities = (value as readonly Entity[])
    .filter((entity) => args["includeArchived"] === true || entity.archivedAt === null)
    .filter((entity) => matches(entity, args["filter"]))
    .toReversed()
    .sort((a, b) => (a[key] === b[key] ? 0 : a[key] < b[key] ? 1 : -1));
  const backward = typeof args["last"] === "number";
  const size = Math.min(MAX_PAGE_SIZE, Number(args[backward ? "last" : "first"] ?? PAGE_SIZE));
  const low = indexAfter(entities, args["after"]);
  const high = typeof args["before"] === "string" ? entities.findIndex(({ id }) => id === args["before"]) : entities.length;
  const from = backward ? Math.max(low, high - size) : low;
  const to = Math.min(high, from + size);
  const nodes = entities.slice(from, to);
  return {
    nodes,
    edges: nodes.map((node) => ({ cursor: node.id, node })),
    pageInfo: { hasNextPage: to < entities.length, hasPreviousPage: from > 0, startCursor: nodes[0]?.id ?? null, endCursor: nodes.at(-1)?.id ?? null },
  };
}

function indexAfter(entities: readonly Entity[], cursor: unknown): number {
  if (typeof cursor !== "string") return 0;
  const index = entities.findIndex(({ id }) => id === cursor);
  if (index < 0) throw new LinearError("invalid input", "INVALID_INPUT", "The cursor names nothing that is listed.");
  return index + 1;
}

function queries(workspace: Workspace, mutations: Mutations): Root {
  const lists = {
    users: workspace.users,
    teams: workspace.teams,
    workflowStates: workspace.states,
    cycles: workspace.cycles,
    issueLabels: workspace.labels,
    issues: workspace.issues,
    comments: workspace.comments,
    projects: workspace.projects,
    projectMilestones: workspace.milestones,
    documents: workspace.documents,
    webhooks: workspace.webhooks,
  };
  const one =
    (entities: readonly Entity[], type: string) =>
    (args: Arguments): Entity => {
      const found = entities.find(({ id }) => id === args["id"]);
      if (found === undefined) throw new LinearError("invalid input", "INVALID_INPUT", `Entity not found: ${type} - Could not find referenced ${type}.`);
      return found;
    };
  return {
    viewer: (_args, { viewer }) => viewer,
    organization: () => workspace.organization,
    ...Object.fromEntries(Object.entries(lists).map(([name, entities]) => [name, () => entities])),
    user: one(workspace.users, "User"),
    team: one(workspace.teams, "Team"),
    workflowState: one(workspace.states, "WorkflowState"),
    cycle: one(workspace.cycles, "Cycle"),
    issueLabel: one(workspace.labels, "IssueLabel"),
    issue: ({ id }) => mutations.issue(String(id)),
    comment: one(workspace.comments, "Comment"),
    project: one(workspace.projects, "Project"),
    projectMilestone: one(workspace.milestones, "ProjectMilestone"),
    document: one(workspace.documents, "Document"),
    webhook: one(workspace.webhooks, "Webhook"),
  };
}

function changes(workspace: Workspace, mutations: Mutations): Root {
  const payload = (field: string, value: unknown): object => ({ lastSyncId: workspace.nextSync(), success: true, [field]: value });
  // The schema has validated the arguments: `input` is an object of the right shape.
  const input = (args: Arguments) => args["input"] as Arguments;
  const id = (args: Arguments): string => String(args["id"]);
  return {
    issueCreate: (args, { viewer }) => payload("issue", mutations.issueCreate(input(args), viewer)),
    issueUpdate: (args, { viewer }) => payload("issue", mutations.issueUpdate(id(args), input(args), viewer)),
    issueAddLabel: (args, { viewer }) => payload("issue", mutations.issueUpdate(id(args), { addedLabelIds: [args["labelId"]] }, viewer)),
    issueRemoveLabel: (args, { viewer }) => payload("issue", mutations.issueUpdate(id(args), { removedLabelIds: [args["labelId"]] }, viewer)),
    issueRelationCreate: (args) => payload("issueRelation", mutations.issueRelationCreate(input(args))),
    issueLabelCreate: (args) => payload("issueLabel", mutations.issueLabelCreate(input(args))),
    commentCreate: (args, { viewer }) => payload("comment", mutations.commentCreate(input(args), viewer)),
    commentUpdate: (args, { viewer }) => payload("comment", mutations.commentUpdate(id(args), input(args), viewer)),
    projectMilestoneCreate: (args) => payload("projectMilestone", mutations.projectMilestoneCreate(input(args))),
    projectMilestoneUpdate: (args) => payload("projectMilestone", mutations.projectMilestoneUpdate(id(args), input(args))),
    documentCreate: (args, { viewer }) => payload("document", mutations.documentCreate(input(args), viewer)),
    documentUpdate: (args, { viewer }) => payload("document", mutations.documentUpdate(id(args), input(args), viewer)),
    webhookCreate: (args, { viewer }) => payload("webhook", mutations.webhookCreate(input(args), viewer)),
    webhookUpdate: (args) => payload("webhook", mutations.webhookUpdate(id(args), input(args))),
    webhookDelete: (args) => payload("entityId", mutations.webhookDelete(id(args))),
  };
}
