/** The gateway's dependencies from its bindings. */
import { waitUntil } from "cloudflare:workers";
import { consoleLog, messageOf, runBestEffort, type Log } from "@factory/durable";
import { IssuerKeySets, JWKS_MAX_AGE_MS, PolicyClient, type RecordLookup } from "@factory/governance";
import { FactoryError } from "@factory/schemas";
import {
  artifactGraphOf,
  beadGraphOf,
  directoryOf,
  objectHealthOf,
  sessionHealthOf,
  sessionLogOf,
  sessionOf,
  signalDeskOf,
  type HealthNamespaces,
  type HealthRpc,
  type LinearBridgeRpc,
  type PolicyRpc,
  type ReadModelRpc,
  type SessionRegistryRpc,
  type SignalsRpc,
} from "@factory/schemas/rpc";
import type { GatewayDeps } from "./deps.ts";
import { KeyUses } from "./key-uses.ts";

/** How long an edge may answer from a key record it has read, in seconds: a revoked key works at most this long. */
const RECORD_CACHE_S = 60;

// A service binding is typed as a Fetcher; every Worker's entry class implements HealthRpc.
const health = (binding: Fetcher): HealthRpc => binding as unknown as HealthRpc;

// The commissioning Worker's entry class implements it.
const registry = (binding: Fetcher): SessionRegistryRpc => binding as unknown as SessionRegistryRpc;

// The graphql Worker's entry class implements it.
const readModel = (binding: Fetcher): ReadModelRpc => binding as unknown as ReadModelRpc;

// The governance Worker's entry class implements both.
const governance = (binding: Fetcher): SignalsRpc & PolicyRpc => binding as unknown as SignalsRpc & PolicyRpc;

// The linear-bridge Worker's entry class implements it.
const linearBridge = (binding: Fetcher): LinearBridgeRpc => binding as unknown as LinearBridgeRpc;

const healthNamespaces = (env: Env): HealthNamespaces => ({
  mediation: env.MEDIATIONS,
  coordinator: env.COORDINATORS,
  operative: env.OPERATIVES,
  sessionLog: env.SESSION_LOGS,
  assemblyLog: env.SESSION_LOGS,
  artifactGraph: env.ARTIFACT_GRAPHS,
  sourceGraph: env.ARTIFACT_GRAPHS,
  beadGraph: env.BEAD_GRAPHS,
  capacity: env.CAPACITIES,
  directory: env.DIRECTORIES,
  signalDesk: env.SIGNAL_DESKS,
});

/** Reads the bindings once; everything else of the gateway takes `GatewayDeps`. */
export function gatewayDeps(env: Env): GatewayDeps {
  // The local platform binds it and no configuration does, so the generated type does not have it.
  const { GRAPHIQL: graphiql } = env as { readonly GRAPHIQL?: Fetcher };
  const log = consoleLog();
  const now = (): number => Date.now();
  const records: RecordLookup = (key) => orUnavailable("The key records", () => env.CONFIG.get(key, { type: "json", cacheTtl: RECORD_CACHE_S }));
  const directory = (org: string) => directoryOf(env, org);
  return {
    now,
    newRequestId: () => crypto.randomUUID(),
    records,
    issuerKeys: issuerKeySets(env, records, now, log),
    policy: new PolicyClient({ decide: (requests) => governance(env.GOVERNANCE).decide(requests), now }),
    governance: neighbour("The governance Worker", governance(env.GOVERNANCE)),
    directory,
    keyUses: new KeyUses({ directory, background: (label, work) => waitUntil(runBestEffort(label, work, log)) }),
    rootOrg: env.FACTORY_ROOT_ORG,
    signalDesk: (org) => signalDeskOf(env, org),
    linear: env.LINEAR,
    projections: linearBridge(env.LINEAR),
    admitPrincipalCall: async (key) => (await env.PRINCIPAL_CALLS.limit({ key })).success,
    admitAddressCall: async (key) => (await env.ADDRESS_CALLS.limit({ key })).success,
    blobs: {
      get: (key) =>
        orUnavailable("The blob store", async () => {
          const object = await env.BLOBS.get(key);
          return object === null ? null : new Uint8Array(await object.arrayBuffer());
        }),
      put: (key, bytes, sha256) => orUnavailable("The blob store", async () => void (await env.BLOBS.put(key, bytes, { sha256 }))),
    },
    session: (org, sessionId) => sessionOf(env, org, sessionId),
    sessionLog: (org, sessionId) => sessionLogOf(env, org, sessionId),
    artifactGraph: (org, assembly) => artifactGraphOf(env, org, assembly),
    beadGraph: (org) => beadGraphOf(env, org),
    sessionHealth: (org, sessionId) => sessionHealthOf(env, org, sessionId),
    objectHealth: (kind, name) => objectHealthOf(healthNamespaces(env), kind, name),
    registry: neighbour("The registry of sessions", registry(env.COMMISSIONING)),
    readModel: neighbour("The read model", readModel(env.GRAPHQL)),
    producerTokenKey: env.PRODUCER_TOKEN_KEY,
    admitProducerCall: async (key) => (await env.PRODUCER_CALLS.limit({ key })).success,
    subscriptions: env.GRAPHQL,
    dashboard: env.DASHBOARD,
    ...(graphiql === undefined ? {} : { graphiql }),
    workers: {
      commissioning: health(env.COMMISSIONING),
      mediation: health(env.MEDIATION),
      pipeline: health(env.PIPELINE),
      graph: health(env.GRAPH),
      stream: health(env.STREAM),
      governance: health(env.GOVERNANCE),
      "linear-bridge": health(env.LINEAR),
      graphql: health(env.GRAPHQL),
      dashboard: health(env.DASHBOARD),
    },
    version: { id: env.VERSION.id, tag: env.VERSION.tag, timestamp: env.VERSION.timestamp },
    log,
  };
}

/** Key sets in memory, in KV, and at their issuers. */
function issuerKeySets(env: Env, records: RecordLookup, now: () => number, log: Log): IssuerKeySets {
  return new IssuerKeySets({
    records,
    store: (key, value) => env.CONFIG.put(key, JSON.stringify(value), { expirationTtl: JWKS_MAX_AGE_MS / 1_000 }),
    fetch: (url, init) => fetch(url, init),
    now,
    report: (issuer, err) => log.event({ op: "gateway.issuerKeys", outcome: "failed", durationMs: 0, ids: {}, fields: { issuer, error: messageOf(err) } }),
  });
}

/** A neighbour's entry class. What it throws, it or a store behind it did not answer; what it refuses, it returns. */
function neighbour<T extends object>(name: string, rpc: T): T {
  return new Proxy(rpc, {
    get: (target, method) => {
      const call: unknown = Reflect.get(target, method);
      return typeof call === "function" ? (...args: unknown[]) => orUnavailable(name, async () => Reflect.apply(call, target, args)) : call;
    },
  });
}

/** A store that fails says nothing about the call: whoever made it may make it again. @throws FactoryError UNAVAILABLE */
async function orUnavailable<T>(store: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (err) {
    throw Object.assign(new FactoryError("UNAVAILABLE", `${store} did not answer. Try again.`), { cause: err });
  }
}
