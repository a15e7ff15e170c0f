/** Ids of a team's states and labels by name, as they were read last; what is missing of the labels is made. */
import { RetryableError } from "@factory/durable";
import { z } from "zod";
import { entityId, LinearConflict, LinearRefusal } from "../linear-api/index.ts";
import type { LinearApi } from "../linear-api/index.ts";
import type { StateType } from "./intents.ts";
import { LABEL_NAMES, LABELS } from "./labels.ts";
import type { LabelName } from "./labels.ts";
import type { ProjectionStore } from "./store.ts";

/** Where an organisation's issues go. */
export type LinearTarget = { readonly teamId: string; readonly projectId: string | null };

/** How long ids count before they are read again, in milliseconds. */
export const TEAM_FRESH_MS = 60 * 60_000;
/** Ids that are younger than this are not read again because of a refusal: they were not the reason. */
const RECHECK_AFTER_MS = 60_000;

/** What a team is asked through. */
export interface LinearTeamDeps {
  readonly org: string;
  readonly store: ProjectionStore;
  readonly api: LinearApi;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

const ids = z.record(z.string(), z.string());

/** In whose place a type stands that a team's workflow has no state of. */
const INSTEAD: { readonly [T in StateType]: readonly string[] } = {
  backlog: ["backlog", "unstarted", "triage"],
  unstarted: ["unstarted", "backlog", "triage"],
  started: ["started", "unstarted"],
  completed: ["completed"],
  canceled: ["canceled", "completed"],
};

/** The states and labels of one team. */
export class LinearTeam {
  readonly #deps: LinearTeamDeps;

  constructor(deps: LinearTeamDeps) {
    this.#deps = deps;
  }

  /** The first state of a type in the team's workflow; undefined where there is none that could stand for it. */
  async stateId(teamId: string, type: StateType): Promise<string | undefined> {
    const byType = await this.#fresh(`states:${teamId}`, async () => {
      const states = (await this.#deps.api.states(teamId)).toSorted((a, b) => b.position - a.position);
      return Object.fromEntries(states.map((state) => [state.type, state.id]));
    });
    return INSTEAD[type].flatMap((candidate) => byType[candidate] ?? [])[0];
  }

  /** Ids of labels by name; those that the team does not have are made. */
  async labelIds(teamId: string, names: readonly string[]): Promise<string[]> {
    const known = await this.#fresh(`labels:${teamId}`, () => this.#readLabels(teamId));
    const found: string[] = [];
    for (const name of names) {
      const id = known[name] ?? (await this.#makeLabel(teamId, name));
      found.push(id);
    }
    return found;
  }

  /**
   * What a refusal may rest on is read again, since somebody may have removed a state or a label.
   *
   * @throws RetryableError when there was something to read again; the request is repeated then.
   */
  recheck(teamId: string, refusal: LinearRefusal): void {
    const { store, now } = this.#deps;
    const stale = [`states:${teamId}`, `labels:${teamId}`].filter((name) => {
      const fact = store.fact(name);
      return fact !== null && now() - fact.readAt >= RECHECK_AFTER_MS;
    });
    if (stale.length === 0) return;
    for (const name of stale) store.dropFact(name);
    throw new RetryableError(refusal.message);
  }

  async #readLabels(teamId: string): Promise<Record<string, string>> {
    const found = await this.#deps.api.labels(teamId, LABEL_NAMES);
    return Object.fromEntries(found.map(({ name, id }) => [name, id]));
  }

  async #makeLabel(teamId: string, name: string): Promise<string> {
    const { org, api, store, now } = this.#deps;
    const look = Object.hasOwn(LABELS, name) ? LABELS[name as LabelName] : { color: "#95a2b3", description: "" };
    try {
      const id = await api.createLabel({ id: labelIdOf(org, teamId, name), name, ...look, teamId });
      const known = ids.parse(store.fact(`labels:${teamId}`)?.value ?? {});
      store.setFact(`labels:${teamId}`, { ...known, [name]: id }, store.fact(`labels:${teamId}`)?.readAt ?? now());
      return id;
    } catch (err) {
      // Somebody made it meanwhile: it is found by its name.
      if (!(err instanceof LinearConflict) && !(err instanceof LinearRefusal)) throw err;
      const read = await this.#readLabels(teamId);
      const id = read[name];
      if (id === undefined) throw err;
      store.setFact(`labels:${teamId}`, read, now());
      return id;
    }
  }

  async #fresh(name: string, read: () => Promise<Record<string, string>>): Promise<Record<string, string>> {
    const { store, now } = this.#deps;
    const known = store.fact(name);
    if (known !== null && now() - known.readAt < TEAM_FRESH_MS) return ids.parse(known.value);
    const value = await read();
    store.setFact(name, value, now());
    return value;
  }
}

/** Id of a label that is made for a team. */
export function labelIdOf(org: string, teamId: string, name: string): string {
  return entityId("label", `${org}/${teamId}/${name}`);
}
