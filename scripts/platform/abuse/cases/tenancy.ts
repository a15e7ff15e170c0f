/** Another organisation's sessions, by every way in that takes an id. */
import { FactoryAdmin, FactoryDelivery, FactoryGateway } from "@factory/schemas/proto";
import { CONNECTION_HEADER, encodeConnection, LOG_SUBPROTOCOL } from "@factory/schemas/rpc";
import { http, refused, refusedHttp, type Answer } from "../answers.ts";
import { grouped, type GroupedCase } from "../case.ts";
import { OTHER_ORG } from "../people.ts";
import { EMPTY_SESSION, EMPTY_SHARD } from "../traces.ts";
import type { AbuseWorld } from "../world.ts";

const EVENTS = "subscription ($sessionId: ID!) { sessionEvents(sessionId: $sessionId) { lastSeq } }";
const SESSION = "query ($sessionId: ID!) { session(id: $sessionId) { id } }";
const WRITES = 'subscription { artifactWrites(assemblyId: "shop") { lastSeq } }';

const theirs = ({ sessions }: Pick<AbuseWorld, "sessions">): { readonly sessionId: string } => ({ sessionId: sessions.completed.sessionId });

/** The second organisation's admin asks for what is the first one's. */
const asked = (name: string, expected: Answer, call: (world: AbuseWorld, authorization: string) => Promise<Answer>): GroupedCase => ({
  name,
  call: (world) => call(world, world.keys.otherAdmin),
  expected,
});

/** The same on a connection that a shard holds. */
const streamed: typeof asked = (...given) => ({ ...asked(...given), leaves: EMPTY_SHARD });

/** An id of the first organisation's is not found among the second one's. */
const notFound = (name: string, call: (world: AbuseWorld, authorization: string) => Promise<Answer>): GroupedCase => ({
  ...asked(name, refused("NOT_FOUND"), call),
  leaves: EMPTY_SESSION,
});

const { resumeStream, cancelSession } = FactoryGateway.method;
const { getEvidence, getDeliverable } = FactoryDelivery.method;
const { why, reproject, objectHealth, issueProducerToken } = FactoryAdmin.method;

/** Tenancy. */
export const TENANCY_CASES = grouped("tenancy", [
  notFound("another organisation's events", ({ door, ...world }, key) => door.connect(resumeStream, { ...theirs(world), replayOnly: true }, key)),
  notFound("an end of another organisation's session", ({ door, ...world }, key) => door.connect(cancelSession, { ...theirs(world), reason: "abuse" }, key)),
  notFound("another organisation's evidence", ({ door, ...world }, key) => door.connect(getEvidence, theirs(world), key)),
  notFound("another organisation's deliverable", ({ door, ...world }, key) => door.connect(getDeliverable, theirs(world), key)),
  notFound("another organisation's lineage", ({ door, onRecord }, key) => door.connect(why, { artifactId: onRecord.elucidationArtifactId }, key)),
  notFound("another organisation's read model, made again", ({ door, ...world }, key) => door.connect(reproject, theirs(world), key)),
  notFound("another organisation's objects", ({ door, ...world }, key) => door.connect(objectHealth, theirs(world), key)),
  notFound("a producer's token for another organisation's session", ({ door, sessions: { waiting } }, key) =>
    door.connect(issueProducerToken, { sessionId: waiting.sessionId, streams: ["sessionEvents"], ttlSeconds: 60, producer: "spy" }, key),
  ),
  asked("another organisation's session in GraphQL", http(200, "NULL"), ({ door, ...world }, key) => door.graphql(SESSION, theirs(world), key)),
  streamed("another organisation's events over server-sent events", http(200, "NOT_FOUND"), ({ door, ...world }, key) =>
    door.subscribe(EVENTS, theirs(world), key),
  ),
  streamed("another organisation's events over a socket", http(200, "NOT_FOUND"), ({ door, ...world }, key) =>
    door.socket(OTHER_ORG, key, EVENTS, theirs(world)),
  ),
  streamed("another organisation's assembly over a socket", http(200, "NOT_FOUND"), ({ door }, key) => door.socket(OTHER_ORG, key, WRITES, {})),
  streamed(
    "a socket of another organisation with one's own key",
    http(4403, "Forbidden: The call carries no valid credential."),
    ({ door, org, ...world }, key) => door.socket(org, key, EVENTS, theirs(world)),
  ),
  streamed("a socket without a credential", http(4403, "Forbidden: The call carries no valid credential."), ({ door, org, ...world }) =>
    door.socket(org, null, EVENTS, theirs(world)),
  ),
  asked("a socket with a header that only the gateway writes", refusedHttp("UNAUTHENTICATED"), ({ door, org }) => {
    const connection = { org, principalId: "dev", scopes: ["session:read"], connectionId: "x" };
    return door.upgrade("/subscriptions", { "sec-websocket-protocol": LOG_SUBPROTOCOL, [CONNECTION_HEADER]: encodeConnection(connection) });
  }),
  asked("GraphQL without a credential", refusedHttp("UNAUTHENTICATED"), ({ door, ...world }) => door.graphql(SESSION, theirs(world), null)),
  asked("GraphQL by a key that may not read", refusedHttp("PERMISSION_DENIED"), ({ door, keys, ...world }) =>
    door.graphql(SESSION, theirs(world), keys.submitter),
  ),
  asked("GraphQL with a change in it", http(200, "INVALID_ARGUMENT"), ({ door, keys }) => door.graphql("mutation { cancel }", {}, keys.dev)),
]);
