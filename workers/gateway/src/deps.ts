/** What the gateway needs of its surroundings; the pure parts know this and no binding. */
import type { Log } from "@factory/durable";
import type {
  ArtifactGraphRpc,
  BeadGraphRpc,
  HealthKind,
  HealthRpc,
  LinearBridgeRpc,
  ObjectHealthRpc,
  OrgDirectoryRpc,
  ReadModelRpc,
  SessionHealthRpc,
  SessionLogRpc,
  SessionRegistryRpc,
  SessionRpc,
  SignalDeskRpc,
  SignalsRpc,
} from "@factory/schemas/rpc";
import type { IssuerKeySets, PolicyClient, RecordLookup } from "@factory/governance";
import type { KeyUses } from "./key-uses.ts";

/** Immutable blobs by key. */
export interface BlobStore {
  /** Null when there is no such blob. */
  get(key: string): Promise<Uint8Array | null>;
  /** Stores bytes whose SHA-256, in hexadecimal, the store verifies. */
  put(key: string, bytes: Uint8Array, sha256: string): Promise<void>;
}

/** Which deployment answers. */
type Version = { readonly id: string; readonly tag: string; readonly timestamp: string };

export interface GatewayDeps {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** A new request id. */
  readonly newRequestId: () => string;
  /** API keys, issuers, members and signing keys, by the keys of `kvKey`. */
  readonly records: RecordLookup;
  /** The key sets of OIDC issuers. */
  readonly issuerKeys: IssuerKeySets;
  /** The policy decision point, asked within a deadline. */
  readonly policy: PolicyClient;
  /** The governance Worker: signals, and what two people have suspended. */
  readonly governance: Pick<
    SignalsRpc,
    "receiveSignal" | "receiveMessage" | "suspensions" | "signingKeys" | "messages" | "putSubscriber" | "removeSubscriber" | "subscribers"
  >;
  /** Members and credentials of an org. Ask only for the caller's, or for one that is to be made: addressing an object makes it. */
  directory(org: string): OrgDirectoryRpc;
  readonly keyUses: KeyUses;
  /** The organisation whose admins may make others. */
  readonly rootOrg: string;
  /** What the sweep does with an org's signal desk; one that was never used stays without tables. */
  signalDesk(org: string): Pick<SignalDeskRpc, "poke">;
  /** The Linear bridge's door. */
  readonly linear: { fetch(request: Request): Promise<Response> };
  /** What writes an org's issues in Linear, where there is such an object: the bridge knows. */
  readonly projections: Pick<LinearBridgeRpc, "pokeProjection" | "projectionHealth">;
  readonly blobs: BlobStore;
  session(org: string, sessionId: string): SessionRpc;
  sessionLog(org: string, sessionId: string): SessionLogRpc;
  /** Lineage of an org's assembly. Ask only for assemblies that the registry knows: addressing an object makes it. */
  artifactGraph(org: string, assembly: string): ArtifactGraphRpc;
  /** Knowing-state of an org. */
  beadGraph(org: string): BeadGraphRpc;
  /** What a session says of its health, and which objects it has called. */
  sessionHealth(org: string, sessionId: string): SessionHealthRpc;
  /** What another object says of its health. Ask only for one that is known to have been used: addressing an object makes it. */
  objectHealth(kind: HealthKind, name: string): ObjectHealthRpc;
  readonly registry: Pick<SessionRegistryRpc, "assemblies" | "hasAssembly" | "openSessions">;
  /** The graphql Worker's door, for client sockets and for operations over HTTP. */
  readonly subscriptions: { fetch(upgrade: Request): Promise<Response> };
  /** The page a person looks at. */
  readonly dashboard: { fetch(request: Request): Promise<Response> };
  /** The page of GraphiQL; bound by the local platform only. */
  readonly graphiql?: { fetch(request: Request): Promise<Response> };
  readonly readModel: Pick<ReadModelRpc, "reproject" | "lag" | "lagOf" | "operations" | "usedObjects">;
  /** The secret that signs producer tokens: base64 of 32 bytes. */
  readonly producerTokenKey: string;
  /** Counts a call of a credential's holder; false when there were too many. */
  admitPrincipalCall(key: string): Promise<boolean>;
  /** Counts a call from an address that proved nothing; false when there were too many. */
  admitAddressCall(address: string): Promise<boolean>;
  /** Counts a call of a producer token; false when there were too many. */
  admitProducerCall(tokenId: string): Promise<boolean>;
  /** The other Workers by name. */
  readonly workers: { readonly [name: string]: HealthRpc };
  readonly version: Version;
  readonly log: Log;
}
