/**
 * RPC of the governance Worker's signal desk: what comes from the We-layer and what goes to it. SignalDeskDO, one an organisation,
 * keeps what was seen, so that nothing takes effect twice, and carries each effect out through its outbox.
 */
import type { Result } from "../errors.ts";
import type { InboundSignal, OutboundSignal } from "../signals.ts";
import type { DirectoryActor } from "./directory.ts";
import type { DecisionRecord } from "./policy.ts";

/** What became of a signal that was taken; the same signal again is answered from the record. */
export type SignalReceipt = {
  readonly signalType: InboundSignal["signalType"];
  readonly dispositionEventId: string;
  /** True when it was taken before: nothing was done again. */
  readonly repeated: boolean;
  readonly acceptedAt: string;
};

/** A signed message as it arrived: canonical bytes and the signature over exactly these. */
export type SignedMessage = { readonly payload: Uint8Array; readonly algorithm: string; readonly signature: Uint8Array };

/** What is in force because two people ordered it. */
export type Suspension = {
  readonly assembly: string | null;
  readonly reason: string;
  readonly by: readonly string[];
  readonly since: string;
  readonly dispositionEventId: string;
};

/** How the effects of a signal stand: `refused` when one of them was not taken, for what `detail` says. */
export type SignalOutcome = { readonly dispositionEventId: string; readonly state: "delivering" | "done" | "refused"; readonly detail: string };

/** A message of another kernel, as it was taken. */
export type ReceivedMessage = {
  /** Position in the order of arrival. */
  readonly seq: number;
  readonly envelopeId: string;
  /** Of the escalation or of the verdict closure record. */
  readonly id: string;
  readonly from: string;
  readonly receivedAt: string;
  readonly signal: OutboundSignal;
  /** The node of a verdict closure record in its assembly's lineage; null for an escalation. */
  readonly nodeId: string | null;
  /** How its effect stands; an escalation is done with being told. */
  readonly state: "delivering" | "done" | "refused";
  readonly detail: string;
};

/** Who is told what the factory tells outside. */
export type SubscriberView = {
  readonly url: string;
  readonly addedAt: string;
  readonly addedBy: string;
  /** Messages that are on their way, those that are tried again included. */
  readonly pending: number;
  /** RFC 3339 UTC; null before the first. */
  readonly lastDeliveredAt: string | null;
  /** Why the last attempt failed; null when it did not. */
  readonly lastError: string | null;
};

/** A public key that verifies what the factory tells outside, as a JSON Web Key. */
export type PublishedSigningKey = {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly alg: "EdDSA";
  readonly use: "sig";
};

/** The governance Worker's entry class; each call names the organisation, which its token or envelope must be of. */
export interface SignalsRpc {
  /**
   * Takes a signal behind a disposition token. The token is verified here (algorithm pinned, audience, life, organisation), then scope,
   * both ids, the elucidation artifact and `jti`, the last in the transaction that stores the signal. What is refused burns no token.
   *
   * UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT, SIGNAL_MISMATCH, ELUCIDATION_UNKNOWN, TOKEN_REPLAYED, POLICY_DENIED.
   */
  receiveSignal(token: string, body: Uint8Array): Promise<Result<{ receipt: SignalReceipt }>>;
  /** Takes an escalation (`/escalations`) or a verdict closure record (`/vcrs`) of another kernel in a signed envelope. */
  receiveMessage(kind: "EscalationEvent" | "VerdictClosureRecord", message: SignedMessage): Promise<Result<{ id: string; repeated: boolean }>>;
  /** Sends a message of the factory itself to the organisation's subscribers, signed; the same `effectId` again is a no-op. */
  tell(org: string, effectId: string, signal: OutboundSignal): Promise<Result>;
  /** Suspensions that are in force. */
  suspensions(org: string): Promise<readonly Suspension[]>;
  outcome(org: string, dispositionEventId: string): Promise<SignalOutcome | null>;
  /** Messages of other kernels, newest first, strictly before `before` (a seq) where it is given; 100 at most. */
  messages(org: string, before: number | null, limit: number): Promise<readonly ReceivedMessage[]>;
  /** Adds a subscriber; the same again changes nothing. INVALID_ARGUMENT for an address that may not be called, FAILED_PRECONDITION for one too many. */
  putSubscriber(org: string, url: string, actor: DirectoryActor): Promise<Result<{ added: boolean }>>;
  removeSubscriber(org: string, url: string): Promise<Result<{ removed: boolean }>>;
  subscribers(org: string): Promise<readonly SubscriberView[]>;
  /** The keys that verify what is told outside, the one that signs now first. */
  signingKeys(): Promise<{ readonly keys: readonly PublishedSigningKey[] }>;
}

/** A signal whose token, scope, ids, policy and records were checked. `digest` is of the signal. */
export type CheckedSignal = {
  readonly jti: string;
  /** Epoch milliseconds. */
  readonly tokenExpiresAt: number;
  readonly signal: InboundSignal;
  readonly digest: string;
  readonly issuer: string;
  readonly subject: string;
  readonly keyId: string;
  readonly policy: DecisionRecord;
};

/** A message whose signature was checked. `digest` is what stays the same when it is signed again. */
export type CheckedMessage = { readonly envelopeId: string; readonly digest: string; readonly signal: OutboundSignal; readonly from: string };

/** What SignalDeskDO answers to its own Worker. */
export interface SignalDeskRpc {
  receive(request: CheckedSignal): Promise<Result<{ receipt: SignalReceipt }>>;
  take(request: CheckedMessage): Promise<Result<{ id: string; repeated: boolean }>>;
  tell(effectId: string, signal: OutboundSignal): Promise<Result>;
  suspensions(): Promise<readonly Suspension[]>;
  outcome(dispositionEventId: string): Promise<SignalOutcome | null>;
  messages(before: number | null, limit: number): Promise<readonly ReceivedMessage[]>;
  putSubscriber(url: string, actor: DirectoryActor): Promise<Result<{ added: boolean }>>;
  removeSubscriber(url: string): Promise<Result<{ removed: boolean }>>;
  subscribers(): Promise<readonly SubscriberView[]>;
  poke(): Promise<void>;
}
