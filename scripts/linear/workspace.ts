/** What is in the stand-in's workspace: plain objects that point at one another, as the fields of Linear's schema read them. */
import { randomUUID } from "node:crypto";

export type Entity = { readonly id: string; createdAt: string; updatedAt: string; archivedAt: string | null };

export type Organization = Entity & { readonly name: string; readonly urlKey: string };
export type User = Entity & {
  readonly name: string;
  readonly displayName: string;
  readonly email: string;
  readonly active: boolean;
  readonly admin: boolean;
  /** True for an application that acts as itself. */
  readonly app: boolean;
  readonly url: string;
  readonly description: null;
  readonly organization: Organization;
};
export type Team = Entity & {
  readonly name: string;
  readonly displayName: string;
  readonly key: string;
  cyclesEnabled: boolean;
  activeCycle: Cycle | null;
  readonly cycles: Cycle[];
  readonly states: WorkflowState[];
  readonly labels: IssueLabel[];
  readonly issues: Issue[];
  readonly projects: Project[];
  readonly organization: Organization;
};
/** The state types Linear has. */
export type StateType = "triage" | "backlog" | "unstarted" | "started" | "completed" | "canceled";
export type WorkflowState = Entity & {
  readonly name: string;
  readonly type: StateType;
  readonly color: string;
  readonly position: number;
  readonly description: null;
  readonly team: Team;
};
export type Cycle = Entity & {
  readonly number: number;
  readonly name: string | null;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly completedAt: null;
  readonly isActive: boolean;
  readonly isPast: boolean;
  readonly isFuture: boolean;
  readonly isNext: boolean;
  readonly isPrevious: boolean;
  readonly team: Team;
};
export type IssueLabel = Entity & {
  name: string;
  color: string;
  description: string | null;
  readonly isGroup: boolean;
  readonly parent: IssueLabel | null;
  readonly team: Team | null;
};
export type Issue = Entity & {
  readonly identifier: string;
  readonly number: number;
  title: string;
  description: string | null;
  priority: number;
  readonly priorityLabel: string;
  readonly branchName: string;
  readonly url: string;
  state: WorkflowState;
  readonly team: Team;
  assignee: User | null;
  readonly creator: User;
  readonly botActor: ActorBot | null;
  labels: IssueLabel[];
  readonly labelIds: readonly string[];
  parent: Issue | null;
  readonly children: Issue[];
  project: Project | null;
  projectMilestone: ProjectMilestone | null;
  cycle: Cycle | null;
  readonly comments: Comment[];
  readonly relations: IssueRelation[];
  readonly inverseRelations: IssueRelation[];
  startedAt: string | null;
  completedAt: string | null;
  canceledAt: string | null;
  dueDate: string | null;
  trashed: boolean | null;
};
export type ActorBot = { readonly id: string; readonly type: string; readonly subType: null; readonly name: string; readonly userDisplayName: null };
export type IssueRelation = Entity & { readonly type: string; readonly issue: Issue; readonly relatedIssue: Issue };
export type Comment = Entity & {
  body: string;
  editedAt: string | null;
  readonly resolvedAt: null;
  readonly issue: Issue;
  readonly issueId: string;
  readonly user: User;
  readonly botActor: ActorBot | null;
  readonly parent: Comment | null;
  readonly parentId: string | null;
  readonly children: Comment[];
  readonly url: string;
};
export type Project = Entity & {
  readonly name: string;
  readonly description: string;
  readonly slugId: string;
  readonly url: string;
  readonly color: string;
  readonly projectMilestones: ProjectMilestone[];
  readonly issues: Issue[];
  readonly documents: Document[];
};
export type ProjectMilestone = Entity & {
  name: string;
  description: string | null;
  targetDate: string | null;
  sortOrder: number;
  readonly project: Project;
  readonly issues: Issue[];
};
export type Document = Entity & {
  title: string;
  content: string | null;
  readonly slugId: string;
  readonly url: string;
  icon: string | null;
  color: string | null;
  readonly project: Project | null;
  readonly issue: Issue | null;
  readonly team: Team | null;
  readonly creator: User;
  updatedBy: User;
};
export type Webhook = Entity & {
  label: string | null;
  url: string;
  enabled: boolean;
  readonly allPublicTeams: boolean;
  resourceTypes: readonly string[];
  secret: string;
  readonly team: Team | null;
  readonly creator: User;
};

/** Ids of what every workspace starts with: tests and registries name people by them. */
export const SEED = {
  organization: "0f9a0000-0000-4000-8000-000000000001",
  team: "7ea30000-0000-4000-8000-000000000001",
  project: "9a0e0000-0000-4000-8000-000000000001",
  cycle: "c7c10000-0000-4000-8000-000000000001",
  /** May decide. */
  ada: "ada00000-0000-4000-8000-000000000001",
  /** May decide, too: an override needs two. */
  grace: "96ace000-0000-4000-8000-000000000001",
  /** In the workspace, in no registry. */
  mallory: "3a110000-0000-4000-8000-000000000001",
  /** The application that the factory acts as. */
  factory: "fac70000-0000-4000-8000-000000000001",
} as const;

/** A person of the workspace, by the name the stand-in's key and its page use. */
export type PersonName = "ada" | "grace" | "mallory" | "factory";

const STATES: readonly (readonly [string, StateType, string])[] = [
  ["Backlog", "backlog", "#bec2c8"],
  ["Todo", "unstarted", "#e2e2e2"],
  ["In Progress", "started", "#f2c94c"],
  ["In Review", "started", "#0f783c"],
  ["Done", "completed", "#5e6ad2"],
  ["Canceled", "canceled", "#95a2b3"],
];

const DAY_MS = 24 * 60 * 60_000;
const BASE_URL = "https://linear.invalid/stand-in";

/** Every entity by type and id, and the rules for making new ones. */
export class Workspace {
  readonly organization: Organization;
  readonly users: User[] = [];
  readonly teams: Team[] = [];
  readonly states: WorkflowState[] = [];
  readonly cycles: Cycle[] = [];
  readonly labels: IssueLabel[] = [];
  readonly issues: Issue[] = [];
  readonly relations: IssueRelation[] = [];
  readonly comments: Comment[] = [];
  readonly projects: Project[] = [];
  readonly milestones: ProjectMilestone[] = [];
  readonly documents: Document[] = [];
  readonly webhooks: Webhook[] = [];
  readonly #now: () => number;
  #sync = 0;

  /** @param now - the clock, in milliseconds */
  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.organization = { ...this.entity(SEED.organization), name: "Stand-in", urlKey: "stand-in" };
    for (const name of ["ada", "grace", "mallory", "factory"] as const) this.users.push(this.#user(name));
    this.#seedTeam();
  }

  /** The moment, as Linear writes it. */
  timestamp(offsetMs = 0): string {
    return new Date(this.#now() + offsetMs).toISOString();
  }

  /** Counts changes, as `lastSyncId` does. */
  nextSync(): number {
    this.#sync += 1;
    return this.#sync;
  }

  /** The fields that every entity has; an id that the client chose is kept. */
  entity(id: string | null | undefined): Entity {
    const at = this.timestamp();
    return { id: id ?? randomUUID(), createdAt: at, updatedAt: at, archivedAt: null };
  }

  /** Whose key it is; a key is `lin_api_` and the person's name, so a log of it says nothing secret. */
  userOfKey(key: string): User | undefined {
    return this.users.find(({ displayName }) => key === `lin_api_${displayName}`);
  }

  url(...parts: readonly string[]): string {
    return [BASE_URL, ...parts].join("/");
  }

  #user(name: PersonName): User {
    return {
      ...this.entity(SEED[name]),
      name: `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      displayName: name,
      email: `${name}@stand-in.invalid`,
      active: true,
      admin: name === "ada",
      app: name === "factory",
      url: this.url("profiles", name),
      description: null,
      organization: this.organization,
    };
  }

  #seedTeam(): void {
    const team: Team = {
      ...this.entity(SEED.team),
      name: "Factory",
      displayName: "Factory",
      key: "FAC",
      cyclesEnabled: true,
      activeCycle: null,
      cycles: this.cycles,
      states: this.states,
      labels: this.labels,
      issues: this.issues,
      projects: this.projects,
      organization: this.organization,
    };
    this.teams.push(team);
    STATES.forEach(([name, type, color], index) =>
      this.states.push({ ...this.entity(`57a70000-0000-4000-8000-00000000000${index + 1}`), name, type, color, position: index, description: null, team }),
    );
    this.projects.push({
      ...this.entity(SEED.project),
      name: "Factory",
      description: "",
      slugId: "factory",
      url: this.url("project", "factory"),
      color: "#5e6ad2",
      projectMilestones: this.milestones,
      issues: [],
      documents: [],
    });
    this.startCycle(10);
  }

  /** Makes the team's one active cycle anew, with so many days to its end. */
  startCycle(daysLeft: number): Cycle {
    const [team] = this.teams;
    if (team === undefined) throw new Error("The workspace has no team.");
    const cycle: Cycle = {
      ...this.entity(this.cycles.length === 0 ? SEED.cycle : undefined),
      number: this.cycles.length + 1,
      name: null,
      startsAt: this.timestamp((daysLeft - 14) * DAY_MS),
      endsAt: this.timestamp(daysLeft * DAY_MS),
      completedAt: null,
      isActive: true,
      isPast: false,
      isFuture: false,
      isNext: false,
      isPrevious: false,
      team,
    };
    this.cycles.push(cycle);
    team.activeCycle = cycle;
    return cycle;
  }

  /** Leaves the team without a cycle. */
  endCycles(): void {
    for (const team of this.teams) {
      team.cyclesEnabled = false;
      team.activeCycle = null;
    }
  }
}
