/**
 * What the governance Worker answers about signals: it checks everything that can be checked without changing anything, and hands
 * what holds to the organisation's desk. Whose organisation it is says the registered key, never the caller.
 */
import { messageOf } from "@factory/durable";
import type { Log } from "@factory/durable";
import {
  faultsOf,
  LINEAR_BRIDGE_ISSUER,
  messageDigest,
  signingKeysFor,
  verifyDispositionToken,
  verifyMessage,
  type DispositionToken,
  type RecordLookup,
  type SigningJwk,
} from "@factory/governance";
import { digestOf, FactoryError, inboundSignal, refusing, SIGNAL_SCOPES, SIGNATURE_ALGORITHMS } from "@factory/schemas";
import type { InboundSignal, OutboundSignal, Result } from "@factory/schemas";
import type {
  ArtifactGraphRpc,
  DecisionRecord,
  DirectoryActor,
  PolicyDecision,
  PolicyRequest,
  PublishedSigningKey,
  ReceivedMessage,
  SessionRegistryRpc,
  SignalDeskRpc,
  SignalOutcome,
  SignalReceipt,
  SignalsRpc,
  SignedMessage,
  SubscriberView,
  Suspension,
} from "@factory/schemas/rpc";
import { reviewOf } from "./disposition.ts";
import { inconsistencyOf } from "./signal-rules.ts";

/** Largest signal, in bytes: 64 KiB. */
export const MAX_SIGNAL_BYTES = 65_536;
/** Longest wait for a decision, in milliseconds; later than that nothing is permitted. */
const POLICY_DEADLINE_MS = 3_000;

/** What is asked, each got anew. */
export interface SignalsDeps {
  readonly desk: (org: string) => SignalDeskRpc;
  /** Key records, by the keys of `kvKey`. */
  readonly records: RecordLookup;
  readonly registry: Pick<SessionRegistryRpc, "hasAssembly" | "assemblyOf">;
  /** Lineage of an assembly that the registry knows. */
  readonly graph: (org: string, assembly: string) => Pick<ArtifactGraphRpc, "get" | "edgesOf">;
  readonly decide: (request: PolicyRequest) => Promise<PolicyDecision>;
  readonly signingKey: () => Promise<SigningJwk>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}

/** The signals of every organisation. */
export class Signals implements SignalsRpc {
  readonly #deps: SignalsDeps;

  constructor(deps: SignalsDeps) {
    this.#deps = deps;
  }

  receiveSignal(token: string, body: Uint8Array): Promise<Result<{ receipt: SignalReceipt }>> {
    return refusing(async () => {
      const { records, now, desk } = this.#deps;
      const keys = signingKeysFor("disposition", (key) => this.#ask("The key registry", () => records(key)), now);
      const { token: proved } = orThrow(await verifyDispositionToken(token, keys, now()));
      const { signal, digest } = readSignal(body);
      requireMatch(proved, signal);
      const policy = await this.#permit(proved, signal);
      await this.#requireRecords(proved.org, signal);
      const { org, tokenId: jti, expiresAtMs: tokenExpiresAt, issuer, subject, keyId } = proved;
      const checked = { jti, tokenExpiresAt, signal, digest, issuer, subject, keyId, policy };
      return orThrow(await this.#ask("The signal desk", () => desk(org).receive(checked)));
    });
  }

  receiveMessage(
    kind: "EscalationEvent" | "VerdictClosureRecord",
    { payload, algorithm, signature }: SignedMessage,
  ): Promise<Result<{ id: string; repeated: boolean }>> {
    return refusing(async () => {
      const { records, now, desk } = this.#deps;
      const named = SIGNATURE_ALGORITHMS.find((known) => known === algorithm);
      if (named === undefined) throw new FactoryError("INVALID_ARGUMENT", `A signature's algorithm is one of ${SIGNATURE_ALGORITHMS.join(", ")}.`);
      const keys = signingKeysFor("kernel", (key) => this.#ask("The key registry", () => records(key)), now);
      const { message } = orThrow(await verifyMessage(payload, { algorithm: named, value: signature }, keys, now()));
      const { org, message: signal, source } = message;
      if (signal.type !== kind) throw new FactoryError("INVALID_ARGUMENT", `The message has to be one ${kind}; it is one ${signal.type}.`);
      if (signal.type === "VerdictClosureRecord") await this.#requireDecision(org, signal.assemblyId, signal.dispositionEventId);
      const checked = { envelopeId: message.envelope_id, digest: messageDigest(message), signal, from: source.kernel_id };
      return orThrow(await this.#ask("The signal desk", () => desk(org).take(checked)));
    });
  }

  tell(org: string, effectId: string, signal: OutboundSignal): Promise<Result> {
    return this.#deps.desk(org).tell(effectId, signal);
  }

  suspensions(org: string): Promise<readonly Suspension[]> {
    return this.#deps.desk(org).suspensions();
  }

  outcome(org: string, dispositionEventId: string): Promise<SignalOutcome | null> {
    return this.#deps.desk(org).outcome(dispositionEventId);
  }

  messages(org: string, before: number | null, limit: number): Promise<readonly ReceivedMessage[]> {
    return this.#deps.desk(org).messages(before, limit);
  }

  putSubscriber(org: string, url: string, actor: DirectoryActor): Promise<Result<{ added: boolean }>> {
    return this.#deps.desk(org).putSubscriber(url, actor);
  }

  removeSubscriber(org: string, url: string): Promise<Result<{ removed: boolean }>> {
    return this.#deps.desk(org).removeSubscriber(url);
  }

  subscribers(org: string): Promise<readonly SubscriberView[]> {
    return this.#deps.desk(org).subscribers();
  }

  /** @throws FactoryError INTERNAL when the installation has no key to sign with. */
  async signingKeys(): Promise<{ readonly keys: readonly PublishedSigningKey[] }> {
    return { keys: [(await this.#deps.signingKey()).publicJwk] };
  }

  async #permit(token: DispositionToken, signal: InboundSignal): Promise<DecisionRecord> {
    const { decisionId, policies, policySet, allowed, reason } = await this.#ask("The policy engine", () =>
      withinDeadline(this.#deps.decide(policyRequest(token, signal)), POLICY_DEADLINE_MS),
    );
    if (!allowed) throw new FactoryError("POLICY_DENIED", reason === "" ? undefined : reason, { decisionId, policies });
    return { decisionId, policies, policySet };
  }

  /** The records that a signal rests on: nothing is addressed that the registry does not know. */
  async #requireRecords(org: string, signal: InboundSignal): Promise<void> {
    const { registry, graph } = this.#deps;
    const { assemblyId, dispositionEventId, elucidationArtifactId } = signal;
    const review = reviewOf(signal);
    if (review !== null) {
      const assembly = await this.#ask("The session registry", () => registry.assemblyOf(org, review.sessionId));
      if (assembly !== assemblyId) throw new FactoryError("NOT_FOUND", `There is no session ${review.sessionId} in the assembly ${assemblyId}.`);
    }
    const target = signal.signalType === "OverrideSignal" ? signal.targetAssemblyId : undefined;
    for (const assembly of new Set([assemblyId, ...(target === undefined ? [] : [target])])) {
      if (await this.#ask("The session registry", () => registry.hasAssembly(org, assembly))) continue;
      throw assembly === assemblyId ? unknownElucidation() : new FactoryError("NOT_FOUND", `There is no assembly ${assembly}.`);
    }
    const node = await this.#ask("The lineage", () => graph(org, assemblyId).get(elucidationArtifactId));
    if (node?.type !== "ElucidationArtifact") throw unknownElucidation();
    await this.#requireDecision(org, assemblyId, dispositionEventId);
    const { out } = await this.#ask("The lineage", () => graph(org, assemblyId).edgesOf(elucidationArtifactId));
    if (out.some(({ rel, target: decision }) => rel === "produced_at" && decision === dispositionEventId)) return;
    throw new FactoryError("ELUCIDATION_UNKNOWN", "The elucidation artifact is of another decision.");
  }

  async #requireDecision(org: string, assembly: string, dispositionEventId: string): Promise<void> {
    const { registry, graph } = this.#deps;
    const known = await this.#ask("The session registry", () => registry.hasAssembly(org, assembly));
    const node = known ? await this.#ask("The lineage", () => graph(org, assembly).get(dispositionEventId)) : null;
    if (node?.type === "DispositionEvent") return;
    throw new FactoryError("ELUCIDATION_UNKNOWN", `The decision ${dispositionEventId} is not in the lineage of the assembly ${assembly}.`);
  }

  /** Asks a part of the factory; that it does not answer says nothing of the signal. @throws FactoryError UNAVAILABLE */
  async #ask<T>(part: string, work: () => Promise<T>): Promise<T> {
    const startedAt = this.#deps.now();
    try {
      return await work();
    } catch (err) {
      if (err instanceof FactoryError) throw err;
      this.#deps.log.event({
        op: "signals.ask",
        outcome: "failed",
        durationMs: this.#deps.now() - startedAt,
        ids: {},
        fields: { part, error: messageOf(err) },
      });
      throw new FactoryError("UNAVAILABLE", `${part} did not answer. Nothing was taken; send it again.`);
    }
  }
}

function readSignal(body: Uint8Array): { readonly signal: InboundSignal; readonly digest: string } {
  if (body.length > MAX_SIGNAL_BYTES) throw new FactoryError("TOO_LARGE", `A signal has ${MAX_SIGNAL_BYTES} bytes at most.`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    // What the parser says quotes the body, which may hold what a log must not.
    throw new FactoryError("INVALID_ARGUMENT", "The signal is not UTF-8 JSON.");
  }
  const parsed = inboundSignal.safeParse(value);
  if (!parsed.success) {
    const { code, message, details } = faultsOf(parsed.error, "signal");
    throw new FactoryError(code, message, details);
  }
  try {
    return { signal: parsed.data, digest: digestOf(parsed.data) };
  } catch {
    // Half a surrogate pair has no canonical form.
    throw new FactoryError("INVALID_ARGUMENT", "The signal holds text that is no Unicode.");
  }
}

/** The token has to be for this kind of signal, and for exactly this decision. */
function requireMatch(token: DispositionToken, signal: InboundSignal): void {
  const scope = SIGNAL_SCOPES[signal.signalType];
  if (!token.scopes.includes(scope)) throw new FactoryError("PERMISSION_DENIED", `The token lacks the scope ${scope}.`, { scope });
  if (token.dispositionEventId !== signal.dispositionEventId || token.elucidationArtifactId !== signal.elucidationArtifactId) {
    throw new FactoryError("SIGNAL_MISMATCH");
  }
  const inconsistency = inconsistencyOf(signal, token.subject);
  if (inconsistency !== null) throw new FactoryError(inconsistency.code, inconsistency.message);
}

function policyRequest({ org, subject, issuer, scopes }: DispositionToken, signal: InboundSignal): PolicyRequest {
  const review = reviewOf(signal);
  const wholeOrg = signal.signalType === "OverrideSignal" && review === null && signal.targetAssemblyId === undefined;
  const assembly = (signal.signalType === "OverrideSignal" ? signal.targetAssemblyId : undefined) ?? signal.assemblyId;
  return {
    principal: { id: subject, kind: issuer === LINEAR_BRIDGE_ISSUER ? "linear" : "system", org, person: subject, roles: [], scopes },
    action: "SendSignal",
    resource:
      review !== null
        ? { type: "Session", org, id: review.sessionId, assembly: signal.assemblyId }
        : { type: wholeOrg ? "Org" : "Assembly", org, id: wholeOrg ? org : assembly },
    context: { operation: "/signals", signal: signal.signalType },
  };
}

function unknownElucidation(): FactoryError {
  return new FactoryError("ELUCIDATION_UNKNOWN");
}

function orThrow<T extends object>(answer: Result<T>): T {
  if (answer.ok) return answer;
  throw new FactoryError(answer.code, answer.message, answer.details);
}

async function withinDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
