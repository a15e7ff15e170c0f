/** Fields of events: of a session's timeline, and of what the subscriptions yield. */
import type { BeadState, SessionEvent } from "@factory/schemas";
import type { AssemblyEvent } from "@factory/schemas/rpc";
import { builder } from "./builder.ts";
import { pageInfo, PageInfo } from "./connection.ts";
import { BeadStateEnum, EventKindEnum, StreamEnum } from "./enums.ts";
import * as refs from "./refs.ts";
import type { TimelinePage } from "../reads/timeline-reads.ts";

refs.SessionEventRef.implement({
  description: "An event of a session's log.",
  fields: (t) => ({
    seq: t.exposeInt("seq", { description: "Gapless from 1; the same in every interface." }),
    eventId: t.exposeID("eventId"),
    kind: t.expose("kind", { type: EventKindEnum }),
    stream: t.expose("stream", { type: StreamEnum }),
    sessionId: t.exposeID("sessionId"),
    runId: t.id({ nullable: true, resolve: ({ runId }) => runId ?? null }),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
    payload: t.expose("payload", { type: "JSON", description: "The JSON form of the kind's message in `proto/factory/v1/events.proto`." }),
    hash: t.exposeString("hash", { description: "Of the event and everything before it." }),
  }),
});

const SessionEventEdge = builder.objectRef<TimelinePage["edges"][number]>("SessionEventEdge").implement({
  fields: (t) => ({ cursor: t.exposeString("cursor"), node: t.field({ type: refs.SessionEventRef, resolve: ({ node }) => node }) }),
});

refs.SessionEventConnection.implement({
  fields: (t) => ({
    edges: t.field({ type: [SessionEventEdge], complexity: { field: 0, multiplier: 1 }, resolve: ({ edges }) => [...edges] }),
    nodes: t.field({ type: [refs.SessionEventRef], complexity: { field: 0, multiplier: 1 }, resolve: ({ edges }) => edges.map(({ node }) => node) }),
    pageInfo: t.field({ type: PageInfo, resolve: pageInfo }),
    readToSeq: t.exposeInt("readToSeq", { description: "How far the log was read; a page that is filtered may be short, and this goes on." }),
    tipSeq: t.exposeInt("tipSeq", { description: "Last event of the log." }),
    closed: t.exposeBoolean("closed", { description: "True once the terminal event is in the log." }),
  }),
});

refs.SessionEventBatchRef.implement({
  description: "Gapless: everything asked for up to and with `lastSeq`.",
  fields: (t) => ({
    events: t.field({ type: [refs.SessionEventRef], resolve: ({ events }) => [...events] }),
    lastSeq: t.exposeInt("lastSeq", { description: "Resume with this as `afterSeq`." }),
  }),
});

/** A field of the payload of some kinds. */
function said(event: SessionEvent | AssemblyEvent, field: string): unknown {
  return Object.hasOwn(event.payload, field) ? Object.getOwnPropertyDescriptor(event.payload, field)?.value : undefined;
}

const text = (event: SessionEvent | AssemblyEvent, field: string): string | null => {
  const value = said(event, field);
  return typeof value === "string" && value !== "" ? value : null;
};

const count = (event: SessionEvent, field: string): number | null => {
  const value = said(event, field);
  return typeof value === "number" ? value : null;
};

refs.BeadUpdateRef.implement({
  description: "An event of the stream `beadUpdates`; fields that its kind does not have are null.",
  fields: (t) => ({
    seq: t.exposeInt("seq", { description: "Of the session's log." }),
    eventId: t.exposeID("eventId"),
    kind: t.expose("kind", { type: EventKindEnum }),
    sessionId: t.exposeID("sessionId"),
    runId: t.id({ nullable: true, resolve: (event) => event.runId ?? text(event, "runId") }),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
    beadId: t.id({ nullable: true, resolve: (event) => text(event, "beadId") }),
    atomId: t.id({ nullable: true, resolve: (event) => text(event, "atomId") }),
    title: t.string({ nullable: true, resolve: (event) => text(event, "title") }),
    team: t.string({ nullable: true, resolve: (event) => text(event, "team") }),
    role: t.string({ nullable: true, resolve: (event) => text(event, "role") }),
    // Every payload of the log has passed its kind's schema, whose states are these.
    fromState: t.field({ type: BeadStateEnum, nullable: true, resolve: (event) => text(event, "fromState") as BeadState | null }),
    toState: t.field({ type: BeadStateEnum, nullable: true, resolve: (event) => text(event, "toState") as BeadState | null }),
    epoch: t.int({ nullable: true, resolve: (event) => count(event, "epoch") }),
    attempt: t.int({ nullable: true, resolve: (event) => count(event, "attempt") }),
    cycle: t.int({ nullable: true, resolve: (event) => count(event, "cycle") }),
    agentId: t.string({ nullable: true, resolve: (event) => text(event, "agentId") }),
    durationMs: t.float({ nullable: true, resolve: (event) => count(event, "durationMs") }),
    errorCode: t.string({ nullable: true, resolve: (event) => text(event, "errorCode") }),
    reason: t.string({ nullable: true, resolve: (event) => text(event, "reason") }),
    payload: t.expose("payload", { type: "JSON" }),
  }),
});

refs.BeadUpdateBatchRef.implement({
  description: "Gapless: every update of the run up to and with `lastSeq`.",
  fields: (t) => ({
    events: t.field({ type: [refs.BeadUpdateRef], resolve: ({ events }) => [...events] }),
    lastSeq: t.exposeInt("lastSeq", { description: "Resume with this as `afterSeq`." }),
  }),
});

const WrittenEdge = refs.ArtifactRelationRef;

refs.ArtifactWriteRef.implement({
  description: "An event of an assembly's log: what one of its sessions wrote.",
  fields: (t) => ({
    seq: t.exposeInt("seq", { description: "Of the assembly's log." }),
    eventId: t.exposeID("eventId"),
    kind: t.expose("kind", { type: EventKindEnum }),
    assemblyId: t.exposeID("assemblyId"),
    sessionId: t.exposeID("sessionId"),
    sessionSeq: t.exposeInt("sessionSeq", { description: "The event's `seq` in its session's log." }),
    occurredAt: t.expose("occurredAt", { type: "DateTime" }),
    artifactId: t.id({ nullable: true, resolve: (event) => text(event, "artifactId") }),
    artifactType: t.string({ nullable: true, resolve: (event) => text(event, "artifactType") }),
    contentHash: t.string({ nullable: true, resolve: (event) => text(event, "contentHash") }),
    storageRef: t.string({ nullable: true, resolve: (event) => text(event, "storageRef") }),
    relations: t.field({ type: [WrittenEdge], resolve: (event) => ("edges" in event.payload ? (event.payload.edges ?? []) : []) }),
    metadata: t.field({ type: "JSON", nullable: true, resolve: (event) => said(event, "metadata") ?? null }),
  }),
});

refs.ArtifactWriteBatchRef.implement({
  description: "Gapless: every write of the assembly's sessions up to and with `lastSeq`.",
  fields: (t) => ({
    events: t.field({ type: [refs.ArtifactWriteRef], resolve: ({ events }) => [...events] }),
    lastSeq: t.exposeInt("lastSeq", { description: "Resume with this as `afterSeq`." }),
  }),
});
