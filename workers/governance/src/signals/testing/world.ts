/**
 * An organisation's signals for pure tests: the desk on real SQLite with foreign keys, both sides of its doors, a real lineage, and
 * sessions that keep what they are told. All of it outlives the desk's object.
 */
import { ArtifactGraph, ARTIFACT_GRAPH_MIGRATIONS } from "@factory/artifact-graph";
import { migrate, Outbox, Scheduler } from "@factory/durable";
import { ManualAlarm, ManualClock, MemoryLog, MortalStorage, NodeSqliteStorage } from "@factory/durable/testing";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import { issueDispositionToken, signMessage, type DispositionClaims, type EnvelopeKeyRecord, type SigningKey, type SigningJwk } from "@factory/governance";
import {
  artifactNode,
  kvKey,
  outboundSignal,
  refusing,
  SIGNAL_SCOPES,
  type InboundSignal,
  type OutboundSignal,
  type Result,
  type SignalScope,
} from "@factory/schemas";
import type { Disposition, PolicyDecision, PolicyRequest, SignedMessage, SigningUse } from "@factory/schemas/rpc";
import { deliver, type DeskPorts } from "../delivery.ts";
import { SIGNAL_DESK_MIGRATIONS } from "../desk-schema.ts";
import { DeskStore } from "../desk-store.ts";
import { SignalDesk } from "../desk.ts";
import { Signals } from "../signals.ts";
import { Upkeep } from "../upkeep.ts";

export const ORG = "acme";
export const ASSEMBLY = "shop";
export const SESSION = "SES-00000000000000000000000001";
export const REVIEW = "REV-00000000000000000000000001";
export const ACTION_DIGEST = "ab".repeat(32);

/** Longest chain of alarms a test waits for; a desk that needs more does not come to rest. */
const MAX_ROUNDS = 200;

/** A call that a session took. */
export type SessionCall = {
  readonly sessionId: string;
  readonly method: "dispose" | "suspend" | "unsuspend";
  readonly effectId: string;
  readonly args: readonly unknown[];
};

/** One decision in the lineage: its event and the record that says why. */
export type Decision = { readonly dispositionEventId: string; readonly elucidationArtifactId: string };

/** One incarnation of the desk's object. */
type Incarnation = {
  readonly storage: MortalStorage;
  readonly store: DeskStore;
  readonly scheduler: Scheduler;
  readonly outbox: Outbox;
  readonly desk: SignalDesk;
};

const HMAC_SECRET = Buffer.alloc(32, 7).toString("base64");

/** A key that the registry holds, for one use. */
export const hmacKey = (keyId: string): SigningKey => ({ keyId, algorithm: "HMAC-SHA256", secret: HMAC_SECRET });
const recordOf = (keyId: string, use: SigningUse, org = ORG): EnvelopeKeyRecord => ({
  keyId,
  org,
  algorithm: "HMAC-SHA256",
  secret: HMAC_SECRET,
  uses: [use],
  status: "active",
});

export class SignalsWorld {
  readonly database = new NodeSqliteStorage();
  readonly alarm = new ManualAlarm();
  readonly clock = new ManualClock(Date.parse("2026-08-04T12:00:00Z"));
  readonly log = new MemoryLog();
  /** The registry's sessions that have not ended: org, assembly and id. */
  readonly sessions: { org: string; assembly: string; sessionId: string }[] = [{ org: ORG, assembly: ASSEMBLY, sessionId: SESSION }];
  /** Calls of the sessions, in order. */
  readonly calls: SessionCall[] = [];
  /** What sessions answer next; then `ok`. A thrown error is one that did not answer. */
  readonly answers: (Result<{ state?: string }> | Error)[] = [];
  /** Key records by key. */
  readonly records = new Map<string, unknown>();
  /** Assemblies whose lineage was addressed. */
  readonly addressed: string[] = [];
  /** What policy was asked. */
  readonly asked: PolicyRequest[] = [];
  /** What policy says of each request; permits unless a test says otherwise. */
  policy: (request: PolicyRequest) => Promise<Partial<PolicyDecision>> = async () => ({});
  /** Requests to subscribers. */
  readonly sent: Request[] = [];
  /** What subscribers answer next; then 204. */
  readonly subscriberAnswers: (Response | Error)[] = [];
  /** Where subscribers are reached. */
  fetch: (request: Request) => Promise<Response> = async () => {
    const answer = this.subscriberAnswers.shift() ?? new Response(null, { status: 204 });
    if (answer instanceof Error) throw answer;
    return answer;
  };
  /** The key that signs what is told outside. */
  outbound: () => Promise<SigningJwk> = async () => ({
    key: hmacKey("out-1"),
    publicJwk: { kty: "OKP", crv: "Ed25519", x: "none", kid: "out-1", alg: "EdDSA", use: "sig" },
  });
  readonly graph: ArtifactGraph;
  readonly signals: Signals;
  #current: Incarnation;
  #envelopes = 0;

  constructor({ allowLoopback = false }: { readonly allowLoopback?: boolean } = {}) {
    this.allowLoopback = allowLoopback;
    const storage = new NodeSqliteStorage();
    migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
    this.graph = new ArtifactGraph({ storage, namespace: ASSEMBLY, registry: FACTORY_REGISTRY, verifyId: factoryIds(ORG), now: this.clock.now });
    for (const [keyId, use] of [
      ["bridge-1", "disposition"],
      ["kernel-1", "kernel"],
    ] as const) {
      this.records.set(kvKey.envelopeKey(keyId), recordOf(keyId, use));
    }
    this.#current = this.#open();
    this.signals = new Signals({
      desk: () => this.deskRpc(),
      records: async (key) => this.records.get(key) ?? null,
      registry: {
        hasAssembly: async (org, assembly) => this.sessions.some((session) => session.org === org && session.assembly === assembly),
        assemblyOf: async (org, sessionId) => this.sessions.find((session) => session.org === org && session.sessionId === sessionId)?.assembly ?? null,
      },
      graph: (_org, assembly) => this.lineage(assembly),
      decide: async (request) => {
        this.asked.push(request);
        return { decisionId: "d-1", allowed: true, policies: ["send"], policySet: "set", approvals: 1, reason: "", ...(await this.policy(request)) };
      },
      signingKey: () => this.outbound(),
      now: this.clock.now,
      log: this.log,
    });
  }

  readonly allowLoopback: boolean;

  get desk(): SignalDesk {
    return this.#current.desk;
  }

  get store(): DeskStore {
    return this.#current.store;
  }

  get outbox(): Outbox {
    return this.#current.outbox;
  }

  /** Rows of every table of the desk: what a refusal leaves as it was. */
  tables(): string {
    const names = ["signals", "tokens", "signal_effects", "suspensions", "messages", "subscribers", "told", "tellings", "outbox_effects"];
    return JSON.stringify(names.map((name) => [name, this.database.sql.exec(`SELECT * FROM ${name}`).toArray()]));
  }

  /** The lineage of an assembly; one that the registry does not know is not to be addressed. */
  lineage(assembly: string) {
    this.addressed.push(assembly);
    return {
      get: async (id: string) => this.graph.get(id),
      edgesOf: async (id: string) => this.graph.edgesOf(id),
      append: (nodes: Parameters<ArtifactGraph["append"]>[0], edges: Parameters<ArtifactGraph["append"]>[1]) =>
        refusing(async () => ({ written: this.graph.append(nodes, edges) })),
    };
  }

  /** Puts a decision on record, as those who decide do. */
  decide(what = "resume", { linked = true } = {}): Decision {
    const event = artifactNode("DSP", "DispositionEvent", ORG, { disposition: what }, []);
    const reason = artifactNode("ELC", "ElucidationArtifact", ORG, { disposition: what, rationale: "The plan is sound.", rejectedOptions: [] }, []);
    this.graph.append([event, reason], linked ? [{ source: reason.id, rel: "produced_at", target: event.id }] : []);
    return { dispositionEventId: event.id, elucidationArtifactId: reason.id };
  }

  /** A token for a decision. */
  async token(decision: Decision, change: Partial<DispositionClaims> = {}, key: SigningKey = hmacKey("bridge-1")): Promise<string> {
    const scopes: readonly SignalScope[] = Object.values(SIGNAL_SCOPES);
    return (await issueDispositionToken(key, { org: ORG, subject: "ana", scopes, ...decision, ...change }, this.clock.now())).token;
  }

  /** Sends a signal with a token of its own. */
  async send(signal: unknown, change: Partial<DispositionClaims> = {}): Promise<Awaited<ReturnType<Signals["receiveSignal"]>>> {
    // What is sent may be anything; the ids are those of a signal where it has them.
    const { dispositionEventId, elucidationArtifactId } = signal as Decision;
    return this.signals.receiveSignal(await this.token({ dispositionEventId, elucidationArtifactId }, change), bytesOf(signal));
  }

  /** A message of another kernel, signed. */
  async message(
    message: OutboundSignal,
    change: { readonly envelopeId?: string; readonly org?: string; readonly key?: SigningKey } = {},
  ): Promise<SignedMessage> {
    const { envelopeId = `env_${String((this.#envelopes += 1)).padStart(10, "0")}`, org = ORG, key = hmacKey("kernel-1") } = change;
    const unsigned = { envelopeId, producedAtMs: this.clock.now(), kernelId: "other-kernel", agentId: "mediation", org, message };
    const { payload, signature } = await signMessage(unsigned, key, this.clock.now());
    return { payload, algorithm: signature.algorithm, signature: signature.value };
  }

  /** Calls of sessions, one line each. */
  told(): string[] {
    return this.calls.map(({ sessionId, method }) => `${method} ${sessionId}`);
  }

  /** Lets time pass from alarm to alarm until nothing is due within `withinMs`. */
  async settle(withinMs = 30 * 60_000): Promise<void> {
    await this.#current.scheduler.rearm();
    const end = this.clock.now() + withinMs;
    for (let round = 0; this.alarm.at !== null && this.alarm.at <= end; round += 1) {
      if (round > MAX_ROUNDS) throw new Error("The desk does not come to rest.");
      this.clock.advance(Math.max(0, this.alarm.at - this.clock.now()));
      this.alarm.take(this.clock.now());
      await this.#current.scheduler.onAlarm(this.clock.now());
      await this.#current.scheduler.rearm();
    }
  }

  /** Drops the object in memory and starts the next one, as the platform does. */
  restart(): void {
    this.#current.storage.die();
    this.#current = this.#open();
  }

  deskRpc() {
    const { desk } = this.#current;
    return {
      receive: async (request: Parameters<SignalDesk["receive"]>[0]) => desk.receive(request),
      take: async (request: Parameters<SignalDesk["take"]>[0]) => desk.take(request),
      tell: async (effectId: string, signal: OutboundSignal) => desk.tell(effectId, signal),
      suspensions: async () => desk.suspensions(),
      outcome: async (dispositionEventId: string) => desk.outcome(dispositionEventId),
      messages: async (before: number | null, limit: number) => desk.messages(before, limit),
      putSubscriber: async (url: string, actor: Parameters<SignalDesk["putSubscriber"]>[1]) => desk.putSubscriber(url, actor),
      removeSubscriber: async (url: string) => ({ ok: true as const, ...desk.removeSubscriber(url) }),
      subscribers: async () => desk.subscribers(),
      poke: async () => this.settle(0),
    };
  }

  #open(): Incarnation {
    const storage = new MortalStorage(this.database);
    const shared = { storage, log: this.log, now: this.clock.now, random: () => 0.5, startTimeout: this.clock.startTimeout };
    migrate(storage, SIGNAL_DESK_MIGRATIONS);
    const store = new DeskStore(storage);
    const scheduler = new Scheduler({ ...shared, timer: this.alarm });
    const outbox: Outbox = new Outbox({
      ...shared,
      scheduler,
      whenParked: "skip",
      deliver: (target, effects, signal) => deliver({ org: ORG, store, desk, ports: this.#ports() }, target, effects, signal),
      onParked: ({ effectId, reason }) => store.setEffect(effectId, "delivering", reason),
    });
    const newEnvelopeId = (): string => `env_${crypto.randomUUID()}`;
    const desk = new SignalDesk({ org: ORG, store, outbox, now: this.clock.now, newEnvelopeId, allowLoopback: this.allowLoopback });
    new Upkeep({ store, outbox, now: this.clock.now }).register(scheduler);
    return { storage, store, scheduler, outbox, desk };
  }

  #ports(): DeskPorts {
    return {
      session: (sessionId) => ({
        dispose: async (effectId: string, disposition: Disposition) =>
          this.#call(sessionId, "dispose", effectId, [disposition]) as Result<{ state: "COMPILING" }>,
        suspend: async (effectId: string, ...args: readonly string[]) => this.#call(sessionId, "suspend", effectId, args),
        unsuspend: async (effectId: string, ...args: readonly string[]) => this.#call(sessionId, "unsuspend", effectId, args),
      }),
      registry: {
        openSessionsOf: async (org, assembly, limit, after = "") => {
          const found = this.sessions.filter(
            (session) => session.org === org && (assembly === null || session.assembly === assembly) && session.sessionId > after,
          );
          const sessionIds = found.map(({ sessionId }) => sessionId).sort();
          return { sessionIds: sessionIds.slice(0, limit), more: sessionIds.length > limit };
        },
      },
      graph: (assembly) => this.lineage(assembly),
      fetch: (request) => {
        this.sent.push(request.clone());
        return this.fetch(request);
      },
      signingKey: async () => (await this.outbound()).key,
      now: this.clock.now,
      addresses: { allowLoopback: this.allowLoopback },
    };
  }

  #call(sessionId: string, method: SessionCall["method"], effectId: string, args: readonly unknown[]): Result {
    this.calls.push({ sessionId, method, effectId, args });
    const answer = this.answers.shift() ?? { ok: true, state: "COMPILING" };
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

export const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** A signal that lets a session go on. */
export function aResume(decision: Decision, change: object = {}): InboundSignal {
  const resume = {
    signalType: "ResumeSignal",
    ...decision,
    issuedAt: "2026-08-04T12:00:00.000Z",
    assemblyId: ASSEMBLY,
    sessionId: SESSION,
    reviewId: REVIEW,
    actionDigest: ACTION_DIGEST,
    ...change,
  };
  // Tests change it to what is none, too; the schema brands ids.
  return resume as InboundSignal;
}

/** An order of two people. */
export function anOverride(decision: Decision, directive: "force-suspend" | "force-resume" | "emergency-patch", change: object = {}): InboundSignal {
  const override = {
    signalType: "OverrideSignal",
    ...decision,
    issuedAt: "2026-08-04T12:00:00.000Z",
    assemblyId: ASSEMBLY,
    directive,
    note: "Costs run away.",
    approvers: ["ana", "bo"],
    ...change,
  };
  return override as InboundSignal;
}

/** Work elsewhere that waits for a person. */
export function anEscalation(change: object = {}): OutboundSignal {
  const escalation = {
    type: "EscalationEvent",
    escalationId: "ESC-00000000000000000000000001",
    assemblyId: ASSEMBLY,
    divergenceIds: [],
    hypothesisChain: [],
    suspensionState: "waiting",
    openDivergenceCount: 0,
    requestedAction: "Decide on the plan.",
    producedAt: "2026-08-04T11:59:00.000Z",
    producedBy: "mediation:shop",
    ...change,
  };
  return outboundSignal.parse(escalation);
}

/** The verdict that closed a decision. */
export function aClosure(dispositionEventId: string, change: object = {}): OutboundSignal {
  const closure = {
    type: "VerdictClosureRecord",
    vcrId: "VCR-00000000000000000000000001",
    dispositionEventId,
    verdictType: "fidelity",
    verdict: "favorable",
    assemblyId: ASSEMBLY,
    producedAt: "2026-08-04T11:59:00.000Z",
    ...change,
  };
  return outboundSignal.parse(closure);
}
