/** The gateway's dependencies from its bindings. */
import { consoleLog } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import {
  artifactGraphOf,
  beadGraphOf,
  objectHealthOf,
  sessionHealthOf,
  sessionLogOf,
  sessionOf,
  type HealthNamespaces,
  type HealthRpc,
  type ReadModelRpc,
  type SessionRegistryRpc,
} from "@factory/schemas/rpc";
import type { GatewayDeps } from "./deps.ts";

/** How long an edge may answer from a key record it has read, in seconds: a revoked key works at most this long. */
const RECORD_CACHE_S = 60;

// A service binding is typed as a Fetcher; every Worker's entry class implements HealthRpc.
const health = (binding: Fetcher): HealthRpc => binding as unknown as HealthRpc;

// The commissioning Worker's entry class implements it.
const registry = (binding: Fetcher): SessionRegistryRpc => binding as unknown as SessionRegistryRpc;

// The graphql Worker's entry class implements it.
const readModel = (binding: Fetcher): ReadModelRpc => binding as unknown as ReadModelRpc;

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
});

/** Reads the bindings once; everything else of the gateway takes `GatewayDeps`. */
export function gatewayDeps(env: Env): GatewayDeps {
  // The local platform binds it and no configuration does, so the generated type does not have it.
  const { GRAPHIQL: graphiql } = env as { readonly GRAPHIQL?: Fetcher };
  return {
    now: () => Date.now(),
    newRequestId: () => crypto.randomUUID(),
    records: (key) => orUnavailable("The key records", () => env.CONFIG.get(key, { type: "json", cacheTtl: RECORD_CACHE_S })),
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
    registry: registry(env.COMMISSIONING),
    readModel: readModel(env.GRAPHQL),
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
      graphql: health(env.GRAPHQL),
      dashboard: health(env.DASHBOARD),
    },
    version: { id: env.VERSION.id, tag: env.VERSION.tag, timestamp: env.VERSION.timestamp },
    log: consoleLog(),
  };
}

/** A store that fails says nothing about the call: whoever made it may make it again. @throws FactoryError UNAVAILABLE */
async function orUnavailable<T>(store: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (err) {
    throw Object.assign(new FactoryError("UNAVAILABLE", `${store} did not answer. Try again.`), { cause: err });
  }
}
