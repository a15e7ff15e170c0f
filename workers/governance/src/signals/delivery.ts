/** Delivery of a signal desk's effects: to sessions, to an assembly's lineage, and to those who are told outside. */
import { TerminalError } from "@factory/durable";
import type { Delivery, Effect } from "@factory/durable";
import { ERRORS } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import type { ArtifactGraphRpc, SessionRegistryRpc, SessionRpc } from "@factory/schemas/rpc";
import type { SignalDesk } from "./desk.ts";
import { TOLD_TTL_MS } from "./desk.ts";
import type { DeskStore, StoredSignal } from "./desk-store.ts";
import { dispositionOf } from "./disposition.ts";
import { lanes, TARGETS } from "./effects.ts";
import type { EffectPayload } from "./effects.ts";
import { tellSubscriber } from "./outbound.ts";
import type { OutboundPorts } from "./outbound.ts";
import { overrideScope } from "./signal-rules.ts";

/** Sessions of one question to the registry. */
const PAGE_SESSIONS = 500;
/** By what the factory is known outside. */
const KERNEL_ID = "factory";
const AGENT_ID = "signal-desk";

/** The objects that effects go to, each got anew: a stub that broke stays broken. */
export interface DeskPorts extends OutboundPorts {
  readonly session: (sessionId: string) => Pick<SessionRpc, "dispose" | "suspend" | "unsuspend">;
  readonly registry: Pick<SessionRegistryRpc, "openSessionsOf">;
  readonly graph: (assembly: string) => Pick<ArtifactGraphRpc, "append">;
}

/** What delivery works on. */
export interface DeliveryDeps {
  readonly org: string;
  readonly store: DeskStore;
  readonly desk: SignalDesk;
  readonly ports: DeskPorts;
}

/** Delivers consecutive effects of one lane, one after the other; the first that is not taken ends the batch. */
export async function deliver(deps: DeliveryDeps, target: string, effects: readonly Effect[], signal: AbortSignal): Promise<Delivery> {
  if (!TARGETS.some((known) => known === target)) return { ok: false, terminal: `Nothing is known of the target ${target}.` };
  for (const { effectId, payload } of effects) {
    // Payloads were written by this object as what they are read as.
    const delivery = await deliverOne(deps, effectId, payload as EffectPayload, signal);
    if (!delivery.ok) return delivery;
  }
  return { ok: true };
}

async function deliverOne(deps: DeliveryDeps, effectId: string, payload: EffectPayload, signal: AbortSignal): Promise<Delivery> {
  switch (payload.kind) {
    case "dispose":
      return dispose(deps, effectId, payload.dispositionEventId, payload.sessionId);
    case "spread":
      return spread(deps, effectId, payload.dispositionEventId, signal);
    case "suspend":
    case "unsuspend":
      return carry(deps, effectId, payload);
    case "record":
      return record(deps, payload.envelopeId);
    case "tell":
      return tell(deps, payload, signal);
    default: {
      const unknown: never = payload;
      return unknown;
    }
  }
}

async function dispose(deps: DeliveryDeps, effectId: string, dispositionEventId: string, sessionId: string): Promise<Delivery> {
  const disposition = dispositionOf(deps.org, signalOf(deps, dispositionEventId));
  if (disposition === null) throw new TerminalError(`${dispositionEventId} decides on no review.`);
  const answer = await deps.ports.session(sessionId).dispose(effectId, disposition);
  return settle(deps, effectId, answer, answer.ok ? `The session is ${answer.state}.` : "");
}

async function carry(deps: DeliveryDeps, effectId: string, payload: Extract<EffectPayload, { kind: "suspend" | "unsuspend" }>): Promise<Delivery> {
  const { dispositionEventId, sessionId, kind } = payload;
  const session = deps.ports.session(sessionId);
  const { signal } = signalOf(deps, dispositionEventId);
  const answer =
    kind === "suspend" ? await session.suspend(effectId, signal.note ?? "", dispositionEventId) : await session.unsuspend(effectId, dispositionEventId);
  return settle(deps, effectId, answer, kind === "suspend" ? "Sessions are suspended." : "Sessions go on.");
}

/**
 * Has each open session in the scope of an override told. It begins anew when it is broken off: a session that was noted is not
 * noted again. What another suspension still holds is not let go.
 */
async function spread(deps: DeliveryDeps, effectId: string, dispositionEventId: string, abort: AbortSignal): Promise<Delivery> {
  const { store, desk } = deps;
  const { signal } = signalOf(deps, dispositionEventId);
  if (signal.signalType !== "OverrideSignal") throw new TerminalError(`${dispositionEventId} is no override.`);
  const kind = signal.directive === "force-suspend" ? "suspend" : "unsuspend";
  const held = kind === "unsuspend" ? await heldElsewhere(deps, abort) : new Set<string>();
  let sessions = 0;
  for await (const sessionIds of openSessions(deps, overrideScope(signal), abort)) {
    const concerned = sessionIds.filter((sessionId) => !held.has(sessionId));
    sessions += concerned.length;
    store.transaction(() => {
      for (const sessionId of concerned) {
        desk.addEffect(`${kind}:${dispositionEventId}:${sessionId}`, lanes.session(sessionId), "session", { kind, dispositionEventId, sessionId });
      }
    });
  }
  store.setEffect(effectId, "done", `${sessions} open sessions are concerned.`);
  return { ok: true };
}

/** Sessions that a suspension which is in force now holds. */
async function heldElsewhere(deps: DeliveryDeps, abort: AbortSignal): Promise<ReadonlySet<string>> {
  const held = new Set<string>();
  for (const { assembly } of deps.store.suspensions()) {
    for await (const sessionIds of openSessions(deps, assembly, abort)) for (const sessionId of sessionIds) held.add(sessionId);
  }
  return held;
}

async function* openSessions({ org, ports }: DeliveryDeps, assembly: string | null, abort: AbortSignal): AsyncGenerator<readonly string[]> {
  let after: string | undefined;
  for (;;) {
    abort.throwIfAborted();
    const { sessionIds, more } = await ports.registry.openSessionsOf(org, assembly, PAGE_SESSIONS, after);
    yield sessionIds;
    after = sessionIds.at(-1);
    if (!more || after === undefined) return;
  }
}

async function record({ store, desk, ports }: DeliveryDeps, envelopeId: string): Promise<Delivery> {
  const message = store.message(envelopeId);
  if (message?.signal.type !== "VerdictClosureRecord") throw new TerminalError(`There is no verdict closure record in ${envelopeId}.`);
  const { node, edges } = desk.recordOf(message);
  const answer = await ports.graph(message.signal.assemblyId).append([node], edges);
  if (answer.ok) store.setMessage(envelopeId, "done", "");
  else if (isFinal(answer)) store.setMessage(envelopeId, "refused", `${answer.code}: ${answer.message}`);
  else return { ok: false };
  return { ok: true };
}

async function tell(deps: DeliveryDeps, { told: toldId, url }: Extract<EffectPayload, { kind: "tell" }>, abort: AbortSignal): Promise<Delivery> {
  const { org, store, ports } = deps;
  const told = store.told(toldId);
  // A subscriber that was removed, or a message that has grown old, is nobody's matter any longer.
  if (told === null || !store.isToTell(toldId, url)) return { ok: true };
  if (ports.now() - told.toldAt >= TOLD_TTL_MS) {
    store.endTelling(toldId, url);
    return { ok: true };
  }
  const message = { envelopeId: told.envelopeId, producedAtMs: told.toldAt, kernelId: KERNEL_ID, agentId: AGENT_ID, org, message: told.signal };
  const { delivery, error } = await tellSubscriber(ports, url, message, abort);
  store.transaction(() => {
    if (error !== null) return store.noteFailed(url, error);
    store.endTelling(toldId, url);
    store.noteDelivered(url, ports.now());
  });
  return delivery;
}

/** Notes how an effect of a signal ended. A refusal that no repetition mends is an end too: it is in the outcome, and the lane goes on. */
function settle({ store }: DeliveryDeps, effectId: string, answer: Result, done: string): Delivery {
  if (answer.ok) store.setEffect(effectId, "done", done);
  else if (isFinal(answer)) store.setEffect(effectId, "refused", `${answer.code}: ${answer.message}`);
  else {
    store.setEffect(effectId, "delivering", `${answer.code}: ${answer.message} It is tried again.`);
    return { ok: false };
  }
  return { ok: true };
}

function isFinal(answer: Extract<Result, { ok: false }>): boolean {
  return ERRORS[answer.code].retry === "never";
}

function signalOf({ store }: DeliveryDeps, dispositionEventId: string): StoredSignal {
  const signal = store.signal(dispositionEventId);
  if (signal === null) throw new TerminalError(`There is no signal for ${dispositionEventId}.`);
  return signal;
}
