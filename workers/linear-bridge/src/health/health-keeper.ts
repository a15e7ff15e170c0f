/**
 * Keeps an organisation's health documents in Linear: one that is changed in place when what it says has changed, and one to which
 * a line is added with each change of state. Lines are kept here first, so Linear being away loses none.
 */
import { messageOf } from "@factory/durable";
import { digestOf, TERMINAL_SESSION_STATES } from "@factory/schemas";
import type { Suspension } from "@factory/schemas/rpc";
import { z } from "zod";
import { entityId, LinearConflict, LinearRefusal, RateLimited, TooSoon } from "../linear-api/index.ts";
import type { LinearApi } from "../linear-api/index.ts";
import { LinearTeam } from "../projection/linear-team.ts";
import { escalationSubject, issueIdOf, noGraph } from "../projection/model.ts";
import type { BindingSubject } from "../projection/model.ts";
import type { ProjectionStore } from "../projection/store.ts";
import { historyText, liveText, summaryOf } from "./health-report.ts";
import type { HealthState } from "./health-report.ts";

/** Shortest time between two updates of a document, in milliseconds. */
export const UPDATE_EVERY_MS = 5 * 60_000;
/** How often an organisation is looked at in which nothing is at work, in milliseconds. */
export const QUIET_EVERY_MS = 60 * 60_000;
/** Lines that the history document shows, the newest. */
export const HISTORY_SHOWN = 300;

/** How far back errors are told of, in milliseconds. */
const ERRORS_OF_MS = 24 * 60 * 60_000;
/** Errors that are read. */
const MAX_ERRORS_READ = 100;
/** Removed documents that one update passes over. */
const MAX_REMOVED = 5;
/** The same error within this time is one, in milliseconds. */
const SAME_ERROR_MS = 60 * 60_000;

const CHECKED_FACT = "health:checked";
const SUMMARY_FACT = "health:summary";

const checkedFact = z.object({ soon: z.boolean() });
const summaryFact = z.object({ summary: z.string() });
/** `generation` counts how often the document had to be made anew because somebody removed it. */
const documentFact = z.object({ parent: z.string(), generation: z.int(), digest: z.string() });
type DocumentFact = z.infer<typeof documentFact>;

/** What keeping the documents needs. */
export interface HealthDocumentDeps {
  readonly store: ProjectionStore;
  readonly api: () => Promise<LinearApi>;
  readonly org: string;
  /** Where the documents belong: the project, or without one an issue of the team. Ids are Linear's. */
  readonly project: () => Promise<{ readonly projectId: string | null; readonly teamId: string }>;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly suspensions: () => Promise<readonly Suspension[]>;
}

type Place = { readonly projectId: string } | { readonly issueId: string };
type Parent = { readonly id: string; readonly place: Place };
/** `title` and the text; what only says when it was written is in `head` and makes no update. */
type Content = { readonly name: "live" | "history"; readonly title: string; readonly head: string; readonly body: string };

/** The health documents of one organisation. */
export class HealthDocument {
  readonly #deps: HealthDocumentDeps;

  constructor(deps: HealthDocumentDeps) {
    this.#deps = deps;
  }

  /** When {@link HealthDocument.run} looks again, in epoch milliseconds; null while nothing was ever followed. */
  dueAt(): number | null {
    const { store, now } = this.#deps;
    const sessions = store.sessionsByState();
    if (sessions.length === 0) return null;
    const checked = store.fact(CHECKED_FACT);
    if (checked === null) return now();
    // What was at work at the last look may have ended since: its end is news, too.
    const soon = checkedFact.parse(checked.value).soon || isAtWork(sessions);
    return checked.readAt + (soon ? UPDATE_EVERY_MS : QUIET_EVERY_MS);
  }

  /**
   * Brings the documents up to date when it is time; does nothing before.
   *
   * @throws RetryableError, LinearRefusal when Linear does not take them; they are still due then.
   */
  async run(): Promise<void> {
    const due = this.dueAt();
    if (due === null || this.#deps.now() < due) return;
    try {
      await this.#update();
    } catch (err) {
      // Being asked to wait is no failure.
      if (!(err instanceof RateLimited) && !(err instanceof TooSoon)) this.#noteError("health", err);
      throw err;
    }
  }

  async #update(): Promise<void> {
    const { store, now, org } = this.#deps;
    const state = await this.#read();
    const at = now();
    const moment = new Date(at).toISOString();
    this.#keepLine(state, at);
    const api = await this.#deps.api();
    const parent = await this.#parent(api);
    const head = `Organisation ${org}, as of ${moment}. Looked at every five minutes, written when something has changed.`;
    const held = await this.#put(api, parent, { name: "live", title: "Factory health, live", head, body: liveText(state, at) });
    const { lines, total } = store.healthLines(HISTORY_SHOWN);
    const heldToo = await this.#put(api, parent, { name: "history", title: "Factory health, history", head: "", body: historyText(lines, total) });
    store.setFact(CHECKED_FACT, { soon: held || heldToo || isAtWork(state.sessions) }, at);
  }

  async #read(): Promise<HealthState> {
    const { store, now } = this.#deps;
    // Asked first: everything else is of one moment.
    const suspensions = await this.#suspensions();
    const since = now() - ERRORS_OF_MS;
    return {
      sessions: store.sessionsByState(),
      behind: store.behind().length,
      reviews: store.openEscalations().map(({ escalationId, matter, action, sessionId, openedAt }) => {
        const { identifier = null, url = null } = store.binding(escalationSubject(escalationId)) ?? {};
        return { matter, action, sessionId, openedAt, issue: identifier === null || url === null ? null : { identifier, url } };
      }),
      divergences: store.openDivergencesBySeverity(),
      advisories: store.openAdvisoryCounts(),
      suspensions,
      errors: store.syncErrors(MAX_ERRORS_READ).filter(({ at }) => at > since),
    };
  }

  /** Null when they cannot be learnt: the document says so, and why stands among its errors. */
  async #suspensions(): Promise<readonly Suspension[] | null> {
    try {
      return await this.#deps.suspensions();
    } catch (err) {
      this.#noteError("health:suspensions", err);
      return null;
    }
  }

  /** A line in the history when the state is another than the last line says. */
  #keepLine(state: HealthState, at: number): void {
    const { store } = this.#deps;
    const summary = summaryOf(state);
    const last = store.fact(SUMMARY_FACT);
    if (last !== null && summaryFact.parse(last.value).summary === summary) return;
    store.transaction(() => {
      store.addHealthLine(at, `${new Date(at).toISOString()}: ${summary}`);
      store.setFact(SUMMARY_FACT, { summary }, at);
    });
  }

  async #parent(api: LinearApi): Promise<Parent> {
    const { projectId, teamId } = await this.#deps.project();
    if (projectId !== null) return { id: projectId, place: { projectId } };
    const issueId = await this.#healthIssue(api, teamId);
    return { id: issueId, place: { issueId } };
  }

  /** The team's one issue about health; made when Linear does not have it. */
  async #healthIssue(api: LinearApi, teamId: string): Promise<string> {
    const { store, org, now } = this.#deps;
    const subject: BindingSubject = { kind: "health", artifactId: teamId, ...noGraph };
    const issueId = issueIdOf(org, subject);
    const known = store.binding(subject);
    if (known !== null && known.identifier !== null) return issueId;
    const team = new LinearTeam({ org, store, api, now });
    try {
      const labelIds = await team.labelIds(teamId, ["factory:health"]);
      const description = "How the factory does stands in the documents of this issue.";
      const issue = await api.createIssue({ id: issueId, teamId, title: "Factory health", description, labelIds });
      store.transaction(() => {
        store.bind("", subject, issueId);
        store.confirm(subject, issue, "");
      });
    } catch (err) {
      if (err instanceof LinearRefusal) team.recheck(teamId, err);
      throw err;
    }
    return issueId;
  }

  /** Writes a document when it says something else than before. @returns whether that has to wait */
  async #put(api: LinearApi, parent: Parent, content: Content): Promise<boolean> {
    const { store, now } = this.#deps;
    const name = `health:document:${content.name}`;
    const fact = store.fact(name);
    const stored = fact === null ? null : documentFact.parse(fact.value);
    // Another project or team has documents of its own.
    const last = stored?.parent === parent.id ? stored : null;
    const digest = digestOf(content.body);
    if (last?.digest === digest) return false;
    if (last !== null && fact !== null && now() - fact.readAt < UPDATE_EVERY_MS) return true;
    const generation = await this.#write(api, parent, content, last);
    store.setFact(name, { parent: parent.id, generation, digest } satisfies DocumentFact, now());
    return false;
  }

  /** @returns the generation of the document that has the content now */
  async #write(api: LinearApi, parent: Parent, { name, title, head, body }: Content, last: DocumentFact | null): Promise<number> {
    const content = head === "" ? body : `${head}\n\n${body}`;
    const first = last?.generation ?? 0;
    for (let generation = first; ; generation += 1) {
      const id = entityId("document", `${this.#deps.org}/health/${name}/${parent.id}/${generation}`);
      const isMade = last !== null && generation === first;
      try {
        if (isMade || !(await create(api, { id, title, content, ...parent.place }))) await api.updateDocument(id, { content });
        return generation;
      } catch (err) {
        // Somebody has removed it, and its id is used up.
        const isRemoved = err instanceof LinearRefusal && /not found: document/i.test(err.message);
        if (!isRemoved || generation - first >= MAX_REMOVED) throw err;
      }
    }
  }

  #noteError(effectId: string, err: unknown): void {
    const { store, now } = this.#deps;
    const message = messageOf(err);
    const [newest] = store.syncErrors(1);
    const isSame = newest?.effectId === effectId && newest.message === message && now() - newest.at < SAME_ERROR_MS;
    if (!isSame) store.addSyncError(now(), effectId, message);
  }
}

/** @returns false when it was there already, with the content it had */
async function create(api: LinearApi, document: Parameters<LinearApi["createDocument"]>[0]): Promise<boolean> {
  try {
    await api.createDocument(document);
    return true;
  } catch (err) {
    if (err instanceof LinearConflict) return false;
    throw err;
  }
}

function isAtWork(sessions: HealthState["sessions"]): boolean {
  const ended = new Set<string>(TERMINAL_SESSION_STATES);
  return sessions.some(({ state }) => !ended.has(state));
}
