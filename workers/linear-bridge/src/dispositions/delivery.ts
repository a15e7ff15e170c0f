/** Delivery of what an escalation's object has decided: to the lineage, to the governance Worker's desk, to the session, to the issue. */
import { RetryableError } from "@factory/durable";
import type { Delivery, Effect } from "@factory/durable";
import { issueDispositionToken, readSigningJwk } from "@factory/governance";
import { canonicalJson, ERRORS, FactoryError, SIGNAL_SCOPES, inboundSignal } from "@factory/schemas";
import type { Refusal, Result } from "@factory/schemas";
import type { ArtifactGraphRpc, EscalationBinding, LinearProjectionRpc, SessionRpc, SignalsRpc } from "@factory/schemas/rpc";
import type { DispositionDesk } from "./disposition.ts";
import type { DispositionStore, StoredDecision } from "./disposition-store.ts";
import { TARGETS } from "./effects.ts";
import type { EffectPayload } from "./effects.ts";
import { SIGNAL_OF_VERB, signalOf } from "./proposal.ts";
import { decisionRecord } from "./records.ts";
import { subjectsOf } from "./subjects.ts";
import type { SubjectPorts } from "./subjects.ts";

/** The objects that effects go to, each got anew: a stub that broke stays broken. */
export interface DeliveryPorts extends SubjectPorts {
  readonly graph: (org: string, assembly: string) => Pick<ArtifactGraphRpc, "append" | "getMany">;
  readonly session: (org: string, sessionId: string) => Pick<SessionRpc, "dispose" | "status">;
  readonly issues: (org: string) => Pick<LinearProjectionRpc, "say">;
  readonly signals: () => Pick<SignalsRpc, "receiveSignal" | "outcome">;
  /** The secret DISPOSITION_KEY: an Ed25519 JWK. */
  readonly dispositionKey: string;
}

/** What delivery needs of the object. */
export interface DeliveryDeps {
  readonly ports: DeliveryPorts;
  readonly store: DispositionStore;
  readonly desk: Pick<DispositionDesk, "done" | "failed" | "awaitOutcome">;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Delivers consecutive effects of one target. Each receiver knows what it has seen. */
export async function deliver(deps: DeliveryDeps, target: string, effects: readonly Effect[]): Promise<Delivery> {
  const binding = deps.store.binding();
  const known = TARGETS.find((name) => name === target);
  if (binding === null || known === undefined) return { ok: false, terminal: `Nothing is known of the target ${target}.` };
  for (const { effectId, payload } of effects) {
    // Payloads were written by this object as what they are read as.
    const delivery = await deliverOne(deps, binding, effectId, payload as EffectPayload);
    if (!delivery.ok) return delivery;
  }
  return { ok: true };
}

async function deliverOne(deps: DeliveryDeps, binding: EscalationBinding, effectId: string, payload: EffectPayload): Promise<Delivery> {
  if (payload.kind === "say") {
    const said = await deps.ports.issues(binding.org).say(effectId, payload.issueId, payload.lines);
    if (said.ok) return { ok: true };
    return isFinal(said) ? { ok: false, terminal: wordsOf(said) } : { ok: false };
  }
  const decision = deps.store.decision(payload.dispositionEventId);
  if (decision === null) return { ok: false, terminal: `${payload.dispositionEventId} is not known.` };
  // What comes after a refusal is passed over: the decision is over and was told.
  if (decision.phase === "refused" || decision.phase === "done") return { ok: true };
  const { kind } = payload;
  switch (kind) {
    case "record":
      return record(deps, binding, decision);
    case "signal":
      return signal(deps, binding, decision);
    case "dispose":
      return dispose(deps, binding, decision, effectId);
    default: {
      const unknown: never = kind;
      return unknown;
    }
  }
}

/** Puts the decision on record: both nodes with their edges in one append, made once and kept before they leave. */
async function record({ ports, store, desk }: DeliveryDeps, binding: EscalationBinding, stored: StoredDecision): Promise<Delivery> {
  const { dispositionEventId, decision } = stored;
  const made = stored.record ?? decisionRecord(decision, binding, await subjectsOf(ports, binding));
  if (stored.record === null) store.keepRecord(dispositionEventId, made);
  const written = await ports.graph(binding.org, binding.assembly).append(made.nodes, made.edges);
  if (written.ok) {
    if (stored.phase === "recording") store.move(dispositionEventId, "delivering");
    return { ok: true };
  }
  return refusedBy(written, () => desk.failed(dispositionEventId, `It could not be put on record: ${wordsOf(written)}`));
}

/** Sends the signal behind a token of its own for each attempt; what it says is the same each time. */
async function signal({ ports, desk, now }: DeliveryDeps, binding: EscalationBinding, stored: StoredDecision): Promise<Delivery> {
  const { dispositionEventId, decision } = stored;
  const { verb } = decision.disposition;
  if (stored.record === null || verb === "reject") throw new FactoryError("INTERNAL", `${dispositionEventId} is no signal that is on record.`);
  const ids = { dispositionEventId, elucidationArtifactId: stored.record.reasonId };
  const body = inboundSignal.parse(signalOf(decision, binding, ids));
  const { key } = await readSigningJwk(ports.dispositionKey, "DISPOSITION_KEY");
  const [approver] = decision.approvers;
  const claims = { org: binding.org, subject: approver.member, scopes: [SIGNAL_SCOPES[SIGNAL_OF_VERB[verb]]], ...ids };
  const { token } = await issueDispositionToken(key, claims, now());
  const received = await ports.signals().receiveSignal(token, new TextEncoder().encode(canonicalJson(body)));
  if (received.ok) {
    await desk.awaitOutcome(dispositionEventId);
    return { ok: true };
  }
  return refusedBy(received, () => desk.failed(dispositionEventId, wordsOf(received)));
}

/** A rejection goes straight to its session. */
async function dispose({ ports, desk }: DeliveryDeps, binding: EscalationBinding, stored: StoredDecision, effectId: string): Promise<Delivery> {
  const { dispositionEventId, decision } = stored;
  const { disposition, approvers } = decision;
  if (stored.record === null || disposition.verb !== "reject") throw new FactoryError("INTERNAL", `${dispositionEventId} is no rejection that is on record.`);
  const answer = await ports.session(binding.org, binding.sessionId).dispose(effectId, {
    org: binding.org,
    reviewId: binding.reviewId,
    actionDigest: binding.actionDigest,
    decision: "rejected",
    note: disposition.reason,
    dispositionEventId,
    elucidationArtifactId: stored.record.reasonId,
    approvers: approvers.map(({ member }) => ({ id: member, person: member })),
    override: false,
    policy: null,
  });
  if (answer.ok) {
    desk.done(dispositionEventId, `The session is ${answer.state}.`, false);
    return { ok: true };
  }
  return refusedBy(answer, () => desk.failed(dispositionEventId, wordsOf(answer)));
}

/** Asks the desk how its signals ended. @returns whether one of them has not ended */
export async function askOutcomes({ ports, store, desk }: DeliveryDeps): Promise<boolean> {
  const binding = store.binding();
  if (binding === null) return false;
  let open = false;
  for (const { dispositionEventId } of store.awaiting()) {
    const outcome = await ports.signals().outcome(binding.org, dispositionEventId);
    if (outcome?.state === "done") {
      // Where policy asks for several people, an approval is one vote and the review stays open.
      const status = await ports.session(binding.org, binding.sessionId).status();
      desk.done(dispositionEventId, outcome.detail, status?.openReview?.reviewId === binding.reviewId);
    } else if (outcome?.state === "refused") desk.failed(dispositionEventId, outcome.detail);
    else open = true;
  }
  return open;
}

/** A refusal that no repetition mends ends the decision; any other is tried again. */
function refusedBy(refusal: Refusal, end: () => void): Delivery {
  if (!isFinal(refusal)) throw new RetryableError(wordsOf(refusal));
  end();
  return { ok: true };
}

function isFinal({ code }: Refusal): boolean {
  return ERRORS[code].retry === "never";
}

function wordsOf({ code, message }: Extract<Result, { ok: false }>): string {
  return `${code}: ${message}`;
}
