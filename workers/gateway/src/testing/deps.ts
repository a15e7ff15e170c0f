/** The gateway's dependencies in tests that are about one part of it: whatever a test does not give is not to be asked for. */
import { createLog } from "@factory/durable";
import { IssuerKeySets, PolicyClient } from "@factory/governance";
import type { PolicyDecision, PolicyRequest, PolicyRpc, SessionRpc } from "@factory/schemas/rpc";
import type { GatewayDeps } from "../deps.ts";
import { KeyUses } from "../key-uses.ts";

/** Fails the test that comes here. */
export function notAsked(): never {
  throw new Error("not asked for");
}

/** A decision of the policy `test`, permitting unless told. */
export function aDecision(change: Partial<PolicyDecision> = {}): PolicyDecision {
  return { decisionId: "d".repeat(64), allowed: true, policies: ["test"], policySet: "s".repeat(64), approvals: 1, reason: "", ...change };
}

/** A policy decision point that answers each question as told. */
export function policyOf(answer: (request: PolicyRequest) => PolicyDecision = () => aDecision(), now: () => number = Date.now): PolicyClient {
  return new PolicyClient({ decide: async (requests) => requests.map(answer), now });
}

/** One that answers a whole call as told. */
export function policyFrom(decide: PolicyRpc["decide"], deadlineMs?: number): PolicyClient {
  return new PolicyClient({ decide, now: Date.now, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
}

/** Dependencies that let every good credential do everything, over nothing. */
export function gatewayDepsOf(change: Partial<GatewayDeps> = {}): GatewayDeps {
  const now = change.now ?? Date.now;
  const records = change.records ?? (async () => null);
  return {
    now,
    newRequestId: () => "made-1",
    records,
    issuerKeys: new IssuerKeySets({ records, store: notAsked, fetch: notAsked, now, report: notAsked }),
    policy: policyOf(),
    governance: {
      receiveSignal: notAsked,
      receiveMessage: notAsked,
      suspensions: async () => [],
      signingKeys: notAsked,
      messages: notAsked,
      putSubscriber: notAsked,
      removeSubscriber: notAsked,
      subscribers: notAsked,
    },
    directory: notAsked,
    keyUses: new KeyUses({ directory: notAsked, background: () => undefined }),
    rootOrg: "acme",
    signalDesk: notAsked,
    linear: { fetch: notAsked },
    projections: { pokeProjection: notAsked, projectionHealth: notAsked },
    admitPrincipalCall: async () => true,
    admitAddressCall: async () => true,
    blobs: { get: notAsked, put: notAsked },
    session: notAsked,
    sessionLog: notAsked,
    artifactGraph: notAsked,
    beadGraph: notAsked,
    registry: { assemblies: notAsked, hasAssembly: notAsked, openSessions: notAsked },
    subscriptions: { fetch: notAsked },
    dashboard: { fetch: async () => new Response(null, { status: 404 }) },
    sessionHealth: notAsked,
    objectHealth: notAsked,
    readModel: { reproject: notAsked, lag: notAsked, lagOf: notAsked, operations: notAsked, usedObjects: notAsked },
    producerTokenKey: "",
    admitProducerCall: notAsked,
    workers: {},
    version: { id: "v1", tag: "", timestamp: "" },
    log: createLog(() => undefined),
    ...change,
  };
}

/** A session object that is asked for nothing but what a test gives. */
export function aSessionObject(change: Partial<SessionRpc>): SessionRpc {
  return {
    commission: notAsked,
    acknowledge: notAsked,
    dispose: notAsked,
    suspend: notAsked,
    unsuspend: notAsked,
    report: notAsked,
    poke: notAsked,
    status: notAsked,
    cancel: notAsked,
    ...change,
  };
}
