/** Carries intents out in Linear. Each may come twice: what it makes has an id of its own, and what it changes it sets. */
import { RetryableError } from "@factory/durable";
import { artifactNode, beadIdOf } from "@factory/schemas";
import type { ArtifactGraphRpc } from "@factory/schemas/rpc";
import { markdownText, oneLine } from "@factory/governance/untrusted-text";
import { entityId, LinearRefusal } from "../linear-api/index.ts";
import type { LinearApi, NewIssue } from "../linear-api/index.ts";
import type { Intent, IssueDraft, StateType, Trailer } from "./intents.ts";
import type { LinearTarget, LinearTeam } from "./linear-team.ts";
import { beadSubject, decidedHereFact } from "./model.ts";
import type { Binding, BindingSubject, FollowedBead, FollowedSession } from "./model.ts";
import { beadStanding, commentIdOf } from "./reduce.ts";
import type { ProjectionStore } from "./store.ts";
import { beadText, shownDirective, titleOf, trailerBlock } from "./texts.ts";
import type { Links, ShownDirective } from "./texts.ts";

/** What a delivery needs. */
export interface DeliveryDeps {
  readonly org: string;
  readonly store: ProjectionStore;
  readonly api: LinearApi;
  readonly team: LinearTeam;
  /** Where issues go; null when the organisation is no longer shown. */
  readonly target: () => Promise<LinearTarget | null>;
  readonly graph: (assembly: string) => Pick<ArtifactGraphRpc, "get">;
  readonly links: Links;
  /** Adds an intent that follows from one that was carried out, in the transaction that records it. */
  readonly follows: (sessionId: string, effectId: string, intent: Intent) => void;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** How long an escalation waits for the issue that it belongs under, in milliseconds; after it, it stands by itself. */
export const PARENT_WAIT_MS = 60_000;
const PARENT_RETRY_MS = 1_000;
/** Beads whose trailers a closing comment has; of the rest it has the number. */
const MAX_TRAILER_BEADS = 100;

/** An intent that goes to Linear. */
export type LinearIntent = Exclude<Intent, { readonly do: "bind" | "close" | "surface" }>;

/** Carries intents out. */
export class LinearDelivery {
  readonly #deps: DeliveryDeps;

  constructor(deps: DeliveryDeps) {
    this.#deps = deps;
  }

  /** @throws RetryableError, LinearRefusal */
  async carryOut(intent: LinearIntent): Promise<void> {
    const target = await this.#deps.target();
    // Who was taken out of the registry is shown no longer.
    if (target === null) return;
    try {
      await this.#carryOut(intent, target);
    } catch (err) {
      if (err instanceof LinearRefusal) this.#deps.team.recheck(target.teamId, err);
      throw err;
    }
  }

  async #carryOut(intent: LinearIntent, target: LinearTarget): Promise<void> {
    switch (intent.do) {
      case "issue":
        return this.#issue(intent.draft, target);
      case "bead-issue":
        return this.#beadIssue(intent.sessionId, intent.subject, target);
      case "bead-state":
        return this.#beadState(intent.sessionId, intent.subject, target);
      case "issue-state":
        return this.#show(intent.subject, intent.state, intent.labels, target);
      case "comment":
        if (intent.unlessDecidedIn !== undefined && this.#deps.store.fact(decidedHereFact(intent.unlessDecidedIn)) !== null) return;
        return this.#comment(intent.key, intent.issueId, intent.body);
      case "blocks":
        return this.#deps.api.createBlocks(
          entityId("relation", `${this.#deps.org}/blocks/${intent.fromIssue}/${intent.toIssue}`),
          intent.fromIssue,
          intent.toIssue,
        );
      case "supersede":
        return this.#supersede(intent, target);
      case "closing":
        return this.#closing(intent.sessionId, intent.body, intent.trailers);
      default:
        return intent satisfies never;
    }
  }

  async #issue(draft: IssueDraft, target: LinearTarget): Promise<void> {
    const { store } = this.#deps;
    const binding = store.binding(draft.subject);
    if (binding === null || binding.identifier !== null) return;
    const parent = this.#parentOf(draft);
    const { title, description, state, labels, priority } = draft;
    await this.#create(binding, { title, description, priority, ...(parent === null ? {} : { parentId: parent.issueId }) }, { state, labels }, target);
  }

  /** The issue it belongs under, once Linear has it. An issue is worth more without its place than not at all. */
  #parentOf({ subject, parent }: IssueDraft): Binding | null {
    if (parent === null) return null;
    const { store, now } = this.#deps;
    const binding = store.binding(parent);
    if (binding?.identifier !== null) return binding;
    const escalation = subject.kind === "escalation" ? store.escalationByIssue(store.binding(subject)?.issueId ?? "") : null;
    if (escalation !== null && now() - escalation.openedAt < PARENT_WAIT_MS) {
      throw new RetryableError("The session's issue is not there yet.", { retryAfterMs: PARENT_RETRY_MS });
    }
    return null;
  }

  async #beadIssue(sessionId: string, subject: BindingSubject, target: LinearTarget): Promise<void> {
    const { org, store, links } = this.#deps;
    const session = store.session(sessionId);
    const bead = store.bead(sessionId, subject.artifactId);
    const binding = store.binding(subject);
    if (session === null || bead === null || binding === null || binding.identifier !== null) return;
    const directive = await this.#directiveOf(session, bead);
    const milestone = await this.#milestone(session, subject, target);
    const parent = store.binding({ kind: "session", artifactId: sessionId, workGraphId: "", version: 0 });
    const look = {
      title: titleOf(bead.team === "" ? bead.role : bead.team, bead.title),
      description: beadText(session, { ...bead, version: subject.version }, directive, links),
      ...((parent?.identifier ?? null) === null ? {} : { parentId: parent?.issueId ?? "" }),
      ...(milestone === null ? {} : { projectMilestoneId: milestone }),
    };
    await this.#create(binding, look, beadStanding(bead), target, () => {
      // Read again: the bead may have moved while Linear answered.
      const current = store.bead(sessionId, bead.beadId) ?? bead;
      store.putBead(sessionId, { ...current, policyBeadId: directive?.policyBeadId ?? current.policyBeadId });
      if (directive !== null && session.runId !== null) {
        const { runId } = session;
        store.setNeeds(
          sessionId,
          bead.beadId,
          directive.dependsOn.map(({ atomId }) => beadIdOf(org, runId, atomId)),
        );
      }
      this.#relate(sessionId, bead.beadId);
      store.addBindingEvent(session.assembly, bindingEvent(org, binding, [bead.atomId]));
    });
  }

  /** The directive as the lineage has it; null when it is not there or cannot be read. */
  async #directiveOf({ assembly }: FollowedSession, { directiveId }: FollowedBead): Promise<ShownDirective | null> {
    if (directiveId === null) return null;
    const node = await this.#deps.graph(assembly).get(directiveId);
    const parsed = shownDirective.safeParse(node?.data);
    return parsed.success ? parsed.data : null;
  }

  /** The milestone of the work graph in this version; two graphs never share one. */
  async #milestone(session: FollowedSession, { workGraphId, version }: BindingSubject, { projectId }: LinearTarget): Promise<string | null> {
    const { org, store, api } = this.#deps;
    if (projectId === null || workGraphId === "") return null;
    const id = entityId("milestone", `${org}/${projectId}/${workGraphId}/${version}`);
    if (!store.hasMilestone(id)) {
      const name = `${oneLine(session.title, 40)} (${workGraphId} v${version})`;
      await api.createMilestone({ id, projectId, name, description: markdownText(`Work graph ${workGraphId}, version ${version}`) });
      store.addMilestone(id, workGraphId, version, projectId);
    }
    return id;
  }

  /** Each dependency blocks what waits for it: pairs of which both issues are there now, each once. */
  #relate(sessionId: string, beadId: string): void {
    const { store, follows } = this.#deps;
    const issueOf = (id: string): string | null => {
      const bead = store.bead(sessionId, id);
      const binding = bead?.shown === true ? store.binding(beadSubject(bead)) : null;
      return binding === null || binding.identifier === null ? null : binding.issueId;
    };
    const relate = (from: string, to: string): void => {
      const [fromIssue, toIssue] = [issueOf(from), issueOf(to)];
      if (fromIssue === null || toIssue === null || !store.addRelation(fromIssue, toIssue)) return;
      follows(sessionId, `blocks:${fromIssue}:${toIssue}`, { do: "blocks", fromIssue, toIssue });
    };
    const { needs, neededBy } = store.neighbours(sessionId, beadId);
    for (const other of needs) relate(other, beadId);
    for (const other of neededBy) relate(beadId, other);
  }

  async #create(
    binding: Binding,
    look: Pick<NewIssue, "title" | "description"> & Partial<Pick<NewIssue, "parentId" | "priority" | "projectMilestoneId">>,
    { state, labels }: { readonly state: StateType; readonly labels: readonly string[] },
    { teamId, projectId }: LinearTarget,
    alsoRecord: () => void = () => {},
  ): Promise<void> {
    const { store, api, team, org } = this.#deps;
    const stateId = await team.stateId(teamId, state);
    const labelIds = await team.labelIds(teamId, labels);
    const place = { ...(stateId === undefined ? {} : { stateId }), ...(projectId === null ? {} : { projectId }) };
    const issue = await api.createIssue({ id: binding.issueId, teamId, ...look, labelIds, ...place });
    store.transaction(() => {
      store.confirm(binding, issue, shownText(state, labels));
      alsoRecord();
      if (binding.kind === "escalation") {
        const assembly = store.escalationByIssue(binding.issueId)?.assembly ?? "";
        if (assembly !== "") store.addBindingEvent(assembly, bindingEvent(org, binding, []));
      }
    });
  }

  async #beadState(sessionId: string, subject: BindingSubject, target: LinearTarget): Promise<void> {
    const bead = this.#deps.store.bead(sessionId, subject.artifactId);
    // A later version has an issue of its own.
    if (bead === null || bead.version !== subject.version) return;
    const { state, labels } = beadStanding(bead);
    await this.#show(subject, state, labels, target);
  }

  /** Moves an issue and adds labels; what it shows already is not sent again. */
  async #show(subject: BindingSubject, state: StateType, labels: readonly string[], { teamId }: LinearTarget): Promise<void> {
    const { store, api, team } = this.#deps;
    const binding = store.binding(subject);
    const shown = shownText(state, labels);
    if (binding === null || binding.shown === shown) return;
    const stateId = await team.stateId(teamId, state);
    const addedLabelIds = await team.labelIds(teamId, labels);
    await api.updateIssue(binding.issueId, { ...(stateId === undefined ? {} : { stateId }), addedLabelIds });
    store.setShown(subject, shown);
  }

  #comment(key: string, issueId: string, body: string): Promise<void> {
    const { api, org } = this.#deps;
    return api.createComment({ id: commentIdOf(org, key), issueId, body });
  }

  async #supersede({ subject, by, reason, move }: Extract<Intent, { do: "supersede" }>, { teamId }: LinearTarget): Promise<void> {
    const { store, api, team, org } = this.#deps;
    const binding = store.binding(subject);
    if (binding === null) return;
    const successors = by.map((other) => {
      const successor = store.binding(other);
      return successor === null || successor.identifier === null ? markdownText(other.artifactId) : `[${successor.identifier}](${successor.url ?? ""})`;
    });
    const key = `supersede/${binding.issueId}/${by.map((other) => `${other.artifactId}@${other.version}`).join("+")}`;
    await api.createComment({ id: commentIdOf(org, key), issueId: binding.issueId, body: `Superseded by ${successors.join(", ")}. ${markdownText(reason)}` });
    const stateId = move ? await team.stateId(teamId, "canceled") : undefined;
    const addedLabelIds = await team.labelIds(teamId, ["factory:superseded"]);
    await api.updateIssue(binding.issueId, { ...(stateId === undefined ? {} : { stateId }), addedLabelIds });
  }

  async #closing(sessionId: string, body: string, trailers: readonly Trailer[]): Promise<void> {
    const { store } = this.#deps;
    const session = store.binding({ kind: "session", artifactId: sessionId, workGraphId: "", version: 0 });
    if (session === null) return;
    const done = store.shownBeads(sessionId).filter(({ state }) => state === "DONE");
    const ofBeads = done.slice(0, MAX_TRAILER_BEADS).flatMap((bead): Trailer[] => {
      const identifier = store.binding(beadSubject(bead))?.identifier ?? null;
      return [
        ["Bead", bead.beadId],
        ...(bead.directiveId === null ? [] : [["Directive", bead.directiveId] as const]),
        ...(bead.policyBeadId === null ? [] : [["PolicyBead", bead.policyBeadId] as const]),
        ...(identifier === null ? [] : [["Linear", identifier] as const]),
      ];
    });
    const more = done.length - MAX_TRAILER_BEADS;
    const all: Trailer[] = [...trailers, ...(session.identifier === null ? [] : [["Linear", session.identifier] as const]), ...ofBeads];
    if (more > 0) all.push(["MoreBeads", String(more)]);
    await this.#comment(`closing/${sessionId}`, session.issueId, `${body}\n\n${trailerBlock(all)}`);
  }
}

function shownText(state: StateType, labels: readonly string[]): string {
  return JSON.stringify({ state, labels: labels.toSorted() });
}

/** The record that an issue stands for an artifact; the same binding is the same node. */
export function bindingEvent(org: string, { kind, artifactId, workGraphId, version, sessionId, issueId }: Binding, parents: readonly string[]) {
  return artifactNode("IBE", "IssueBindingEvent", org, { system: "linear", kind, artifactId, workGraphId, version, sessionId, issueId }, parents);
}
