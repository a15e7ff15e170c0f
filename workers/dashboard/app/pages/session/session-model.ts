/**
 * A session as its events tell it: pure folding of the log over what the read model had when it was asked. Events may come in batches
 * of any size, and again: only what follows the last folded `seq` changes anything.
 */
import { EVENT_KINDS, isTerminalKind, SESSION_STATES, type BeadState, type EventKind, type EventPayload, type SessionState } from "@factory/schemas";
import { payloadSchema } from "../../shared/event-payloads.ts";
import type { BeadRow, EventRow, SessionHead } from "./session-queries.ts";

/** A bead as it is now. Instants are RFC 3339. */
export type ModelBead = {
  readonly id: string;
  readonly runId: string;
  readonly atomId: string;
  readonly title: string;
  readonly team: string;
  readonly role: string;
  readonly state: BeadState;
  readonly attempt: number;
  readonly cycle: number;
  readonly epoch: number;
  readonly agentId: string | null;
  /** Of the last step. */
  readonly reason: string | null;
  readonly errorCode: string | null;
  /** Of the event that moved it last. */
  readonly seq: number;
  readonly createdAt: string;
  readonly updatedAt: string;
};

/** Beads by state. */
export type BeadCounts = { readonly [S in Lowercase<BeadState> | "total"]: number };

/** What the model calls came to; `costUsd` is null while no price is known, and `unpricedCalls` are not in it. */
export type CostsSoFar = SessionHead["costs"]["total"];

export type SessionModel = {
  readonly sessionId: string;
  /** The last event that is in the model. */
  readonly seq: number;
  /** True once the terminal event is in the model: nothing follows it. */
  readonly closed: boolean;
  readonly state: SessionState | null;
  readonly outcome: SessionState | null;
  readonly reason: string | null;
  readonly reasonCode: string | null;
  readonly runId: string | null;
  readonly updatedAt: string;
  readonly endedAt: string | null;
  readonly beads: ReadonlyMap<string, ModelBead>;
  /** False while beads of before the first folded event are still on their way. */
  readonly beadsComplete: boolean;
  readonly beadCounts: BeadCounts;
  /** In the order they were asked. */
  readonly openReviewIds: readonly string[];
  readonly costs: CostsSoFar;
  /** Events of a newer factory that this page cannot read. */
  readonly unreadEvents: number;
};

/** The model as the read model has the session, without beads. */
export function modelOfHead(head: SessionHead): SessionModel {
  return {
    sessionId: head.id,
    seq: head.asOfSeq,
    closed: head.outcome !== null,
    state: head.state,
    outcome: head.outcome,
    reason: head.reason,
    reasonCode: head.reasonCode,
    runId: head.runId,
    updatedAt: head.updatedAt,
    endedAt: head.endedAt,
    beads: new Map(),
    beadsComplete: false,
    beadCounts: head.beadCounts,
    openReviewIds: head.reviews.nodes.filter(({ open }) => open).map(({ id }) => id),
    costs: head.costs.total,
    unreadEvents: 0,
  };
}

/** With a page of beads of the read model. A bead of which the fold knows more already stays as it is. */
export function withBeads(model: SessionModel, rows: readonly BeadRow[], isLastPage: boolean): SessionModel {
  const beads = new Map(model.beads);
  for (const row of rows) {
    const known = beads.get(row.id);
    if (known === undefined || known.seq < row.seq) beads.set(row.id, row);
  }
  return counted({ ...model, beads, beadsComplete: model.beadsComplete || isLastPage });
}

/**
 * With a newer answer of the head. It reads its sums after it reads how far they go, so they may have calls whose events are still to
 * come: a sum is taken from it only where that cannot count a call twice.
 */
export function withHead(model: SessionModel, head: SessionHead): SessionModel {
  const hasAll = head.asOfSeq >= model.seq;
  const isExact = hasAll && (model.closed || head.costs.total.calls <= model.costs.calls);
  return { ...model, costs: isExact ? head.costs.total : model.costs, beadCounts: model.beadsComplete ? model.beadCounts : head.beadCounts };
}

/** With the events that follow what is in the model already; they are ordered by `seq`. */
export function foldEvents(model: SessionModel, events: readonly EventRow[]): SessionModel {
  const fresh = events.filter(({ seq }) => seq > model.seq);
  const last = fresh.at(-1);
  if (last === undefined) return model;
  const draft = new Draft(model);
  for (const event of fresh) draft.take(event);
  return draft.finished(last);
}

/** What a batch changes, so that a map of thousands of beads is copied once a batch and not once an event. */
class Draft {
  #model: SessionModel;
  #beads: Map<string, ModelBead> | undefined;

  constructor(model: SessionModel) {
    this.#model = model;
  }

  take(event: EventRow): void {
    if (!Object.hasOwn(EVENT_KINDS, event.kind) || !this.#takeKnown(event)) this.#set({ unreadEvents: this.#model.unreadEvents + 1 });
    if (event.runId !== null && this.#model.runId === null) this.#set({ runId: event.runId });
  }

  finished({ seq, occurredAt }: EventRow): SessionModel {
    const model = { ...this.#model, seq, updatedAt: occurredAt };
    return this.#beads === undefined ? model : counted({ ...model, beads: this.#beads });
  }

  #set(change: Partial<SessionModel>): void {
    this.#model = { ...this.#model, ...change };
  }

  /** @returns false when the event says something that this page cannot read */
  #takeKnown(event: EventRow): boolean {
    switch (event.kind) {
      case "SESSION_COMPLETED":
      case "SESSION_FAILED":
      case "SESSION_CANCELLED":
      case "SESSION_REJECTED":
        return this.#read(event.kind, event, (payload) =>
          this.#set({
            closed: isTerminalKind(event.kind),
            state: payload.outcome,
            outcome: payload.outcome,
            reason: payload.reason,
            reasonCode: payload.reasonCode ?? null,
            endedAt: event.occurredAt,
            openReviewIds: [],
          }),
        );
      case "REVIEW_REQUIRED":
        return this.#read(event.kind, event, ({ reviewId, toState }) => {
          const others = this.#model.openReviewIds.filter((id) => id !== reviewId);
          this.#set({ openReviewIds: [...others, reviewId], ...entered(toState) });
        });
      case "REVIEW_RESOLVED":
        return this.#read(event.kind, event, ({ reviewId, toState }) =>
          this.#set({ openReviewIds: this.#model.openReviewIds.filter((id) => id !== reviewId), ...entered(toState) }),
        );
      case "SESSION_SUBMITTED":
      case "COMPILATION_STARTED":
      case "COMPILATION_COMPLETE":
      case "DEPLOYING":
      case "MONITORED":
      case "EXECUTION_COMPLETE":
      case "APPROVAL_GRANTED":
      case "COMPILATION_FAILED":
      case "EXECUTION_FAILED":
        return this.#read(event.kind, event, ({ toState }) => this.#set(entered(toState)));
      case "BEAD_CLAIMED":
      case "BEAD_RELEASED":
      case "BEAD_FAILED":
      case "BEAD_RESCUED":
      case "BEAD_STATE_CHANGED":
        return this.#read(event.kind, event, (payload) => this.#moveBead(event, payload));
      case "MODEL_CALLED":
        return this.#read(event.kind, event, (payload) => this.#set({ costs: withCall(this.#model.costs, payload) }));
      default:
        // The other kinds change nothing that the page holds: tabs ask for what they tell of.
        return true;
    }
  }

  /** Fields that only a newer factory knows are left out. */
  #read<K extends EventKind>(kind: K, { payload }: EventRow, apply: (payload: EventPayload<K>) => void): boolean {
    const parsed = payloadSchema(kind).safeParse(payload);
    // The schema is the kind's own, which the type of a table's entry does not say.
    if (parsed.success) apply(parsed.data as EventPayload<K>);
    return parsed.success;
  }

  #moveBead({ seq, occurredAt }: EventRow, payload: EventPayload<"BEAD_CLAIMED">): void {
    this.#beads ??= new Map(this.#model.beads);
    const known = this.#beads.get(payload.beadId);
    // The read model may have been ahead of the log's place that the fold began at.
    if (known !== undefined && known.seq >= seq) return;
    const { beadId: id, toState: state, runId, atomId, title, team, role, attempt, cycle, epoch } = payload;
    const { agentId = null, reason = null, errorCode = null } = payload;
    const place = { id, runId, atomId, title, team, role, state, attempt, cycle, epoch, agentId, reason, errorCode };
    this.#beads.set(id, { ...place, seq, createdAt: known?.createdAt ?? occurredAt, updatedAt: occurredAt });
  }
}

function entered(toState: string | undefined): Partial<SessionModel> {
  const state = SESSION_STATES.find((known) => known === toState);
  return state === undefined ? {} : { state };
}

function withCall(sum: CostsSoFar, { costUsd, inputTokens, outputTokens, durationMs }: EventPayload<"MODEL_CALLED">): CostsSoFar {
  return {
    calls: sum.calls + 1,
    costUsd: withKnown(sum.costUsd, costUsd),
    unpricedCalls: sum.unpricedCalls + (costUsd === undefined ? 1 : 0),
    inputTokens: withKnown(sum.inputTokens, inputTokens),
    outputTokens: withKnown(sum.outputTokens, outputTokens),
    durationMs: sum.durationMs + durationMs,
  };
}

/** What a call did not tell adds nothing; the sum is not known until one has told. */
const withKnown = (sum: number | null, more: number | undefined): number | null => (more === undefined ? sum : (sum ?? 0) + more);

/** Until every bead is there, the counts are those of the read model. */
function counted(model: SessionModel): SessionModel {
  return model.beadsComplete ? { ...model, beadCounts: countsOf(model.beads.values()) } : model;
}

/** Beads by state. */
export function countsOf(beads: Iterable<Pick<ModelBead, "state">>): BeadCounts {
  const counts = { total: 0, blocked: 0, ready: 0, leased: 0, waiting: 0, done: 0, failed: 0, cancelled: 0 };
  for (const { state } of beads) {
    counts.total += 1;
    // Lower case of a state's name is the key of its count.
    counts[state.toLowerCase() as Lowercase<BeadState>] += 1;
  }
  return counts;
}
