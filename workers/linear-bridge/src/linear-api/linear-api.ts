/**
 * Linear's GraphQL API, as far as the factory uses it: a typed function a request, answers parsed, failures in the shapes that
 * a loop inspects. A creation carries an id of ours and answers the same whether it made the thing or found it made.
 *
 * @see https://linear.app/developers/graphql
 */
import { RetryableError, withDeadline } from "@factory/durable";
import type { StartTimeout } from "@factory/durable";
import { z } from "zod";
import * as documents from "./documents.ts";
import { errorOfAnswer, graphqlError, isNotFound, LinearConflict, LinearRefusal, RateLimited } from "./linear-errors.ts";
import type { Pace } from "./pace.ts";

/** What the client needs. */
export interface LinearApiDeps {
  /** The GraphQL endpoint. */
  readonly url: string;
  /** A personal API key; it stands in the header as it is, where an OAuth token would have `Bearer` before it. */
  readonly apiKey: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly startTimeout: StartTimeout;
  /** Absent: as fast as it goes. */
  readonly pace?: Pace;
}

/** Longest wait for one answer, in milliseconds: shorter than a delivery of the outbox. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** Longest part of an answer that is read where it is no JSON, in characters. */
const MAX_ERROR_CHARS = 200;
/** Most pages that are read of one list: no team has more labels or states. */
const MAX_PAGES = 20;

const entity = z.object({ id: z.string() });
const issue = z.object({ id: z.string(), identifier: z.string(), url: z.string() });
const page = <Node extends z.ZodType>(node: Node) =>
  z.object({ nodes: z.array(node), pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }) });
const workflowState = z.object({ id: z.string(), name: z.string(), type: z.string(), position: z.number() });
const cycle = z.object({ id: z.string(), name: z.string().nullish(), number: z.number(), startsAt: z.iso.datetime(), endsAt: z.iso.datetime() });
const label = z.object({ id: z.string(), name: z.string(), team: entity.nullish() });
const webhook = z.object({ id: z.string(), url: z.string().nullish(), enabled: z.boolean(), resourceTypes: z.array(z.string()), team: entity.nullish() });
const answer = z.object({ data: z.unknown().optional(), errors: z.array(graphqlError).optional() });

/** An issue as Linear names it. */
export type LinearIssue = z.infer<typeof issue>;
/** A state of a team's workflow; `type` is `triage`, `backlog`, `unstarted`, `started`, `completed`, `canceled` or `duplicate`. */
export type WorkflowState = z.infer<typeof workflowState>;
/** A cycle of a team; both ends are instants in UTC. */
export type LinearCycle = z.infer<typeof cycle>;
export type LinearWebhook = z.infer<typeof webhook>;

/** A new issue. Ids are Linear's. */
export interface NewIssue {
  readonly id: string;
  readonly teamId: string;
  readonly title: string;
  readonly description: string;
  readonly labelIds: readonly string[];
  readonly stateId?: string;
  readonly parentId?: string;
  readonly projectId?: string;
  readonly projectMilestoneId?: string;
  /** 0 none, 1 urgent, 2 high, 3 normal, 4 low. */
  readonly priority?: number;
}

/** What is sent to Linear and asked of it. */
export class LinearApi {
  readonly #deps: LinearApiDeps;

  constructor(deps: LinearApiDeps) {
    this.#deps = deps;
  }

  /** Whose key it is. */
  async viewer(): Promise<{ readonly id: string; readonly name: string }> {
    return (await this.#ask("viewer", documents.VIEWER, {}, z.object({ viewer: z.object({ id: z.string(), name: z.string() }) }))).viewer;
  }

  /** Whether somebody is the key's own user, or an application; null for who is not a user. */
  async user(id: string): Promise<{ readonly isMe: boolean; readonly app: boolean } | null> {
    const schema = z.object({ user: z.object({ id: z.string(), isMe: z.boolean(), app: z.boolean() }) });
    try {
      return (await this.#ask("user", documents.USER, { id }, schema)).user;
    } catch (err) {
      if (err instanceof LinearRefusal && isNotFound(err)) return null;
      throw err;
    }
  }

  /** The states of a team's workflow. */
  states(teamId: string): Promise<WorkflowState[]> {
    const schema = z.object({ team: z.object({ states: page(workflowState) }) });
    return this.#all(async (after) => (await this.#ask("team.states", documents.TEAM_STATES, { teamId, after }, schema)).team.states);
  }

  /** The cycle that a team is in; null when it is in none. */
  async activeCycle(teamId: string): Promise<LinearCycle | null> {
    const schema = z.object({ team: z.object({ activeCycle: cycle.nullish() }) });
    return (await this.#ask("team.activeCycle", documents.TEAM_CYCLE, { teamId }, schema)).team.activeCycle ?? null;
  }

  /** Labels of these names that an issue of the team may have: the team's own and the workspace's. */
  async labels(teamId: string, names: readonly string[]): Promise<{ readonly id: string; readonly name: string }[]> {
    const schema = z.object({ issueLabels: page(label) });
    const filter = { name: { in: names } };
    const found = await this.#all(async (after) => (await this.#ask("issueLabels", documents.ISSUE_LABELS, { filter, after }, schema)).issueLabels);
    return found.filter(({ team }) => (team ?? null) === null || team?.id === teamId);
  }

  /** @throws LinearConflict when a label of that name is there. */
  async createLabel(input: {
    readonly id: string;
    readonly name: string;
    readonly color: string;
    readonly description: string;
    readonly teamId: string;
  }): Promise<string> {
    const schema = z.object({ issueLabelCreate: z.object({ success: z.literal(true), issueLabel: entity }) });
    return (await this.#ask("issueLabelCreate", documents.ISSUE_LABEL_CREATE, { input }, schema)).issueLabelCreate.issueLabel.id;
  }

  async issue(id: string): Promise<LinearIssue> {
    return (await this.#ask("issue", documents.ISSUE, { id }, z.object({ issue }))).issue;
  }

  /** Makes an issue, or finds it made. */
  async createIssue(input: NewIssue): Promise<LinearIssue> {
    const schema = z.object({ issueCreate: z.object({ success: z.literal(true), issue }) });
    try {
      return (await this.#ask("issueCreate", documents.ISSUE_CREATE, { input }, schema)).issueCreate.issue;
    } catch (err) {
      if (err instanceof LinearConflict) return this.issue(input.id);
      throw err;
    }
  }

  /** Moves an issue, and adds labels to those it has. */
  async updateIssue(id: string, input: { readonly stateId?: string; readonly addedLabelIds?: readonly string[] }): Promise<void> {
    await this.#ask("issueUpdate", documents.ISSUE_UPDATE, { id, input }, z.object({ issueUpdate: z.object({ success: z.literal(true) }) }));
  }

  /** Says that `issueId` blocks `relatedIssueId`. */
  async createBlocks(id: string, issueId: string, relatedIssueId: string): Promise<void> {
    const schema = z.object({ issueRelationCreate: z.object({ success: z.literal(true) }) });
    const input = { id, issueId, relatedIssueId, type: "blocks" };
    await this.#made(() => this.#ask("issueRelationCreate", documents.ISSUE_RELATION_CREATE, { input }, schema));
  }

  async createComment(input: { readonly id: string; readonly issueId: string; readonly body: string }): Promise<void> {
    const schema = z.object({ commentCreate: z.object({ success: z.literal(true) }) });
    await this.#made(() => this.#ask("commentCreate", documents.COMMENT_CREATE, { input }, schema));
  }

  async createMilestone(input: { readonly id: string; readonly projectId: string; readonly name: string; readonly description: string }): Promise<void> {
    const schema = z.object({ projectMilestoneCreate: z.object({ success: z.literal(true) }) });
    await this.#made(() => this.#ask("projectMilestoneCreate", documents.MILESTONE_CREATE, { input }, schema));
  }

  /** @throws LinearConflict when it is there; its content is what it was. */
  async createDocument(input: {
    readonly id: string;
    readonly title: string;
    readonly content: string;
    readonly projectId?: string;
    readonly issueId?: string;
  }): Promise<void> {
    const schema = z.object({ documentCreate: z.object({ success: z.literal(true) }) });
    await this.#ask("documentCreate", documents.DOCUMENT_CREATE, { input }, schema);
  }

  async updateDocument(id: string, input: { readonly content: string }): Promise<void> {
    const schema = z.object({ documentUpdate: z.object({ success: z.literal(true) }) });
    await this.#ask("documentUpdate", documents.DOCUMENT_UPDATE, { id, input }, schema);
  }

  /** The workspace's webhooks, as far as the key may see them. */
  webhooks(): Promise<LinearWebhook[]> {
    const schema = z.object({ webhooks: page(webhook) });
    return this.#all(async (after) => (await this.#ask("webhooks", documents.WEBHOOKS, { after }, schema)).webhooks);
  }

  async createWebhook(input: {
    readonly url: string;
    readonly teamId: string;
    readonly resourceTypes: readonly string[];
    readonly label: string;
    readonly secret: string;
    readonly enabled: true;
  }): Promise<string> {
    const schema = z.object({ webhookCreate: z.object({ success: z.literal(true), webhook: entity }) });
    return (await this.#ask("webhookCreate", documents.WEBHOOK_CREATE, { input }, schema)).webhookCreate.webhook.id;
  }

  /** What is there already is as good as made. */
  async #made(create: () => Promise<unknown>): Promise<void> {
    try {
      await create();
    } catch (err) {
      if (!(err instanceof LinearConflict)) throw err;
    }
  }

  async #all<Node>(
    read: (after: string | null) => Promise<{ nodes: Node[]; pageInfo: { hasNextPage: boolean; endCursor?: string | null | undefined } }>,
  ): Promise<Node[]> {
    const nodes: Node[] = [];
    let after: string | null = null;
    for (let count = 0; count < MAX_PAGES; count += 1) {
      const { nodes: more, pageInfo } = await read(after);
      nodes.push(...more);
      if (!pageInfo.hasNextPage || (pageInfo.endCursor ?? null) === null) return nodes;
      after = pageInfo.endCursor ?? null;
    }
    throw new RetryableError(`Linear's list goes on after ${MAX_PAGES} pages.`);
  }

  /** @throws RetryableError, LinearConflict, LinearRefusal */
  async #ask<Answer>(operation: string, query: string, variables: Readonly<Record<string, unknown>>, schema: z.ZodType<Answer>): Promise<Answer> {
    const { url, apiKey, fetch, now, startTimeout, pace } = this.#deps;
    pace?.turn();
    const { response, text } = await withDeadline(
      `Linear's answer to ${operation}`,
      REQUEST_TIMEOUT_MS,
      async (signal) => {
        const answered = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: apiKey },
          body: JSON.stringify({ query, variables }),
          signal,
          // A redirect would carry the key elsewhere.
          redirect: "manual",
        });
        return { response: answered, text: await answered.text() };
      },
      startTimeout,
    );
    const parsed = answer.safeParse(jsonOf(text));
    const errors = parsed.success ? (parsed.data.errors ?? []) : [];
    if (!response.ok || errors.length > 0) {
      const err = errorOfAnswer(operation, response.status, response.headers, errors, now());
      if (err instanceof RateLimited) pace?.hold(err.waitMs);
      throw err;
    }
    const data = schema.safeParse(parsed.success ? parsed.data.data : undefined);
    // What cannot be read may have taken effect; ids of ours make it safe to ask again.
    if (!data.success) throw new RetryableError(`${operation}: Linear's answer does not fit: ${text.slice(0, MAX_ERROR_CHARS)}`);
    return data.data;
  }
}

/** JSON or undefined: an answer that is none says so by its status. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
