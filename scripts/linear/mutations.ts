/** What the stand-in's mutations do to the workspace, and what they refuse. */
import { randomBytes } from "node:crypto";
import { LinearError } from "./linear-error.ts";
import type {
  ActorBot,
  Comment,
  Document,
  Entity,
  Issue,
  IssueLabel,
  IssueRelation,
  ProjectMilestone,
  User,
  Webhook,
  WorkflowState,
  Workspace,
} from "./workspace.ts";

/** A change that webhooks are told of; `updatedFrom` holds what an update replaced. */
export type Change = {
  readonly type: "Comment" | "Issue";
  readonly action: "create" | "update";
  readonly actor: User;
  readonly entity: Comment | Issue;
  readonly updatedFrom?: { readonly [field: string]: unknown };
};

/** Input objects as the schema has validated them. */
type Input = { readonly [field: string]: unknown };

/** Longest title that is taken, in characters. Linear's own bound is not published; this one is not above it. */
export const MAX_TITLE_CHARS = 255;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

const invalid = (message: string): LinearError => new LinearError("invalid input", "INVALID_INPUT", message);
const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** The mutations of one workspace; `changed` is told of each change that a webhook may be about. */
export class Mutations {
  readonly #workspace: Workspace;
  readonly #changed: (change: Change) => void;

  constructor(workspace: Workspace, changed: (change: Change) => void) {
    this.#workspace = workspace;
    this.#changed = changed;
  }

  /** An issue by its id or its identifier. @throws LinearError when there is none */
  issue(id: string): Issue {
    const found = this.#workspace.issues.find((issue) => issue.id === id || issue.identifier === id);
    if (found === undefined) throw invalid("Entity not found: Issue - Could not find referenced Issue.");
    return found;
  }

  issueCreate(input: Input, actor: User): Issue {
    const { issues } = this.#workspace;
    const team = find(this.#workspace.teams, input["teamId"], "Team");
    const state = team.states.find(({ type }) => type === "backlog");
    if (state === undefined) throw invalid("The team has no backlog state.");
    const number = issues.length + 1;
    const identifier = `${team.key}-${number}`;
    const issue: Issue = {
      ...this.#entity(issues, input, "Issue"),
      identifier,
      number,
      title: title(input["title"]),
      description: null,
      priority: 0,
      get priorityLabel() {
        return ["No priority", "Urgent", "High", "Medium", "Low"][this.priority] ?? "No priority";
      },
      branchName: `${actor.displayName}/${identifier.toLowerCase()}`,
      url: this.#workspace.url("issue", identifier),
      state,
      team,
      assignee: null,
      creator: actor,
      botActor: botActorOf(actor),
      labels: [],
      get labelIds() {
        return this.labels.map(({ id }) => id);
      },
      parent: null,
      children: [],
      project: null,
      projectMilestone: null,
      cycle: null,
      comments: [],
      relations: [],
      inverseRelations: [],
      startedAt: null,
      completedAt: null,
      canceledAt: null,
      dueDate: null,
      trashed: null,
    };
    this.#apply(issue, input);
    issues.push(issue);
    this.#changed({ type: "Issue", action: "create", actor, entity: issue });
    return issue;
  }

  issueUpdate(id: string, input: Input, actor: User): Issue {
    const issue = this.issue(id);
    const before = { title: issue.title, description: issue.description, stateId: issue.state.id, labelIds: issue.labelIds, updatedAt: issue.updatedAt };
    this.#apply(issue, input);
    issue.updatedAt = this.#workspace.timestamp();
    this.#changed({ type: "Issue", action: "update", actor, entity: issue, updatedFrom: before });
    return issue;
  }

  issueRelationCreate(input: Input): IssueRelation {
    const issue = this.issue(String(input["issueId"]));
    const relatedIssue = this.issue(String(input["relatedIssueId"]));
    if (issue === relatedIssue) throw invalid("An issue cannot be related to itself.");
    const type = String(input["type"]);
    // An id that is taken says more than a pair that is: who repeats a request learns that it was done.
    const entity = this.#entity(this.#workspace.relations, input, "IssueRelation");
    const twin = issue.relations.find((each) => each.relatedIssue === relatedIssue && each.type === type);
    if (twin !== undefined) throw invalid("The issues are already related so.");
    const relation: IssueRelation = { ...entity, type, issue, relatedIssue };
    this.#workspace.relations.push(relation);
    issue.relations.push(relation);
    relatedIssue.inverseRelations.push(relation);
    return relation;
  }

  issueLabelCreate(input: Input): IssueLabel {
    const { labels, teams } = this.#workspace;
    const name = String(input["name"]);
    const team = optional(teams, input["teamId"], "Team");
    // A name is taken once in a team, and what the whole workspace has no team may take.
    if (labels.some((label) => label.name.toLowerCase() === name.toLowerCase() && (label.team === null || team === null || label.team === team)))
      throw invalid(`A label named ${name} exists already.`);
    const label: IssueLabel = {
      ...this.#entity(labels, input, "IssueLabel"),
      name,
      color: text(input["color"]) ?? "#bec2c8",
      description: text(input["description"]),
      isGroup: input["isGroup"] === true,
      parent: optional(labels, input["parentId"], "IssueLabel"),
      team,
    };
    labels.push(label);
    return label;
  }

  commentCreate(input: Input, actor: User): Comment {
    const { comments } = this.#workspace;
    if (typeof input["issueId"] !== "string") throw invalid("The stand-in takes comments on issues only: issueId is missing.");
    const issue = this.issue(input["issueId"]);
    const body = text(input["body"]) ?? "";
    if (body.trim() === "") throw invalid("A comment needs a body.");
    const parent = optional(comments, input["parentId"], "Comment");
    const entity = this.#entity(comments, input, "Comment");
    const comment: Comment = {
      ...entity,
      body,
      editedAt: null,
      resolvedAt: null,
      issue,
      issueId: issue.id,
      user: actor,
      botActor: botActorOf(actor),
      parent,
      parentId: parent?.id ?? null,
      children: [],
      url: `${issue.url}#comment-${entity.id.slice(0, 8)}`,
    };
    comments.push(comment);
    issue.comments.push(comment);
    parent?.children.push(comment);
    this.#changed({ type: "Comment", action: "create", actor, entity: comment });
    return comment;
  }

  commentUpdate(id: string, input: Input, actor: User): Comment {
    const comment = find(this.#workspace.comments, id, "Comment");
    if (comment.user !== actor) throw new LinearError("forbidden", "FORBIDDEN", "Only the author of a comment can change it.");
    const before = { body: comment.body, editedAt: comment.editedAt, updatedAt: comment.updatedAt };
    comment.body = text(input["body"]) ?? comment.body;
    comment.editedAt = comment.updatedAt = this.#workspace.timestamp();
    this.#changed({ type: "Comment", action: "update", actor, entity: comment, updatedFrom: before });
    return comment;
  }

  projectMilestoneCreate(input: Input): ProjectMilestone {
    const project = find(this.#workspace.projects, input["projectId"], "Project");
    const milestone: ProjectMilestone = {
      ...this.#entity(this.#workspace.milestones, input, "ProjectMilestone"),
      name: String(input["name"]),
      description: text(input["description"]),
      targetDate: text(input["targetDate"]),
      sortOrder: typeof input["sortOrder"] === "number" ? input["sortOrder"] : 0,
      project,
      issues: [],
    };
    this.#workspace.milestones.push(milestone);
    return milestone;
  }

  projectMilestoneUpdate(id: string, input: Input): ProjectMilestone {
    const milestone = find(this.#workspace.milestones, id, "ProjectMilestone");
    milestone.name = text(input["name"]) ?? milestone.name;
    if ("description" in input) milestone.description = text(input["description"]);
    if ("targetDate" in input) milestone.targetDate = text(input["targetDate"]);
    milestone.updatedAt = this.#workspace.timestamp();
    return milestone;
  }

  documentCreate(input: Input, actor: User): Document {
    const { documents, projects, teams } = this.#workspace;
    const entity = this.#entity(documents, input, "Document");
    const project = optional(projects, input["projectId"], "Project");
    const document: Document = {
      ...entity,
      title: title(input["title"]),
      content: text(input["content"]),
      slugId: entity.id.slice(0, 12),
      url: this.#workspace.url("document", entity.id.slice(0, 12)),
      icon: text(input["icon"]),
      color: text(input["color"]),
      project,
      issue: typeof input["issueId"] === "string" ? this.issue(input["issueId"]) : null,
      team: optional(teams, input["teamId"], "Team"),
      creator: actor,
      updatedBy: actor,
    };
    if (document.project === null && document.issue === null && document.team === null) throw invalid("A document needs a project, a team or an issue.");
    documents.push(document);
    project?.documents.push(document);
    return document;
  }

  documentUpdate(id: string, input: Input, actor: User): Document {
    const document = find(this.#workspace.documents, id, "Document");
    if (input["title"] !== undefined) document.title = title(input["title"]);
    if ("content" in input) document.content = text(input["content"]);
    document.updatedAt = this.#workspace.timestamp();
    document.updatedBy = actor;
    return document;
  }

  webhookCreate(input: Input, actor: User): Webhook {
    const resourceTypes = texts(input["resourceTypes"]);
    if (resourceTypes.length === 0) throw invalid("A webhook needs at least one resource type.");
    if ((input["teamId"] === undefined || input["teamId"] === null) && input["allPublicTeams"] !== true)
      throw invalid("A webhook needs a team, or all public teams.");
    if (!URL.canParse(String(input["url"]))) throw invalid("The url of a webhook must be a URL.");
    const webhook: Webhook = {
      ...this.#entity(this.#workspace.webhooks, input, "Webhook"),
      label: text(input["label"]),
      url: String(input["url"]),
      enabled: input["enabled"] !== false,
      allPublicTeams: input["allPublicTeams"] === true,
      resourceTypes,
      secret: text(input["secret"]) ?? `lin_wh_${randomBytes(24).toString("base64url")}`,
      team: optional(this.#workspace.teams, input["teamId"], "Team"),
      creator: actor,
    };
    this.#workspace.webhooks.push(webhook);
    return webhook;
  }

  webhookUpdate(id: string, input: Input): Webhook {
    const webhook = find(this.#workspace.webhooks, id, "Webhook");
    if (typeof input["enabled"] === "boolean") webhook.enabled = input["enabled"];
    webhook.label = text(input["label"]) ?? webhook.label;
    webhook.url = text(input["url"]) ?? webhook.url;
    webhook.secret = text(input["secret"]) ?? webhook.secret;
    if (Array.isArray(input["resourceTypes"])) webhook.resourceTypes = texts(input["resourceTypes"]);
    return webhook;
  }

  webhookDelete(id: string): string {
    const { webhooks } = this.#workspace;
    webhooks.splice(webhooks.indexOf(find(webhooks, id, "Webhook")), 1);
    return id;
  }

  /** Fields of an entity that is made now; an id that the client chose must be free. */
  #entity(existing: readonly Entity[], input: Input, type: string): Entity {
    const id = text(input["id"]);
    if (id !== null && !UUID.test(id)) throw invalid(`id must be a UUID, not ${JSON.stringify(id)}.`);
    if (existing.some((each) => each.id === id)) throw invalid(`Conflict on insert of ${type}: ${id} exists already.`);
    return this.#workspace.entity(id);
  }

  #apply(issue: Issue, input: Input): void {
    const { labels, users, projects, milestones, cycles } = this.#workspace;
    // Everything that can be refused is looked up before anything changes.
    const replaced = Array.isArray(input["labelIds"]) ? texts(input["labelIds"]) : issue.labelIds;
    const removed = new Set(texts(input["removedLabelIds"]));
    const labelIds = [...new Set([...replaced, ...texts(input["addedLabelIds"])])].filter((id) => !removed.has(id));
    const nextLabels = labelIds.map((id) => find(labels, id, "IssueLabel"));
    const state = typeof input["stateId"] === "string" ? find(issue.team.states, input["stateId"], "WorkflowState") : undefined;
    const parent = typeof input["parentId"] === "string" ? this.issue(input["parentId"]) : undefined;
    const project = optional(projects, input["projectId"], "Project");
    const milestone = optional(milestones, input["projectMilestoneId"], "ProjectMilestone");
    const assignee = optional(users, input["assigneeId"], "User");
    const cycle = optional(cycles, input["cycleId"], "Cycle");
    if (milestone !== null && milestone.project !== (project ?? issue.project)) throw invalid("The milestone is of another project.");
    if (input["title"] !== undefined && input["title"] !== null) issue.title = title(input["title"]);
    if (input["description"] !== undefined) issue.description = text(input["description"]);
    if (typeof input["priority"] === "number") issue.priority = input["priority"];
    if (input["dueDate"] !== undefined) issue.dueDate = text(input["dueDate"]);
    if (input["assigneeId"] !== undefined) issue.assignee = assignee;
    if (input["cycleId"] !== undefined) issue.cycle = cycle;
    if (parent !== undefined) move(issue, issue.parent?.children, (issue.parent = parent).children);
    if (input["projectId"] !== undefined) move(issue, issue.project?.issues, (issue.project = project)?.issues);
    if (input["projectMilestoneId"] !== undefined) move(issue, issue.projectMilestone?.issues, (issue.projectMilestone = milestone)?.issues);
    if (input["trashed"] === true) issue.archivedAt = this.#workspace.timestamp();
    issue.labels = nextLabels;
    if (state !== undefined) this.#enter(issue, state);
  }

  #enter(issue: Issue, state: WorkflowState): void {
    const at = this.#workspace.timestamp();
    issue.state = state;
    if (state.type === "started") issue.startedAt ??= at;
    issue.completedAt = state.type === "completed" ? (issue.completedAt ?? at) : null;
    issue.canceledAt = state.type === "canceled" ? (issue.canceledAt ?? at) : null;
  }
}

/** An application's changes carry who acted. */
function botActorOf(actor: User): ActorBot | null {
  return actor.app ? { id: actor.id, type: "app", subType: null, name: actor.name, userDisplayName: null } : null;
}

function find<T extends Entity>(entities: readonly T[], id: unknown, type: string): T {
  const found = entities.find((each) => each.id === id);
  if (found === undefined) throw invalid(`Entity not found: ${type} - Could not find referenced ${type}.`);
  return found;
}

function optional<T extends Entity>(entities: readonly T[], id: unknown, type: string): T | null {
  return id === undefined || id === null ? null : find(entities, id, type);
}

function title(value: unknown): string {
  const text = typeof value === "string" ? value : "";
  if (text.trim() === "") throw invalid("title should not be empty.");
  if ([...text].length > MAX_TITLE_CHARS) throw invalid(`title must be shorter than or equal to ${MAX_TITLE_CHARS} characters.`);
  return text;
}

function move<T>(entity: T, from: T[] | undefined, to: T[] | undefined): void {
  if (from?.includes(entity) === true) from.splice(from.indexOf(entity), 1);
  to?.push(entity);
}
