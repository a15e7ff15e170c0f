/**
 * The one naming function: every object name, queue name and storage key is derived here from typed ids. Addressing
 * an object by another name yields a fresh, empty object that reports success, so no other file writes one.
 */
import { sha256 } from "./canonical.ts";

/** An organisation's slug. */
export type Org = string;

const part = (text: string): string => encodeURIComponent(text);

/** Names of Durable Objects. */
export const objectName = {
  /** SubscriptionBufferDO of a session: its log. */
  sessionLog: (org: Org, sessionId: string) => `log:${part(org)}:${part(sessionId)}`,
  /** CommissioningAgentDO of a session. */
  session: (org: Org, sessionId: string) => `session:${part(org)}:${part(sessionId)}`,
  /** MediationAgentDO of a session. */
  mediation: (org: Org, sessionId: string) => `mediation:${part(org)}:${part(sessionId)}`,
  /** CoordinatorDO of a run. */
  coordinator: (org: Org, runId: string) => `run:${part(org)}:${part(runId)}`,
  /** OperativeDO of a run and slot. */
  operative: (org: Org, runId: string, slot: number) => `operative:${part(org)}:${part(runId)}:${slot}`,
  /** ArtifactGraphDO of an org and assembly. */
  artifactGraph: (org: Org, assembly: string) => `artifacts:${part(org)}:${part(assembly)}`,
  /** ArtifactGraphDO of an org's source graph: what every assembly has adopted. */
  sourceGraph: (org: Org) => `sources:${part(org)}`,
  /** SubscriptionBufferDO of an assembly: what its sessions wrote. */
  assemblyLog: (org: Org, assembly: string) => `writes:${part(org)}:${part(assembly)}`,
  /** SubscriberDO: one of an org's shards of client sockets. */
  subscribers: (org: Org, shard: number) => `subscribers:${part(org)}:${shard}`,
  /** CapacityDO of an org: its operative slots. */
  capacity: (org: Org) => `capacity:${part(org)}`,
  /** BeadGraphDO of an org. */
  beadGraph: (org: Org) => `beads:${part(org)}`,
  /** OrgDirectoryDO of an org: its members and credentials. */
  directory: (org: Org) => `directory:${part(org)}`,
  /** SignalDeskDO of an org: what came from the We-layer and what goes to it. */
  signalDesk: (org: Org) => `signals:${part(org)}`,
  /** DispositionDO of an escalation. */
  disposition: (org: Org, escalationId: string) => `disposition:${part(org)}:${part(escalationId)}`,
  /** LinearProjectionDO of an org: its issues. */
  linearProjection: (org: Org) => `linear:${part(org)}`,
} as const;

/**
 * Shards that hold an org's client sockets: an object serves thousands, and every shard with sockets on a log costs that log one more
 * push a batch. The number is part of no name, but a socket's shard follows from it, so a change of it moves new sockets only.
 */
export const SUBSCRIBER_SHARDS = 8;

/** The shard of a connection: evenly spread, so that a principal with many sockets does not fill one. */
export function subscriberShardOf(principalId: string, connectionId: string): number {
  const [high = 0, low = 0] = sha256(`${principalId}\n${connectionId}`);
  return (high * 256 + low) % SUBSCRIBER_SHARDS;
}

/**
 * The parts of an object's name, decoded: an object learns from its own name whose it is. Null when the text is none of
 * {@link objectName}'s.
 */
export function parseObjectName(name: string): { readonly kind: string; readonly org: Org; readonly rest: readonly string[] } | null {
  const [kind, org, ...rest] = name.split(":");
  if (kind === undefined || org === undefined || org === "") return null;
  return { kind, org: decodeURIComponent(org), rest: rest.map(decodeURIComponent) };
}

/** Keys in the R2 bucket `factory-blobs`. */
export const blobKey = {
  /** A file by the SHA-256 of its bytes, in hexadecimal. */
  content: (digest: string) => `blobs/${digest.slice(0, 2)}/${digest}`,
  /** The sealed evidence package of a session. */
  evidence: (org: Org, sessionId: string) => `evidence/${part(org)}/${part(sessionId)}.json`,
  /** An archived page of a session's log: NDJSON of the events from `firstSeq` on. */
  logPage: (org: Org, sessionId: string, firstSeq: number) => `logs/${part(org)}/${part(sessionId)}/${String(firstSeq).padStart(12, "0")}.ndjson`,
  /** What the archive of a session's log consists of. */
  logIndex: (org: Org, sessionId: string) => `logs/${part(org)}/${part(sessionId)}/index.json`,
  /** An archived page of an assembly's log. */
  assemblyLogPage: (org: Org, assembly: string, firstSeq: number) =>
    `assembly-logs/${part(org)}/${part(assembly)}/${String(firstSeq).padStart(12, "0")}.ndjson`,
  /** The manifest of a session's deliverable. */
  deliverable: (org: Org, sessionId: string) => `deliverables/${part(org)}/${part(sessionId)}.json`,
} as const;

/** Keys in the KV namespace. */
export const kvKey = {
  /** An API key record, by the SHA-256 of the key. */
  apiKey: (digest: string) => `api-key/${digest}`,
  /** Says that there is such an organisation. Written with its first key. */
  org: (org: Org) => `org/${part(org)}`,
  /** An envelope signing key record. */
  envelopeKey: (keyId: string) => `envelope-key/${part(keyId)}`,
  /** An OIDC issuer: whose tokens it may give, for which audience, and where its keys are. */
  oidcIssuer: (issuer: string) => `oidc-issuer/${part(issuer)}`,
  /** The last key set that an issuer answered with. */
  jwks: (issuer: string) => `jwks/${part(issuer)}`,
  /** A member's roles by the subject of the org's OIDC issuer. */
  memberBySubject: (org: Org, subject: string) => `member/${part(org)}/${part(subject)}`,
  /** Who may decide in Linear, and which team each org's work is shown in. */
  linearAuthority: () => "linear-authority",
  /** The public keys that evidence is verified with, as a JSON Web Key Set. */
  evidenceKeys: () => "evidence-keys",
  /** A knowing-state snapshot, by the digest of the heads it was computed from: another state is another key. */
  knowingState: (org: Org, role: string, subjectId: string, headsDigest: string) =>
    `knowing-state/${part(org)}/${part(role)}/${part(subjectId)}/${headsDigest}`,
} as const;

/** Queue names. */
export const QUEUES = {
  atoms: "atoms",
  atomsDead: "atoms-dead",
  projections: "projections",
  projectionsDead: "projections-dead",
  linear: "linear-projections",
  linearDead: "linear-projections-dead",
} as const;
