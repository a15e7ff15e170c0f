/** The object of an escalation without its shell: its decisions with their outbox and timers, over storage, alarm and neighbours that are given. */
import { answered, migrate, Outbox, Scheduler } from "@factory/durable";
import type { Log, OutboxDeps, Random, StoragePort, TimerPort } from "@factory/durable";
import type { Result } from "@factory/schemas";
import type { CommentOutcome, EscalationBinding, LinearComment, OutboxHealth } from "@factory/schemas/rpc";
import { askOutcomes, deliver } from "./delivery.ts";
import type { DeliveryDeps, DeliveryPorts } from "./delivery.ts";
import { DispositionDesk, OUTCOME_TIMER } from "./disposition.ts";
import type { DispositionDeps } from "./disposition.ts";
import { DISPOSITION_MIGRATIONS, DispositionStore } from "./disposition-store.ts";
import type { EffectPayload } from "./effects.ts";
import { EXPIRY_TIMER } from "./votes.ts";

/**
 * Attempts before a delivery is given up: with a cap of five minutes and full jitter some two weeks, so that a neighbour that is
 * down for long loses nothing.
 */
const MAX_ATTEMPTS = 8_000;

/** What the object needs. */
export interface DispositionObjectDeps extends Pick<DispositionDeps, "authority" | "isFor" | "now">, Pick<OutboxDeps, "startTimeout" | "background"> {
  readonly storage: StoragePort;
  readonly timer: TimerPort;
  readonly log: Log;
  readonly random: Random;
  readonly ports: DeliveryPorts;
}

/** One escalation's decisions with everything that leaves them. The shell calls {@link DispositionObject.rearm} before anything else. */
export class DispositionObject {
  readonly #deps: DispositionObjectDeps;
  readonly #store: DispositionStore;
  readonly #scheduler: Scheduler;
  readonly #outbox: Outbox;
  readonly #desk: DispositionDesk;
  readonly #delivery: DeliveryDeps;

  constructor(deps: DispositionObjectDeps) {
    this.#deps = deps;
    migrate(deps.storage, DISPOSITION_MIGRATIONS);
    this.#store = new DispositionStore(deps.storage);
    this.#scheduler = new Scheduler(deps);
    this.#outbox = new Outbox({
      ...deps,
      scheduler: this.#scheduler,
      deliver: (target, effects) => deliver(this.#delivery, target, effects),
      // This object wrote the payload as what it is read as.
      onParked: ({ payload, reason }) => this.#desk.parked(payload as EffectPayload, reason),
      // A comment that the writer of issues refuses for good holds back no other.
      whenParked: "skip",
      limits: { maxAttempts: MAX_ATTEMPTS },
    });
    this.#desk = new DispositionDesk({ ...deps, store: this.#store, outbox: this.#outbox, scheduler: this.#scheduler });
    this.#delivery = { ports: deps.ports, store: this.#store, desk: this.#desk, now: deps.now };
    this.#scheduler.on(EXPIRY_TIMER, () => this.#expire(), { dueAt: () => this.#desk.expiresAt() });
    this.#scheduler.on(OUTCOME_TIMER, ({ payload }) => this.#askOutcomes(payload), { dueAt: () => (this.#store.awaiting().length > 0 ? deps.now() : null) });
  }

  /** Sets the timers that state calls for. */
  rearm(): Promise<void> {
    return this.#scheduler.rearm();
  }

  /** Runs what is due. */
  onAlarm(): Promise<void> {
    return this.#scheduler.onAlarm(this.#deps.now());
  }

  bind(binding: EscalationBinding): Result {
    return this.#desk.bind(binding);
  }

  /** Takes a comment and has what follows from it leave. */
  async comment(comment: LinearComment): Promise<Result<{ taken: CommentOutcome }>> {
    const { log, now } = this.#deps;
    const startedAt = now();
    const head = { op: "disposition.comment", ids: { comment: comment.commentId, issue: comment.issueId, author: comment.authorId } };
    // A refusal of the desk is data; one that is thrown says what was not known.
    const asked = await answered(log, now, head, async () => ({ answer: await this.#desk.comment(comment) }));
    const answer = asked.ok ? asked.answer : asked;
    if (answer.ok) {
      const { outcome, ...fields } = answer.taken;
      log.event({ ...head, outcome: outcome === "refused" ? "refused" : "ok", durationMs: now() - startedAt, fields: { taken: outcome, ...fields } });
    }
    await this.#armExpiry();
    await this.#outbox.poke();
    return answer;
  }

  async close(reviewId: string, decision: string, decidedBy: string): Promise<Result<{ decidedHere: boolean }>> {
    const answer = this.#desk.close(reviewId, decision, decidedBy);
    await this.#outbox.poke();
    return answer;
  }

  /** How far the answer to the review has come, and the outbox. */
  health(): { readonly state: string; readonly outbox: { readonly health: () => OutboxHealth } } {
    return { state: this.#store.answer()?.phase ?? "idle", outbox: this.#outbox };
  }

  async #expire(): Promise<void> {
    this.#desk.expire();
    await this.#armExpiry();
    await this.#outbox.poke();
  }

  async #armExpiry(): Promise<void> {
    const next = this.#desk.expiresAt();
    if (next !== null) await this.#scheduler.schedule(EXPIRY_TIMER, next);
  }

  async #askOutcomes(payload: unknown): Promise<void> {
    // Scheduled by the desk with how often it was asked; an object that comes back begins anew.
    const asked = (payload as { readonly asked: number } | null)?.asked ?? 0;
    if (await askOutcomes(this.#delivery)) await this.#desk.askAgain(asked + 1);
    await this.#outbox.poke();
  }
}
