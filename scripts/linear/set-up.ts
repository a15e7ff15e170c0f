/**
 * Sets Linear up for the organisations of an authority registry: labels, workflow, one webhook a team. It looks before it makes,
 * so that it may be run as often as one likes.
 */
import { LinearApi, LinearConflict, LinearRefusal, RateLimited, type LinearWebhook } from "../../workers/linear-bridge/src/linear-api/index.ts";
import type { AuthorityOrg, AuthorityRegistry } from "../../workers/linear-bridge/src/authority/authority-registry.ts";
import { LABEL_NAMES, LABELS } from "../../workers/linear-bridge/src/projection/labels.ts";
import { labelIdOf } from "../../workers/linear-bridge/src/projection/linear-team.ts";
import { SetupError, type SetupStep } from "./setup-step.ts";
import { makeSecret, readSecret } from "./webhook-secret.ts";
import { BRIDGE_CONFIG, commandText, type Wrangler } from "./wrangler.ts";

/** What the webhook is called in Linear. */
export const WEBHOOK_LABEL = "factory";
/** Comments are all that the bridge takes. */
const RESOURCE_TYPES = ["Comment"] as const;
const SECRET_PUT = ["secret", "put", "LINEAR_WEBHOOK_SECRET", "--config", BRIDGE_CONFIG] as const;

/** Kinds of states that issues move through, each with what may stand in for it. */
const NEEDED_STATES = [
  { what: "work that waits", types: ["backlog", "unstarted", "triage"] },
  { what: "work under way", types: ["started", "unstarted"] },
  { what: "work that is done", types: ["completed"] },
  { what: "work that ended without a result", types: ["canceled", "completed"] },
] as const;

/** How to set up. */
export type SetupOptions = {
  readonly registry: AuthorityRegistry;
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Where Linear sends comments. */
  readonly webhookUrl: string;
  readonly secretFile: string;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  /** Hand a new secret to the Worker; otherwise the command is told. */
  readonly apply: boolean;
  readonly wrangler: Wrangler;
};

/** Sets up every team of the registry. @throws SetupError when Linear or wrangler does not let it go on; what was made stays. */
export function setUpLinear(options: SetupOptions): Promise<SetupStep[]> {
  return new Setup(options).run();
}

class Setup {
  readonly #options: SetupOptions;
  readonly #api: LinearApi;
  readonly #steps: SetupStep[] = [];
  /** Linear has refused the key itself. */
  #keyRefused = false;

  constructor(options: SetupOptions) {
    this.#options = options;
    this.#api = new LinearApi({
      url: options.apiUrl,
      apiKey: options.apiKey,
      now: Date.now,
      startTimeout: (ms, callback) => {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        this.#keyRefused ||= response.status === 401 || response.status === 403;
        return response;
      },
    });
  }

  async run(): Promise<SetupStep[]> {
    await this.#ask("who the key is of", () => this.#api.viewer());
    const teams: AuthorityOrg[] = [];
    for (const org of this.#options.registry.orgs) {
      if (!(await this.#checkStates(org))) continue;
      await this.#makeLabels(org);
      teams.push(org);
    }
    if (teams.length > 0) await this.#makeWebhooks(teams);
    return this.#steps;
  }

  /** Whether the team is there; its states are looked at. */
  async #checkStates({ org, team }: AuthorityOrg): Promise<boolean> {
    const states = await this.#ask(`the states of team ${team.key}`, async () => {
      try {
        return await this.#api.states(team.id);
      } catch (err) {
        if (err instanceof LinearRefusal) return null;
        throw err;
      }
    });
    if (states === null) {
      this.#say({
        subject: "team",
        org,
        outcome: "problem",
        text: `the key sees no team ${team.id} (${team.key}): correct the id, or let the key's owner into the team`,
      });
      return false;
    }
    const types = new Set(states.map(({ type }) => type));
    const missing = NEEDED_STATES.filter((needed) => !needed.types.some((type) => types.has(type)));
    for (const { what, types: wanted } of missing) {
      this.#say({
        subject: "states",
        org,
        outcome: "problem",
        text: `team ${team.key} has no state for ${what}: add one of type ${wanted.join(" or ")} to its workflow`,
      });
    }
    if (missing.length === 0) this.#say({ subject: "states", org, outcome: "unchanged", text: `the workflow of team ${team.key} has every kind of state` });
    return true;
  }

  async #makeLabels({ org, team }: AuthorityOrg): Promise<void> {
    const found = await this.#labelNames(team.id);
    for (const name of LABEL_NAMES) {
      const step = { subject: "label", org } as const;
      if (found.has(name)) this.#say({ ...step, outcome: "unchanged", text: `${name} is in team ${team.key}` });
      else if (this.#options.dryRun) this.#say({ ...step, outcome: "planned", text: `${name} would be made in team ${team.key}` });
      else this.#say({ ...step, ...(await this.#makeLabel(org, team, name)) });
    }
  }

  async #makeLabel(org: string, team: AuthorityOrg["team"], name: keyof typeof LABELS): Promise<Pick<SetupStep, "outcome" | "text">> {
    const refusal = await this.#ask(`a new label ${name}`, async () => {
      try {
        await this.#api.createLabel({ id: labelIdOf(org, team.id, name), name, ...LABELS[name], teamId: team.id });
        return null;
      } catch (err) {
        if (err instanceof LinearConflict || err instanceof LinearRefusal) return err.message;
        throw err;
      }
    });
    if (refusal === null) return { outcome: "changed", text: `${name} is made in team ${team.key}` };
    // The bridge makes what it misses, too, and may have been first.
    if ((await this.#labelNames(team.id)).has(name)) return { outcome: "unchanged", text: `${name} is in team ${team.key}` };
    return {
      outcome: "problem",
      text: `Linear takes no label ${name} in team ${team.key} (${refusal}): look for one of that name among archived labels and other spellings`,
    };
  }

  async #labelNames(teamId: string): Promise<ReadonlySet<string>> {
    const labels = await this.#ask("the labels", () => this.#api.labels(teamId, LABEL_NAMES));
    return new Set(labels.map(({ name }) => name));
  }

  /** One webhook a team, all with one secret: the bridge has one. */
  async #makeWebhooks(orgs: readonly AuthorityOrg[]): Promise<void> {
    const { webhookUrl, secretFile, dryRun } = this.#options;
    const ours = (await this.#ask("the webhooks", () => this.#api.webhooks())).filter(({ url }) => url === webhookUrl);
    const missing: AuthorityOrg[] = [];
    for (const org of orgs) {
      const step = lookAtWebhook(org, ours);
      if (step === null) missing.push(org);
      else this.#say(step);
    }
    if (missing.length === 0) return;
    const known = readSecret(secretFile);
    if (known === null && ours.length > 0) {
      this.#say({
        subject: "secret",
        outcome: "problem",
        text: `a webhook to ${webhookUrl} is there and its secret is not in ${secretFile}: put it there, or remove that webhook in Linear so that all get a new one`,
      });
      return;
    }
    if (dryRun) {
      for (const { org, team } of missing)
        this.#say({ subject: "webhook", org, outcome: "planned", text: `a webhook of team ${team.key} to ${webhookUrl} would be made` });
      return;
    }
    const secret = await this.#handOver(known);
    for (const { org, team } of missing) {
      const input = { url: webhookUrl, teamId: team.id, resourceTypes: RESOURCE_TYPES, label: WEBHOOK_LABEL, secret, enabled: true } as const;
      await this.#ask(`a new webhook of team ${team.key}`, () => this.#api.createWebhook(input));
      this.#say({ subject: "webhook", org, outcome: "changed", text: `a webhook of team ${team.key} to ${webhookUrl} is made` });
    }
  }

  /** The Worker is given the secret before Linear is: the other way round Linear would send what nobody believes. */
  async #handOver(known: string | null): Promise<string> {
    const { secretFile, apply, wrangler } = this.#options;
    const secret = known ?? makeSecret(secretFile);
    if (known === null) this.#say({ subject: "secret", outcome: "changed", text: `a new secret is in ${secretFile}, which only you can read` });
    const command = commandText(SECRET_PUT);
    if (!apply) {
      this.#say({ subject: "secret", outcome: "left", text: `give it to the bridge with:\n${command} < ${secretFile}` });
      return secret;
    }
    const { code, errors } = await wrangler(SECRET_PUT, secret);
    if (code !== 0) throw new SetupError(`${command} ended with ${code}; no webhook was made:\n${errors.replaceAll(secret, "***").trim()}`);
    this.#say({ subject: "secret", outcome: "changed", text: "the bridge has the secret" });
    return secret;
  }

  async #ask<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (err) {
      const cause = err instanceof Error && err.cause instanceof Error ? ` (${err.cause.message})` : "";
      throw new SetupError(`Linear was asked for ${what}: ${err instanceof Error ? err.message : String(err)}${cause}\n${this.#advice(err)}`, { cause: err });
    }
  }

  #advice(err: unknown): string {
    if (this.#keyRefused) {
      return "LINEAR_API_KEY is not accepted, or may not do this. Make a personal API key in Linear (Settings, Security & access) of somebody who administers the workspace, and set LINEAR_API_KEY to it.";
    }
    if (err instanceof RateLimited) return `Linear asks to wait ${Math.ceil(err.waitMs / 1_000)} seconds. Run it again then; what was made stays.`;
    if (err instanceof LinearRefusal) return "Linear refuses this as it is; nothing that was made is lost.";
    return `Look whether ${this.#options.apiUrl} can be reached, and run it again; what was made stays.`;
  }

  #say(step: SetupStep): void {
    this.#steps.push(step);
  }
}

/** What there is to say of a team's webhook; null where it has none. */
function lookAtWebhook({ org, team }: AuthorityOrg, ours: readonly LinearWebhook[]): SetupStep | null {
  const own = ours.filter((webhook) => webhook.team?.id === team.id);
  const takesComments = (webhook: LinearWebhook): boolean => RESOURCE_TYPES.every((type) => webhook.resourceTypes.includes(type));
  if (own.some((webhook) => webhook.enabled && takesComments(webhook)))
    return { subject: "webhook", org, outcome: "unchanged", text: `team ${team.key} has its webhook` };
  const [faulty] = own;
  if (faulty === undefined) return null;
  // A second one would deliver everything twice as soon as somebody mends the first.
  const fault = faulty.enabled ? "is not told of comments" : "is switched off";
  return {
    subject: "webhook",
    org,
    outcome: "problem",
    text: `the webhook ${faulty.id} of team ${team.key} ${fault}: mend or remove it in Linear (Settings, API)`,
  };
}
