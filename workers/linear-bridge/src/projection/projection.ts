/**
 * An organisation's projection to Linear: reads sessions' logs from where it is, notes what they mean, and carries it out through
 * an outbox, a session after another's own order. Nothing here is asked by the work itself, so nothing of Linear can stop it.
 */
import { failureOf, messageOf, RetryableError } from "@factory/durable";
import type { Delivery, Effect, Log, Outbox, ParkedEffect, Scheduler } from "@factory/durable";
import { refuse, ulidId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, Result } from "@factory/schemas";
import type { ArtifactGraphRpc, DispositionRpc, EscalationBinding, SessionLogRpc, Suspension } from "@factory/schemas/rpc";
import { markdownText } from "@factory/governance/untrusted-text";
import { z } from "zod";
import { AdvisoryDesk } from "../advisories/advisories.ts";
import { HealthDocument } from "../health/health-keeper.ts";
import { RateLimited, TooSoon } from "../linear-api/index.ts";
import type { LinearApi } from "../linear-api/index.ts";
import { LinearDelivery } from "./deliver.ts";
import { targetOf } from "./intents.ts";
import type { Intent } from "./intents.ts";
import { LinearTeam } from "./linear-team.ts";
import type { LinearTarget } from "./linear-team.ts";
import type { BindingSubject, Escalation } from "./model.ts";
import { decidedHereFact } from "./model.ts";
import { reduce } from "./reduce.ts";
import type { ReducerContext } from "./reduce.ts";
import type { ProjectionStore } from "./store.ts";
import { SyncState } from "./sync-state.ts";
import type { Links } from "./texts.ts";

/** What a projection needs of what is around it. */
export interface ProjectionDeps {
  readonly org: string;
  readonly store: ProjectionStore;
  readonly outbox: Pick<Outbox, "enqueue" | "poke" | "health" | "pending">;
  readonly scheduler: Pick<Scheduler, "on" | "scheduleBy">;
  readonly api: LinearApi;
  /** Where the organisation is shown; null when it is not. Rejects when that is not known. */
  readonly target: () => Promise<LinearTarget | null>;
  readonly sessionLog: (sessionId: string) => Pick<SessionLogRpc, "read">;
  readonly graph: (assembly: string) => Pick<ArtifactGraphRpc, "get" | "append" | "surface">;
  readonly disposition: (escalationId: string) => Pick<DispositionRpc, "bind" | "close">;
  readonly suspensions: () => Promise<readonly Suspension[]>;
  readonly grammarFor: (matter: string) => string;
  readonly links: Links;
  readonly log: Log;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Events of one read of a log. */
export const PAGE_EVENTS = 500;
/** When a session that is behind its log is looked at again, in milliseconds. */
const BEHIND_MS = 60_000;
/** How long new advisories gather before a digest, in milliseconds. */
const GATHER_MS = 30_000;
/** How long what was changed gathers before the health document is looked at, in milliseconds. */
const HEALTH_GATHER_MS = 5_000;
/** How long bindings gather before they go to the lineage, in milliseconds. */
const LINEAGE_GATHER_MS = 5_000;
/** Bindings in one append to the lineage. */
const LINEAGE_BATCH = 100;
/** How long it is known whether an author is a bot, in milliseconds. */
const AUTHOR_FRESH_MS = 24 * 60 * 60_000;
/** Most lines of one comment that somebody else asks for. */
const MAX_LINES = 100;

const TIMERS = { behind: "behind", advisories: "advisories", health: "health", lineage: "lineage" } as const;

const authorFact = z.object({ own: z.boolean() });

/** One organisation's projection. */
export class Projection {
  readonly #deps: ProjectionDeps;
  readonly #team: LinearTeam;
  readonly #delivery: LinearDelivery;
  readonly #sync: SyncState;
  readonly #desk: AdvisoryDesk;
  readonly #health: HealthDocument;
  /** Not persisted: sessions whose log is being read; one reader each. */
  readonly #reading = new Map<string, Promise<void>>();

  constructor(deps: ProjectionDeps) {
    this.#deps = deps;
    this.#team = new LinearTeam(deps);
    this.#sync = new SyncState(deps);
    this.#delivery = new LinearDelivery({
      ...deps,
      team: this.#team,
      follows: (sessionId, effectId, intent) => this.#enqueue(sessionId, effectId, intent),
    });
    const { scheduler, store, org, now } = deps;
    const api = async (): Promise<LinearApi> => deps.api;
    this.#desk = new AdvisoryDesk({
      store,
      api,
      org,
      now,
      teamId: async () => (await this.#requireTarget()).teamId,
      enqueue: (effectId, intents) => {
        for (const [index, intent] of intents.entries()) this.#enqueue("", `${effectId}:${index}`, intent);
      },
    });
    this.#health = new HealthDocument({ store, api, org, now, project: () => this.#requireTarget(), suspensions: deps.suspensions });
    scheduler.on(TIMERS.behind, () => this.#catchUpAll(), { dueAt: () => (store.behind().length === 0 ? null : deps.now() + BEHIND_MS) });
    scheduler.on(TIMERS.advisories, () => this.#surface(), { dueAt: () => this.#desk.dueAt() });
    scheduler.on(TIMERS.health, () => this.#writeHealth(), { dueAt: () => this.#health.dueAt() });
    scheduler.on(TIMERS.lineage, () => this.#recordBindings(), { dueAt: () => (store.bindingEvents(1) === null ? null : deps.now() + LINEAGE_GATHER_MS) });
  }

  /** As `LinearProjectionRpc.follow`. An organisation that no team shows is not followed. */
  async follow(sessionId: string, toSeq: number): Promise<void> {
    if ((await this.#deps.target()) === null) return;
    this.#deps.store.want(sessionId, toSeq);
    await this.#catchUp(sessionId);
  }

  /** As `LinearProjectionRpc.bindingOf`. */
  bindingOf(issueId: string): EscalationBinding | null {
    const escalation = this.#deps.store.escalationByIssue(issueId);
    return escalation === null ? null : escalationBinding(this.#deps.org, escalation);
  }

  /** As `LinearProjectionRpc.say`. Refuses NOT_FOUND for an issue that is not ours. */
  async say(effectId: string, issueId: string, lines: readonly string[]): Promise<Result> {
    const { store, outbox } = this.#deps;
    const binding = store.bindingByIssue(issueId);
    if (binding === null) return refuse("NOT_FOUND", "The issue is none of the factory's.");
    const shown = lines.slice(0, MAX_LINES).map((line) => markdownText(line));
    const dropped = lines.length - shown.length;
    const body = [...shown, ...(dropped > 0 ? [`${dropped} more lines.`] : [])].join("\n\n");
    if (body.trim() === "") return refuse("INVALID_ARGUMENT", "A comment says something.");
    store.transaction(() => this.#enqueue(binding.sessionId, `say:${effectId}`, { do: "comment", key: `say/${effectId}`, issueId, body }));
    await outbox.poke();
    return { ok: true };
  }

  /** As `LinearProjectionRpc.isOwn`. @throws RetryableError while Linear does not say */
  async isOwn(authorId: string): Promise<boolean> {
    const { store, api, now } = this.#deps;
    const name = `author:${authorId}`;
    const known = store.fact(name);
    const parsed = authorFact.safeParse(known?.value);
    if (known !== null && parsed.success && now() - known.readAt < AUTHOR_FRESH_MS) return parsed.data.own;
    const user = await api.user(authorId);
    // Who is no user is an integration.
    const own = user === null || user.isMe || user.app;
    store.setFact(name, { own }, now());
    return own;
  }

  /** Sends what waits and reads what is behind. */
  async poke(): Promise<void> {
    await this.#catchUpAll();
    await this.#deps.outbox.poke();
  }

  /** Whether Linear takes what is sent, and why not. */
  standing(): { readonly degraded: boolean; readonly lastError: string | null } {
    return { degraded: this.#sync.degraded, lastError: this.#sync.lastError };
  }

  /** Hands over one effect of the outbox. */
  async deliver(effects: readonly Effect[]): Promise<Delivery> {
    for (const effect of effects) {
      // The cast holds: every row is written by `#enqueue`.
      const delivery = await this.#deliverOne(effect.effectId, effect.payload as Intent);
      if (!delivery.ok) return delivery;
    }
    return { ok: true };
  }

  /** Notes an effect that was given up, in the transaction that parks it. */
  parked({ effectId, reason }: ParkedEffect): void {
    const { store, log, org, now } = this.#deps;
    store.addSyncError(now(), effectId, reason);
    log.event({ op: "linear_sync.give_up", outcome: "failed", durationMs: 0, ids: { org, effect: effectId }, fields: { reason } });
  }

  async #deliverOne(effectId: string, intent: Intent): Promise<Delivery> {
    if (intent.do === "bind" || intent.do === "close") return answerOf(await this.#tellDisposition(intent));
    if (intent.do === "surface") return this.#surfaceHypothesis(effectId, intent);
    const { log, org, now, scheduler } = this.#deps;
    const startedAt = now();
    const ids = { org, effect: effectId };
    try {
      await this.#delivery.carryOut(intent);
      this.#sync.succeeded();
      if (intent.do === "bead-issue" || intent.do === "issue") await scheduler.scheduleBy(TIMERS.lineage, now() + LINEAGE_GATHER_MS);
      log.event({ op: `linear_sync.${intent.do}`, outcome: "ok", durationMs: now() - startedAt, ids });
      return { ok: true };
    } catch (err) {
      this.#count(err);
      const failure = failureOf(err);
      log.event({ op: `linear_sync.${intent.do}`, outcome: "failed", durationMs: now() - startedAt, ids, fields: { error: failure.message } });
      return failure.kind === "terminal"
        ? { ok: false, terminal: failure.message }
        : { ok: false, ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }) };
    }
  }

  async #tellDisposition(intent: Extract<Intent, { do: "bind" | "close" }>): Promise<Result> {
    const { disposition, store, now } = this.#deps;
    if (intent.do === "bind") return disposition(intent.binding.escalationId).bind(intent.binding);
    const answer = await disposition(intent.escalationId).close(intent.reviewId, intent.decision, intent.decidedBy);
    if (answer.ok && answer.decidedHere) store.setFact(decidedHereFact(intent.escalationId), true, now());
    return answer;
  }

  /** Best effort: a hypothesis that the lineage does not have is not surfaced there. */
  async #surfaceHypothesis(effectId: string, { assembly, hypothesisId, period }: Extract<Intent, { do: "surface" }>): Promise<Delivery> {
    const answer = await this.#deps.graph(assembly).surface(hypothesisId, period, "linear");
    if (!answer.ok) {
      const { log, org } = this.#deps;
      log.event({
        op: "linear_sync.surface",
        outcome: "refused",
        durationMs: 0,
        ids: { org, effect: effectId },
        fields: { code: answer.code, message: answer.message },
      });
    }
    return { ok: true };
  }

  async #catchUpAll(): Promise<void> {
    if ((await this.#deps.target()) === null) return;
    for (const sessionId of this.#deps.store.behind()) await this.#catchUp(sessionId);
  }

  /** Reads a session's log to its end; a call during a read joins it and looks once more. */
  async #catchUp(sessionId: string): Promise<void> {
    const under = this.#reading.get(sessionId);
    if (under !== undefined) {
      // Whoever began that read hears of its failure; here it is only waited for.
      await Promise.allSettled([under]);
      return this.#isBehind(sessionId) ? this.#catchUp(sessionId) : undefined;
    }
    const reading = this.#read(sessionId);
    this.#reading.set(sessionId, reading);
    try {
      await reading;
    } catch (err) {
      await this.#deps.scheduler.scheduleBy(TIMERS.behind, this.#deps.now() + BEHIND_MS);
      throw err;
    } finally {
      this.#reading.delete(sessionId);
    }
  }

  #isBehind(sessionId: string): boolean {
    const session = this.#deps.store.session(sessionId);
    return session !== null && session.cursor < session.wanted;
  }

  async #read(sessionId: string): Promise<void> {
    const { store, log, outbox, org } = this.#deps;
    for (;;) {
      const cursor = store.session(sessionId)?.cursor ?? 0;
      const { events, tip } = await this.#deps.sessionLog(sessionId).read(cursor, PAGE_EVENTS);
      if (events.length === 0) {
        // A hint beyond the log's end says nothing that could be waited for.
        if (this.#isBehind(sessionId)) store.transaction(() => store.settleAt(sessionId));
        return;
      }
      store.transaction(() => this.#take(sessionId, events));
      await outbox.poke();
      await this.#arm();
      if ((events.at(-1)?.seq ?? 0) < tip.lastSeq) continue;
      log.event({ op: "linear_sync.follow", outcome: "ok", durationMs: 0, ids: { org, session: sessionId }, fields: { seq: tip.lastSeq } });
      return;
    }
  }

  /** Takes events in order, all of them or none. */
  #take(sessionId: string, events: Awaited<ReturnType<SessionLogRpc["read"]>>["events"]): void {
    const { store } = this.#deps;
    const context = this.#reducerContext();
    for (const event of events) {
      const session = store.session(sessionId);
      if (session === null) return;
      if (event.seq <= session.cursor) continue;
      if (event.seq !== session.cursor + 1) throw new RetryableError(`Event ${event.seq} of ${sessionId} does not follow event ${session.cursor}.`);
      const { writes, intents } = reduce(event, session, context);
      store.apply(sessionId, writes);
      store.setCursor(sessionId, event.seq);
      for (const [index, intent] of intents.entries()) this.#enqueue(sessionId, `${sessionId}:${event.seq}:${index}`, intent);
    }
  }

  #reducerContext(): ReducerContext {
    const { org, store, links, grammarFor, now } = this.#deps;
    return { org, view: store, links, grammarFor, newEscalationId: () => ulidId("ESC", now()) };
  }

  #enqueue(sessionId: string, effectId: string, intent: Intent): void {
    this.#deps.outbox.enqueue({ effectId, lane: this.#laneOf(sessionId, intent), target: targetOf(intent), payload: intent });
  }

  /** A session's issues in their order; an escalation by itself, so that a person is not asked behind a thousand beads. */
  #laneOf(sessionId: string, intent: Intent): string {
    const escalationId = this.#escalationOf(intent);
    if (escalationId !== null) return `escalation:${escalationId}`;
    if (intent.do === "surface") return "lineage";
    return sessionId === "" ? "organisation" : `session:${sessionId}`;
  }

  #escalationOf(intent: Intent): string | null {
    const ofSubject = ({ kind, artifactId }: BindingSubject): string | null => (kind === "escalation" ? artifactId : null);
    switch (intent.do) {
      case "bind":
        return intent.binding.escalationId;
      case "close":
        return intent.escalationId;
      case "issue":
        return ofSubject(intent.draft.subject);
      case "issue-state":
        return ofSubject(intent.subject);
      case "comment":
        return this.#deps.store.escalationByIssue(intent.issueId)?.escalationId ?? null;
      default:
        return null;
    }
  }

  /** Sets the timers that what was taken calls for. */
  async #arm(): Promise<void> {
    await this.#armAt(TIMERS.health, this.#health.dueAt(), HEALTH_GATHER_MS);
    await this.#armAt(TIMERS.advisories, this.#desk.dueAt(), GATHER_MS);
  }

  async #armAt(timer: string, dueAt: number | null, gatherMs: number): Promise<void> {
    const { scheduler, now } = this.#deps;
    if (dueAt !== null) await scheduler.scheduleBy(timer, Math.max(dueAt, now() + gatherMs));
  }

  /** Being asked to wait is no failure: Linear answers then. */
  #count(err: unknown): void {
    if (!(err instanceof RateLimited) && !(err instanceof TooSoon)) this.#sync.failed(err);
  }

  /** Runs work on Linear that no effect carries, and counts how it went. */
  async #counted<T>(op: string, work: () => Promise<T>): Promise<T> {
    const { log, org, now } = this.#deps;
    const startedAt = now();
    try {
      const result = await work();
      this.#sync.succeeded();
      log.event({ op, outcome: "ok", durationMs: now() - startedAt, ids: { org } });
      return result;
    } catch (err) {
      this.#count(err);
      log.event({ op, outcome: "failed", durationMs: now() - startedAt, ids: { org }, fields: { error: messageOf(err) } });
      throw err;
    }
  }

  async #surface(): Promise<void> {
    if ((await this.#deps.target()) === null) return;
    await this.#counted("linear_sync.surface", () => this.#desk.run());
    await this.#deps.outbox.poke();
    await this.#armAt(TIMERS.advisories, this.#desk.dueAt(), GATHER_MS);
  }

  async #writeHealth(): Promise<void> {
    if ((await this.#deps.target()) === null) return;
    await this.#counted("linear_sync.health", () => this.#health.run());
    await this.#armAt(TIMERS.health, this.#health.dueAt(), HEALTH_GATHER_MS);
  }

  /** @throws RetryableError for an organisation that is shown no longer: its timers ask before */
  async #requireTarget(): Promise<LinearTarget> {
    const target = await this.#deps.target();
    if (target === null) throw new RetryableError("The organisation is shown in no team.");
    return target;
  }

  /** Puts bindings into the lineage of the assembly they are about. What the lineage refuses is told of and dropped. */
  async #recordBindings(): Promise<void> {
    const { store, log, org } = this.#deps;
    for (let batch = store.bindingEvents(LINEAGE_BATCH); batch !== null; batch = store.bindingEvents(LINEAGE_BATCH)) {
      const { assembly, nodes } = batch;
      const graph = this.#deps.graph(assembly);
      const whole = await graph.append(nodes, nodes.flatMap(sourceEdges));
      if (!whole.ok) {
        for (const node of nodes) {
          const answer = await graph.append([node], sourceEdges(node));
          if (!answer.ok)
            log.event({
              op: "linear_sync.lineage",
              outcome: "refused",
              durationMs: 0,
              ids: { org, node: node.id },
              fields: { code: answer.code, message: answer.message },
            });
        }
      }
      store.transaction(() => store.dropBindingEvents(nodes.map(({ id }) => id)));
    }
  }
}

function escalationBinding(org: string, escalation: Escalation): EscalationBinding {
  const { escalationId, sessionId, assembly, reviewId, matter, action, actionDigest, issueId } = escalation;
  return { org, escalationId, sessionId, assembly, reviewId, matter, action, actionDigest, issueId };
}

/** What a node rests on, as edges: they have to be there. */
function sourceEdges({ id, parents }: ArtifactNode): ArtifactEdge[] {
  return parents.map((target) => ({ source: id, rel: "source_ref", target }));
}

/** A refusal of the disposition object is final: the same binding is refused again. */
function answerOf(answer: Result): Delivery {
  return answer.ok ? { ok: true } : { ok: false, terminal: `${answer.code}: ${answer.message}` };
}
