/** Entry of the governance Worker: who is of an organisation, what policy allows, and what the We-layer decides, behind RPC. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { OutboundSignal, Result } from "@factory/schemas";
import type {
  DirectoryActor,
  Health,
  PolicyDecision,
  PolicyRequest,
  PolicyRpc,
  PublishedSigningKey,
  ReceivedMessage,
  SignalOutcome,
  SignalReceipt,
  SignalsRpc,
  SignedMessage,
  SubscriberView,
  Suspension,
} from "@factory/schemas/rpc";
import { policiesOf } from "./policy/bindings.ts";
import { signalsOf } from "./signals/bindings.ts";
import type { Signals } from "./signals/signals.ts";

export { Bootstrap } from "./directory/bootstrap.ts";
export { OrgDirectoryDO } from "./directory/org-directory-do.ts";
export { SignalDeskDO } from "./signals/signal-desk-do.ts";

/** What the other Workers ask. */
export default class GovernanceWorker extends WorkerEntrypoint<Env> implements PolicyRpc, SignalsRpc {
  async health(): Promise<Health> {
    return { worker: "governance", ...policiesOf(this.env).health() };
  }

  async decide(requests: readonly PolicyRequest[]): Promise<readonly PolicyDecision[]> {
    return policiesOf(this.env).decide(requests);
  }

  async receiveSignal(token: string, body: Uint8Array): Promise<Result<{ receipt: SignalReceipt }>> {
    return this.#signals().receiveSignal(token, body);
  }

  async receiveMessage(kind: "EscalationEvent" | "VerdictClosureRecord", message: SignedMessage): Promise<Result<{ id: string; repeated: boolean }>> {
    return this.#signals().receiveMessage(kind, message);
  }

  async tell(org: string, effectId: string, signal: OutboundSignal): Promise<Result> {
    return this.#signals().tell(org, effectId, signal);
  }

  async suspensions(org: string): Promise<readonly Suspension[]> {
    return this.#signals().suspensions(org);
  }

  async outcome(org: string, dispositionEventId: string): Promise<SignalOutcome | null> {
    return this.#signals().outcome(org, dispositionEventId);
  }

  async messages(org: string, before: number | null, limit: number): Promise<readonly ReceivedMessage[]> {
    return this.#signals().messages(org, before, limit);
  }

  async putSubscriber(org: string, url: string, actor: DirectoryActor): Promise<Result<{ added: boolean }>> {
    return this.#signals().putSubscriber(org, url, actor);
  }

  async removeSubscriber(org: string, url: string): Promise<Result<{ removed: boolean }>> {
    return this.#signals().removeSubscriber(org, url);
  }

  async subscribers(org: string): Promise<readonly SubscriberView[]> {
    return this.#signals().subscribers(org);
  }

  async signingKeys(): Promise<{ readonly keys: readonly PublishedSigningKey[] }> {
    return this.#signals().signingKeys();
  }

  override async fetch(): Promise<Response> {
    return new Response("Not found\n", { status: 404 });
  }

  #signals(): Signals {
    return signalsOf(this.env, (requests) => policiesOf(this.env).decide(requests));
  }
}
