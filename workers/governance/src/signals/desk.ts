/**
 * The signal desk of one organisation: what was decided outside is taken once and carried to where it takes effect; what other
 * kernels tell is kept and passed on; what the factory tells goes to its subscribers.
 *
 * A token counts from the transaction that stores its signal and the signal's first effect: whatever is refused before, or fails,
 * leaves no trace and burns nothing.
 */
import type { Outbox } from "@factory/durable";
import { artifactNode, canonicalJson, digestOf, outboundSignal, refuse, sha256Hex } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, InboundSignal, OutboundSignal, Refusal, Result } from "@factory/schemas";
import type {
  CheckedMessage,
  CheckedSignal,
  DirectoryActor,
  ReceivedMessage,
  SignalOutcome,
  SignalReceipt,
  SubscriberView,
  Suspension,
} from "@factory/schemas/rpc";
import type { DeskStore, StoredMessage, StoredSignal } from "./desk-store.ts";
import { reviewOf } from "./disposition.ts";
import { lanes } from "./effects.ts";
import type { EffectPayload, Target } from "./effects.ts";
import { overrideScope } from "./signal-rules.ts";
import { refusedAddress } from "./subscriber-url.ts";

/** Most subscribers of an organisation: each message goes to every one of them. */
export const MAX_SUBSCRIBERS = 16;
/** How long what was told is remembered and tried to be told, in milliseconds: 30 days. */
export const TOLD_TTL_MS = 30 * 24 * 60 * 60_000;
/** Largest message to subscribers, in UTF-8 bytes of its canonical form: with its envelope it stays under what receivers take. */
export const MAX_TOLD_BYTES = 60_000;
/** Most messages of one answer. */
const MAX_MESSAGES = 100;

/** What a desk needs. */
export interface DeskDeps {
  readonly org: string;
  readonly store: DeskStore;
  readonly outbox: Pick<Outbox, "enqueue">;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** A new envelope id, `env_...`. */
  readonly newEnvelopeId: () => string;
  /** Whether subscribers on this machine may be told: only where the platform itself runs on it. */
  readonly allowLoopback: boolean;
}

type Override = Extract<InboundSignal, { readonly signalType: "OverrideSignal" }>;
type VerdictClosure = Extract<OutboundSignal, { readonly type: "VerdictClosureRecord" }>;

/** Decisions and messages of one organisation. */
export class SignalDesk {
  readonly #deps: DeskDeps;

  constructor(deps: DeskDeps) {
    this.#deps = deps;
  }

  /** Takes a checked signal with its token in one transaction, or answers a repeat from the record. */
  receive(request: CheckedSignal): Result<{ receipt: SignalReceipt }> {
    const { store, now } = this.#deps;
    return store.transaction((): Result<{ receipt: SignalReceipt }> => {
      const { dispositionEventId } = request.signal;
      const known = store.signal(dispositionEventId);
      const usedFor = store.tokenUse(request.keyId, request.jti);
      if (usedFor !== null && (usedFor !== dispositionEventId || known?.digest !== request.digest)) return refuse("TOKEN_REPLAYED");
      if (known !== null && known.digest !== request.digest) {
        return refuse("ALREADY_EXISTS", `The decision ${dispositionEventId} was signalled before, with another content.`);
      }
      if (known === null) {
        const refusal = this.#takeSignal(request, dispositionEventId, now());
        if (refusal !== null) return refusal;
      }
      store.useToken(request.keyId, request.jti, dispositionEventId, request.tokenExpiresAt);
      return { ok: true, receipt: receiptOf(request.signal, known?.acceptedAt ?? now(), known !== null) };
    });
  }

  /** Takes a checked message of another kernel, or answers a repeat from the record. */
  take({ envelopeId, digest, signal, from }: CheckedMessage): Result<{ id: string; repeated: boolean }> {
    const { store } = this.#deps;
    const id = messageId(signal);
    if (id === null) return refuse("INVALID_ARGUMENT", "Another kernel's health is not taken.");
    return store.transaction((): Result<{ id: string; repeated: boolean }> => {
      const known = store.message(envelopeId);
      if (known !== null) {
        if (known.digest === digest) return { ok: true, id, repeated: true };
        return refuse("ALREADY_EXISTS", `The envelope ${envelopeId} was used before, for another message.`);
      }
      const signalDigest = digestOf(signal);
      const last = store.lastDigestOf(signal.type, id);
      // The same message in another envelope says nothing new.
      if (last === signalDigest) return { ok: true, id, repeated: true };
      if (signal.type === "VerdictClosureRecord" && last !== null) {
        return refuse("ALREADY_EXISTS", `The record ${id} was taken before, with another content.`);
      }
      this.#takeMessage({ envelopeId, digest, id, signal, signalDigest, from });
      return { ok: true, id, repeated: false };
    });
  }

  /** Has subscribers told; the same effect again changes nothing. */
  tell(effectId: string, signal: OutboundSignal): Result {
    const parsed = outboundSignal.safeParse(signal);
    if (!parsed.success) return refuse("INVALID_ARGUMENT", `${signal.type} is not valid.`);
    if (new TextEncoder().encode(canonicalJson(parsed.data)).length > MAX_TOLD_BYTES)
      return refuse("TOO_LARGE", `A message has ${MAX_TOLD_BYTES} bytes at most.`);
    return this.#deps.store.transaction(() => this.#tell(effectId, parsed.data));
  }

  suspensions(): Suspension[] {
    return this.#deps.store.suspensions();
  }

  /** How everything stands that a signal does. */
  outcome(dispositionEventId: string): SignalOutcome | null {
    if (this.#deps.store.signal(dispositionEventId) === null) return null;
    const effects = this.#deps.store.effectsOf(dispositionEventId);
    const refused = effects.find(({ state }) => state === "refused");
    const delivering = effects.find(({ state }) => state === "delivering");
    if (refused !== undefined) return { dispositionEventId, state: "refused", detail: refused.detail };
    if (delivering !== undefined) return { dispositionEventId, state: "delivering", detail: delivering.detail };
    return { dispositionEventId, state: "done", detail: effects[0]?.detail ?? "" };
  }

  messages(before: number | null, limit: number): ReceivedMessage[] {
    return this.#deps.store.messages(before, Math.min(MAX_MESSAGES, Math.max(1, Math.trunc(limit))));
  }

  putSubscriber(url: string, actor: DirectoryActor): Result<{ added: boolean }> {
    const { store, now, allowLoopback } = this.#deps;
    const reason = refusedAddress(url, { allowLoopback });
    if (reason !== null) return refuse("INVALID_ARGUMENT", `This address cannot be told: ${reason}.`);
    const { href } = new URL(url);
    return store.transaction((): Result<{ added: boolean }> => {
      const present = store.subscribers();
      if (present.length >= MAX_SUBSCRIBERS && !present.some((subscriber) => subscriber.url === href)) {
        return refuse("FAILED_PRECONDITION", `An organisation has ${MAX_SUBSCRIBERS} subscribers at most. Remove one first.`);
      }
      return { ok: true, added: store.addSubscriber(href, actor.principalId, now()) };
    });
  }

  removeSubscriber(url: string): { removed: boolean } {
    return { removed: this.#deps.store.removeSubscriber(URL.parse(url)?.href ?? url) };
  }

  subscribers(): SubscriberView[] {
    return this.#deps.store.subscribers();
  }

  /** The node and edges of a verdict closure record: its cause is the decision that it closes. */
  recordOf(message: StoredMessage): { readonly node: ArtifactNode; readonly edges: readonly ArtifactEdge[] } {
    if (message.signal.type !== "VerdictClosureRecord") throw new TypeError(`${message.id} is no verdict closure record.`);
    const node = verdictClosureNode(this.#deps.org, message.signal, message.from);
    return { node, edges: [{ source: node.id, rel: "source_ref", target: message.signal.dispositionEventId }] };
  }

  /** Enqueues an effect of a signal, once. */
  addEffect(effectId: string, lane: string, target: Target, payload: Exclude<EffectPayload, { kind: "record" | "tell" }>): void {
    if (this.#deps.store.addEffect(effectId, payload.dispositionEventId)) this.#deps.outbox.enqueue({ effectId, lane, target, payload });
  }

  #takeSignal({ signal, digest, issuer, subject, keyId, policy }: CheckedSignal, dispositionEventId: string, acceptedAt: number): Refusal | null {
    const { store } = this.#deps;
    const refusal = signal.signalType === "OverrideSignal" ? this.#overrideRefusal(signal) : null;
    if (refusal !== null) return refusal;
    const stored: StoredSignal = { dispositionEventId, digest, signal, issuer, subject, keyId, policy, acceptedAt };
    store.addSignal(stored);
    const review = reviewOf(signal);
    if (review !== null) {
      const { sessionId } = review;
      this.addEffect(`dispose:${dispositionEventId}`, lanes.session(sessionId), "session", { kind: "dispose", dispositionEventId, sessionId });
    } else if (signal.signalType === "OverrideSignal") {
      if (signal.directive === "force-suspend")
        store.addSuspension(overrideScope(signal), signal.note, [...new Set(signal.approvers)], acceptedAt, dispositionEventId);
      else store.removeSuspension(overrideScope(signal));
      this.addEffect(`spread:${dispositionEventId}`, lanes.spread, "registry", { kind: "spread", dispositionEventId });
    }
    return null;
  }

  #overrideRefusal(signal: Override): Refusal | null {
    if (signal.directive === "emergency-patch") return null;
    const scope = overrideScope(signal);
    const inForce = this.suspensions().find(({ assembly }) => assembly === scope);
    const what = scope === null ? "The organisation" : `The assembly ${scope}`;
    if (signal.directive === "force-suspend") {
      return inForce === undefined ? null : refuse("FAILED_PRECONDITION", `${what} is suspended already, by ${inForce.dispositionEventId}.`);
    }
    return inForce === undefined ? refuse("FAILED_PRECONDITION", `${what} is not suspended.`) : null;
  }

  #takeMessage(message: StoredMessage): void {
    const { store, outbox, now } = this.#deps;
    const { envelopeId, signal } = message;
    if (signal.type !== "VerdictClosureRecord") {
      store.addMessage(message, "done", null, now());
      this.#tell(`message:${envelopeId}`, signal);
      return;
    }
    store.addMessage(message, "delivering", this.recordOf(message).node.id, now());
    outbox.enqueue({ effectId: `record:${envelopeId}`, lane: lanes.graph(signal.assemblyId), target: "graph", payload: { kind: "record", envelopeId } });
  }

  #tell(effectId: string, signal: OutboundSignal): Result {
    const { store, outbox, now, newEnvelopeId } = this.#deps;
    const digest = digestOf(signal);
    const known = store.told(effectId);
    if (known !== null) return known.digest === digest ? { ok: true } : refuse("ALREADY_EXISTS", `${effectId} told something else before.`);
    store.addTold(effectId, digest, newEnvelopeId(), signal, now());
    for (const { url } of store.subscribers()) {
      store.addTelling(effectId, url);
      const payload: EffectPayload = { kind: "tell", told: effectId, url };
      outbox.enqueue({ effectId: `tell:${sha256Hex(canonicalJson([effectId, url]))}`, lane: lanes.subscriber(url), target: "subscriber", payload });
    }
    return { ok: true };
  }
}

function receiptOf({ signalType, dispositionEventId }: InboundSignal, acceptedAt: number, repeated: boolean): SignalReceipt {
  return { signalType, dispositionEventId, repeated, acceptedAt: new Date(acceptedAt).toISOString() };
}

function messageId(signal: OutboundSignal): string | null {
  switch (signal.type) {
    case "EscalationEvent":
      return signal.escalationId;
    case "VerdictClosureRecord":
      return signal.vcrId;
    case "HealthSummary":
      return null;
    default: {
      const unknown: never = signal;
      return unknown;
    }
  }
}

function verdictClosureNode(org: string, { type: _type, ...record }: VerdictClosure, from: string): ArtifactNode {
  const data = { ...record, from, explicitness: "stated", rationale: `Told by ${from} in a signed message.` };
  return artifactNode("VCR", "VerdictClosureRecord", org, data, [record.dispositionEventId]);
}
