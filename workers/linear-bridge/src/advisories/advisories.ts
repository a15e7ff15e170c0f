/**
 * Surfaces advisories: a digest a period, and an issue of its own for what was carried over twice. What is surfaced is noted in
 * the transaction that enqueues it, so a crash at any point makes nothing twice and Linear being away loses nothing.
 */
import { z } from "zod";
import type { LinearApi } from "../linear-api/index.ts";
import type { Intent, IssueDraft } from "../projection/intents.ts";
import { issueIdOf, noGraph, sessionSubject } from "../projection/model.ts";
import type { Advisory, BindingSubject } from "../projection/model.ts";
import type { ProjectionStore } from "../projection/store.ts";
import { titleOf } from "../projection/texts.ts";
import { carriedOverText, digestText } from "./desk-texts.ts";
import type { Surfacing } from "./desk-texts.ts";
import { ESCALATED_AFTER, isStale, planAt } from "./surfacing-plan.ts";
import type { KnownCycle, Period, Surfaced } from "./surfacing-plan.ts";

/** Most advisories of one digest; what has no room in it comes with the next. */
export const DIGEST_ADVISORIES = 100;
/** Settled advisories that one transaction tells of. */
const SETTLED_BATCH = 100;
/** Matches no period: asks for what is open in any. */
const NO_PERIOD = "";
/** Names of what is remembered. */
const CYCLE_FACT = "advisories:cycle";
const DIGEST_FACT = "advisories:digest";

const cycleFact = z.object({
  teamId: z.string(),
  cycle: z.object({ id: z.string(), name: z.string(), endsAt: z.number() }).nullable(),
});

/** What the desk needs. */
export interface AdvisoryDeskDeps {
  readonly store: ProjectionStore;
  readonly api: () => Promise<LinearApi>;
  readonly org: string;
  /** The team whose cycle counts; Linear's id. */
  readonly teamId: () => Promise<string>;
  /** Adds intents to the outbox, in the caller's transaction; the same effect id adds nothing. */
  readonly enqueue: (effectId: string, intents: readonly Intent[]) => void;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** The issue of a period's digest. */
export const digestSubject = ({ id }: Pick<Period, "id">): BindingSubject => ({ kind: "digest", artifactId: id, ...noGraph });
/** The own issue of an advisory that was carried over too often. */
export const advisorySubject = ({ advisoryId }: Pick<Advisory, "advisoryId">): BindingSubject => ({ kind: "advisory", artifactId: advisoryId, ...noGraph });

/** The advisories of one organisation. */
export class AdvisoryDesk {
  readonly #deps: AdvisoryDeskDeps;

  constructor(deps: AdvisoryDeskDeps) {
    this.#deps = deps;
  }

  /** When {@link AdvisoryDesk.run} has something to do or to look at, in epoch milliseconds; null while nothing is open. */
  dueAt(): number | null {
    const { store, now } = this.#deps;
    const at = now();
    if (store.settledWithIssue(ESCALATED_AFTER, 1).length > 0) return at;
    if (store.advisoriesDue(NO_PERIOD, ESCALATED_AFTER, 1).length === 0) return null;
    const { known } = this.#known();
    if (known === null) return at;
    const plan = planAt(known, this.#surfaced(), at);
    return plan.do === "surface" ? at : plan.until;
  }

  /**
   * Surfaces what is due. May be called at any time, and again after it failed.
   *
   * @throws RetryableError when the cycle cannot be read; nothing has been surfaced then.
   */
  async run(): Promise<void> {
    const { store, now } = this.#deps;
    this.#tellSettled();
    if (store.advisoriesDue(NO_PERIOD, ESCALATED_AFTER, 1).length === 0) return;
    const known = await this.#cycle();
    // The clock is read after Linear has answered: the cycle may have ended meanwhile.
    const plan = planAt(known, this.#surfaced(), now());
    if (plan.do === "surface") store.transaction(() => this.#surface(plan.period));
  }

  /** The team's cycle, read at most hourly. */
  async #cycle(): Promise<KnownCycle> {
    const { store, api, now } = this.#deps;
    const teamId = await this.#deps.teamId();
    const { known, of } = this.#known();
    if (known !== null && of === teamId && !isStale(known, now())) return known;
    const read = await (await api()).activeCycle(teamId);
    const cycle = read === null ? null : { id: read.id, name: nameOf(read), endsAt: Date.parse(read.endsAt) };
    const readAt = now();
    store.setFact(CYCLE_FACT, { teamId, cycle }, readAt);
    return { cycle, readAt };
  }

  #known(): { readonly known: KnownCycle | null; readonly of: string | null } {
    const fact = this.#deps.store.fact(CYCLE_FACT);
    if (fact === null) return { known: null, of: null };
    const { cycle, teamId } = cycleFact.parse(fact.value);
    return { known: { cycle, readAt: fact.readAt }, of: teamId };
  }

  #surfaced(): Surfaced {
    const { store } = this.#deps;
    return { lastAt: store.fact(DIGEST_FACT)?.readAt ?? null, hasDigest: (id) => store.binding(digestSubject({ id })) !== null };
  }

  /** Enqueues a period's digest and what comes with it, in the caller's transaction. */
  #surface(period: Period): void {
    const { store, now } = this.#deps;
    // One more than fits tells whether more wait.
    const due = store.advisoriesDue(period.id, ESCALATED_AFTER, DIGEST_ADVISORIES + 1);
    if (due.length === 0) return;
    const surfacings = due
      .slice(0, DIGEST_ADVISORIES)
      .map((advisory): Surfacing => ({ advisory, carriedOver: advisory.lastPeriod === null ? 0 : advisory.carriedOver + 1 }));
    this.#issue("", `digest:${period.id}`, {
      subject: digestSubject(period),
      title: titleOf("Advisories", period.name),
      description: digestText(period, surfacings, due.length > DIGEST_ADVISORIES, (subject) => store.binding(subject)),
      state: "unstarted",
      labels: ["factory:advisory"],
      parent: null,
      priority: 4,
    });
    for (const surfacing of surfacings) this.#show(period, surfacing);
    store.setFact(DIGEST_FACT, { period: period.id }, now());
  }

  #show(period: Period, { advisory, carriedOver }: Surfacing): void {
    const { store, enqueue, now } = this.#deps;
    const { advisoryId, assembly, hypothesisId } = advisory;
    store.surfaced(advisoryId, period.id, carriedOver);
    // Nothing can settle a note later: it is told once.
    if (advisory.kind === "note") store.settleAdvisory(advisoryId, now());
    if (hypothesisId !== null) enqueue(`surface:${period.id}:${advisoryId}`, [{ do: "surface", assembly, hypothesisId, period: period.id }]);
    if (carriedOver >= ESCALATED_AFTER) this.#escalate(period, advisory);
  }

  #escalate(period: Period, advisory: Advisory): void {
    const { store } = this.#deps;
    this.#issue(advisory.sessionId, `advisory:${period.id}:${advisory.advisoryId}`, {
      subject: advisorySubject(advisory),
      title: titleOf("Carried over", advisory.text),
      description: carriedOverText(advisory, (subject) => store.binding(subject)),
      state: "unstarted",
      labels: ["factory:advisory", "factory:carried-over"],
      parent: sessionSubject(advisory.sessionId),
      priority: 2,
    });
  }

  #issue(sessionId: string, effectId: string, draft: IssueDraft): void {
    const { store, org, enqueue } = this.#deps;
    store.bind(sessionId, draft.subject, issueIdOf(org, draft.subject));
    enqueue(effectId, [{ do: "issue", draft }]);
  }

  /** Issues of advisories that are settled meanwhile are done. */
  #tellSettled(): void {
    const { store, enqueue } = this.#deps;
    store.transaction(() => {
      for (const advisory of store.settledWithIssue(ESCALATED_AFTER, SETTLED_BATCH)) {
        const subject = advisorySubject(advisory);
        enqueue(`advisory-settled:${advisory.advisoryId}`, [{ do: "issue-state", subject, state: "completed", labels: ["factory:advisory"] }]);
        store.toldSettled(advisory.advisoryId);
      }
    });
  }
}

function nameOf({ name, number }: { readonly name?: string | null | undefined; readonly number: number }): string {
  return name === null || name === undefined || name === "" ? `cycle ${number}` : name;
}
