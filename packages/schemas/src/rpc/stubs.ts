/** The one getter of each object, typed by its RPC interface and named by the one naming function. */
import { objectName } from "../identity.ts";
import type { CapacityRpc } from "./capacity.ts";
import type { CoordinatorRpc, OperativeRpc } from "./coordinator.ts";
import type { OrgDirectoryRpc } from "./directory.ts";
import type { DispositionRpc, LinearProjectionRpc } from "./linear.ts";
import type { SignalDeskRpc } from "./signals.ts";
import type { ArtifactGraphRpc, BeadGraphRpc } from "./graph.ts";
import type { AssemblyLogRpc, EventSinkRpc, SessionLogRpc, SinkAddress } from "./log.ts";
import type { MediationRpc } from "./mediation.ts";
import type { HealthKind, ObjectHealthRpc, SessionHealthRpc } from "./object-health.ts";
import type { RunViewRpc } from "./run-view.ts";
import type { SessionRpc, SubmittedOrderRpc } from "./session.ts";

/** The part of a Durable Object namespace the getters use. */
export type NamespaceLike = { getByName(name: string): unknown };

// The binding is typed by the runtime as a stub of an unknown class; the interface is the contract its class implements.
const stub = <T>(namespace: NamespaceLike, name: string): T => namespace.getByName(name) as T;

export const sessionLogOf = (env: { SESSION_LOGS: NamespaceLike }, org: string, sessionId: string): SessionLogRpc =>
  stub(env.SESSION_LOGS, objectName.sessionLog(org, sessionId));
export const sessionOf = (env: { SESSIONS: NamespaceLike }, org: string, sessionId: string): SessionRpc =>
  stub(env.SESSIONS, objectName.session(org, sessionId));
export const submittedOrderOf = (env: { SESSIONS: NamespaceLike }, org: string, sessionId: string): SubmittedOrderRpc =>
  stub(env.SESSIONS, objectName.session(org, sessionId));
export const mediationOf = (env: { MEDIATIONS: NamespaceLike }, org: string, sessionId: string): MediationRpc =>
  stub(env.MEDIATIONS, objectName.mediation(org, sessionId));
export const coordinatorOf = (env: { COORDINATORS: NamespaceLike }, org: string, runId: string): CoordinatorRpc =>
  stub(env.COORDINATORS, objectName.coordinator(org, runId));
export const runViewOf = (env: { COORDINATORS: NamespaceLike }, org: string, runId: string): RunViewRpc =>
  stub(env.COORDINATORS, objectName.coordinator(org, runId));
export const operativeOf = (env: { OPERATIVES: NamespaceLike }, org: string, runId: string, slot: number): OperativeRpc =>
  stub(env.OPERATIVES, objectName.operative(org, runId, slot));
export const artifactGraphOf = (env: { ARTIFACT_GRAPHS: NamespaceLike }, org: string, assembly: string): ArtifactGraphRpc =>
  stub(env.ARTIFACT_GRAPHS, objectName.artifactGraph(org, assembly));
export const sourceGraphOf = (env: { ARTIFACT_GRAPHS: NamespaceLike }, org: string): ArtifactGraphRpc => stub(env.ARTIFACT_GRAPHS, objectName.sourceGraph(org));
export const beadGraphOf = (env: { BEAD_GRAPHS: NamespaceLike }, org: string): BeadGraphRpc => stub(env.BEAD_GRAPHS, objectName.beadGraph(org));
export const assemblyLogOf = (env: { SESSION_LOGS: NamespaceLike }, org: string, assembly: string): AssemblyLogRpc =>
  stub(env.SESSION_LOGS, objectName.assemblyLog(org, assembly));
export const subscribersOf = (env: { SUBSCRIBERS: NamespaceLike }, { org, shard }: SinkAddress): EventSinkRpc =>
  stub(env.SUBSCRIBERS, objectName.subscribers(org, shard));
export const capacityOf = (env: { CAPACITIES: NamespaceLike }, org: string): CapacityRpc => stub(env.CAPACITIES, objectName.capacity(org));
export const directoryOf = (env: { DIRECTORIES: NamespaceLike }, org: string): OrgDirectoryRpc => stub(env.DIRECTORIES, objectName.directory(org));
export const signalDeskOf = (env: { SIGNAL_DESKS: NamespaceLike }, org: string): SignalDeskRpc => stub(env.SIGNAL_DESKS, objectName.signalDesk(org));
export const dispositionOf = (env: { DISPOSITIONS: NamespaceLike }, org: string, escalationId: string): DispositionRpc =>
  stub(env.DISPOSITIONS, objectName.disposition(org, escalationId));
export const linearProjectionOf = (env: { LINEAR_PROJECTIONS: NamespaceLike }, org: string): LinearProjectionRpc =>
  stub(env.LINEAR_PROJECTIONS, objectName.linearProjection(org));
export const sessionHealthOf = (env: { SESSIONS: NamespaceLike }, org: string, sessionId: string): SessionHealthRpc =>
  stub(env.SESSIONS, objectName.session(org, sessionId));

/** Namespaces of the objects that answer for their health, by kind. */
export type HealthNamespaces = { readonly [kind in HealthKind]: NamespaceLike };
/** An object of the name, asked for its health; the names of sessions are {@link sessionHealthOf}'s. */
export const objectHealthOf = (namespaces: HealthNamespaces, kind: HealthKind, name: string): ObjectHealthRpc => stub(namespaces[kind], name);
