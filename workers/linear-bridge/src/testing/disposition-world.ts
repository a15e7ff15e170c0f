/** An escalation's object with everything around it, over real SQLite: its neighbours keep what they took and do what the test asks. */
import { ARTIFACT_GRAPH_MIGRATIONS, ArtifactGraph } from "@factory/artifact-graph";
import { migrate } from "@factory/durable";
import { ManualAlarm, ManualClock, MemoryLog, MortalStorage, NodeSqliteStorage } from "@factory/durable/testing";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import { verifyDispositionToken } from "@factory/governance";
import type { DispositionToken } from "@factory/governance";
import { artifactNode, digestOf, FactoryError, inboundSignal, refuse, refusing } from "@factory/schemas";
import type { ArtifactNode, InboundSignal, Result, SessionEvent } from "@factory/schemas";
import type { CommentOutcome, Disposition, EscalationBinding, LinearComment, SessionStatus, SignalOutcome, SignalReceipt } from "@factory/schemas/rpc";
import type { AuthorityRegistry } from "../authority/authority-registry.ts";
import type { DeliveryPorts } from "../dispositions/delivery.ts";
import { DispositionObject } from "../dispositions/disposition-object.ts";
import type { BridgeKey } from "./bridge-key.ts";
import { aBinding, aRegistry } from "./escalations.ts";

/** What the next call of a neighbour meets. */
export type Fault = "down" | "crash before" | "crash after" | "lost answer";

/** What the object has said, sent and written. */
export type EndState = {
  readonly said: readonly string[];
  readonly signals: readonly string[];
  readonly rejections: number;
  readonly nodes: { readonly [type: string]: number };
};

/** The storage and the neighbours, which outlive every incarnation of the object. */
export class DispositionWorld {
  readonly binding: EscalationBinding;
  readonly clock = new ManualClock(Date.parse("2026-08-04T09:00:00Z"));
  readonly log = new MemoryLog();
  readonly signal: ArtifactNode;
  /** Null: none is published. An error: the store does not answer. */
  registry: AuthorityRegistry | null | Error = aRegistry();
  /** What the next calls of neighbours meet, in order; none when it is empty. */
  readonly faults: (Fault | null)[] = [];
  /** Neighbour calls so far. */
  calls = 0;
  /** What the desk answers to each next signal instead of taking it. */
  readonly refusals: Result<{ receipt: SignalReceipt }>[] = [];
  /** How each signal ends; `delivering` until it is set. */
  outcome: Omit<SignalOutcome, "dispositionEventId"> = { state: "done", detail: "The session goes on." };
  disposed: Result<{ state: "EXECUTING" }> = { ok: true, state: "EXECUTING" };
  /** Whether the session's review waits for further people after a vote. */
  reviewOpen = false;
  /** Comments by effect id, as the writer of issues keeps them. */
  readonly said = new Map<string, readonly string[]>();
  /** Signals by disposition event, as the desk keeps them. */
  readonly signals = new Map<string, { readonly body: InboundSignal; readonly digest: string; readonly tokens: DispositionToken[] }>();
  readonly dispositions = new Map<string, Disposition>();
  readonly #database = new NodeSqliteStorage();
  readonly #alarm = new ManualAlarm();
  readonly #graph: ArtifactGraph;
  readonly #key: BridgeKey;
  #storage: MortalStorage;
  #object: DispositionObject;

  constructor(key: BridgeKey, changes: Partial<EscalationBinding> = {}) {
    this.#key = key;
    this.binding = aBinding(changes);
    const storage = new NodeSqliteStorage();
    migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
    this.#graph = new ArtifactGraph({ storage, namespace: "shop", registry: FACTORY_REGISTRY, verifyId: factoryIds("acme"), now: this.clock.now });
    this.signal = artifactNode("SIG", "Signal", "acme", { title: "Carts" }, []);
    this.#graph.append([this.signal], []);
    [this.#storage, this.#object] = this.#open();
  }

  get object(): DispositionObject {
    return this.#object;
  }

  get graph(): ArtifactGraph {
    return this.#graph;
  }

  /** Binds the object and takes comments in turn; a crash starts the next incarnation, and the comment is delivered again. */
  async take(...comments: readonly LinearComment[]): Promise<CommentOutcome[]> {
    const outcomes: CommentOutcome[] = [];
    for (const comment of comments) outcomes.push(await this.takeOne(comment));
    return outcomes;
  }

  async takeOne(comment: LinearComment): Promise<CommentOutcome> {
    await this.#settleRestart();
    const bound = this.#object.bind(this.binding);
    if (!bound.ok) throw new Error(bound.message);
    const answer = await this.#object.comment(comment);
    if (!answer.ok) throw new FactoryError(answer.code, answer.message);
    return answer.taken;
  }

  /** Drops the object in memory and starts the next one, as the platform does. */
  async restart(): Promise<void> {
    this.#storage.die();
    await this.#settleRestart();
  }

  /** Runs what is due, and lets time pass from alarm to alarm until there is none or `untilMs` have passed. */
  async settle(untilMs = 30 * 60_000): Promise<void> {
    const end = this.clock.now() + untilMs;
    for (let steps = 0; steps < 500; steps += 1) {
      await this.#settleRestart();
      const at = this.#alarm.at;
      if (at === null || at > end) return;
      this.clock.advance(Math.max(0, at - this.clock.now()));
      if (this.#alarm.take(this.clock.now())) await this.#survive(() => this.#object.onAlarm());
    }
    throw new Error("The object does not come to rest.");
  }

  /** What everybody outside sees. */
  end(): EndState {
    const types = ["DispositionEvent", "ElucidationArtifact", "RejectionRecord"];
    return {
      said: [...this.said.keys()].map((id) => id.replace(/^.*:say:/, "")).toSorted(),
      signals: [...this.signals.keys()].toSorted(),
      rejections: this.dispositions.size,
      nodes: Object.fromEntries(types.map((type) => [type, this.#graph.byType(type, 100).length])),
    };
  }

  /** Everything that was said, in order. */
  words(): string {
    return [...this.said.values()].flat().join("\n");
  }

  async #survive(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (err) {
      if (!this.#storage.dead) throw err;
    }
  }

  async #settleRestart(): Promise<void> {
    if (!this.#storage.dead) return;
    [this.#storage, this.#object] = this.#open();
    await this.#object.rearm();
  }

  #open(): [MortalStorage, DispositionObject] {
    const storage = new MortalStorage(this.#database);
    const object = new DispositionObject({
      storage,
      timer: this.#alarm,
      log: this.log,
      now: this.clock.now,
      random: () => 0.5,
      startTimeout: this.clock.startTimeout,
      ports: this.#ports(storage),
      authority: async () => {
        if (this.registry instanceof Error) throw this.registry;
        return this.registry;
      },
      isFor: ({ escalationId }) => escalationId === this.binding.escalationId,
    });
    return [storage, object];
  }

  #ports(storage: MortalStorage): DeliveryPorts {
    const call = async <T>(work: () => Promise<T>): Promise<T> => this.#call(storage, work);
    return {
      dispositionKey: this.#key.secret,
      graph: () => ({
        append: (nodes, edges) => call(() => refusing(async () => ({ written: this.#graph.append(nodes, edges) }))),
        getMany: (ids) => call(() => refusing(async () => ({ nodes: this.#graph.getMany(ids) }))),
      }),
      log: () => ({ read: () => call(async () => ({ events: this.#events(), tip: { lastSeq: 1, rootHash: "", closed: false, archived: false } })) }),
      session: () => ({
        dispose: (effectId, disposition) => call(async () => this.#dispose(effectId, disposition)),
        status: () => call(async () => this.#status()),
      }),
      issues: () => ({ say: (effectId, issueId, lines) => call(async () => this.#say(effectId, issueId, lines)) }),
      signals: () => ({
        receiveSignal: (token, body) => call(() => this.#receive(token, body)),
        outcome: (_org, id) => call(async () => (this.signals.has(id) ? { dispositionEventId: id, ...this.outcome } : null)),
      }),
    };
  }

  async #call<T>(storage: MortalStorage, work: () => Promise<T>): Promise<T> {
    this.calls += 1;
    const fault = this.faults.shift() ?? null;
    if (fault === "down") throw new Error("no answer");
    if (fault === "crash before") {
      storage.die();
      throw new Error("crashed");
    }
    const answer = await work();
    if (fault === "crash after") storage.die();
    if (fault === "lost answer") throw new Error("answer lost");
    return answer;
  }

  #events(): SessionEvent[] {
    const payload = { artifactId: this.signal.id, artifactType: "Signal", contentHash: digestOf(this.signal.data), edges: [] };
    const common = { seq: 1, eventId: "EVT-1", kind: "ARTIFACT_WRITTEN", stream: "artifactWrites", schemaVersion: 1, occurredAt: 0, prevHash: "", hash: "" };
    // What subjects read of an event is there; whose log it is does not matter to them.
    return [{ ...common, payload } as unknown as SessionEvent];
  }

  #say(effectId: string, issueId: string, lines: readonly string[]): Result {
    if (issueId !== this.binding.issueId) return refuse("NOT_FOUND", `No issue ${issueId}.`);
    if (!this.said.has(effectId)) this.said.set(effectId, lines);
    return { ok: true };
  }

  #status(): SessionStatus {
    const { sessionId, reviewId, action, actionDigest } = this.binding;
    const openReview = this.reviewOpen ? { reviewId, action, actionDigest } : null;
    return { sessionId, state: "EXECUTING", runId: null, openReview, reason: null, commissioning: "idle" };
  }

  #dispose(effectId: string, disposition: Disposition): Result<{ state: "EXECUTING" }> {
    if (this.disposed.ok) this.dispositions.set(effectId, disposition);
    return this.disposed;
  }

  /** As the desk does: the token, both ids, the elucidation in the lineage; the same again is answered from the record. */
  async #receive(token: string, bytes: Uint8Array): Promise<Result<{ receipt: SignalReceipt }>> {
    const { record } = this.#key;
    const verified = await verifyDispositionToken(token, async (id) => (id === record.keyId ? record : null), this.clock.now());
    if (!verified.ok) return verified;
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return refusal;
    const body = inboundSignal.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const { dispositionEventId, elucidationArtifactId, signalType } = body;
    if (verified.token.dispositionEventId !== dispositionEventId || verified.token.elucidationArtifactId !== elucidationArtifactId)
      return refuse("SIGNAL_MISMATCH");
    if (this.#graph.get(elucidationArtifactId)?.type !== "ElucidationArtifact") return refuse("ELUCIDATION_UNKNOWN");
    const known = this.signals.get(dispositionEventId);
    if (known !== undefined && known.digest !== digestOf(body)) return refuse("TOKEN_REPLAYED");
    this.signals.set(dispositionEventId, { body, digest: digestOf(body), tokens: [...(known?.tokens ?? []), verified.token] });
    return { ok: true, receipt: { signalType, dispositionEventId, repeated: known !== undefined, acceptedAt: new Date(this.clock.now()).toISOString() } };
  }
}
