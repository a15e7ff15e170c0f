/** The GraphQL dialects over a schema of a log's own shape: tests of the shard look at seqs and not at types. */
import { buildSchema } from "graphql";
import { OperationPlanner } from "../subscriptions/operation-plan.ts";
import { SelectedEvents } from "../subscriptions/selected-events.ts";
import { sseProtocol } from "../subscriptions/sse-protocol.ts";
import { transportWsProtocol } from "../subscriptions/transport-ws-protocol.ts";
import type { SubscriptionProtocol } from "../subscription-protocol.ts";

/** What the real schema has, as far as a shard can tell. */
export const logSchema = buildSchema(`
  type Event { seq: Int!, kind: String!, stream: String, runId: String, sessionId: String, payload: Payload }
  type Payload { reason: String! }
  type Batch { events: [Event!]!, lastSeq: Int! }
  type Query { ok: Boolean }
  type Subscription {
    sessionEvents(sessionId: ID!, afterSeq: Int = 0): Batch!
    beadUpdates(runId: ID!, afterSeq: Int = 0): Batch!
    artifactWrites(assemblyId: ID!, afterSeq: Int = 0): Batch!
  }
`);

/** A session's events from a seq, with what filters of the tests look at. */
export const sessionDocument = `subscription Follow($sessionId: ID!, $afterSeq: Int) {
  sessionEvents(sessionId: $sessionId, afterSeq: $afterSeq) { events { seq kind stream runId } lastSeq }
}`;

/** A run's events from a seq of its session's log. */
export const beadDocument = `subscription ($runId: ID!, $afterSeq: Int) {
  beadUpdates(runId: $runId, afterSeq: $afterSeq) { lastSeq events { seq } }
}`;

/** A planner over {@link logSchema}. */
export const testPlanner = (): OperationPlanner => new OperationPlanner(logSchema);

/** Both dialects; what a resolver throws ends the test. */
export function testDialects(): readonly SubscriptionProtocol[] {
  const selected = new SelectedEvents(logSchema, (errors) => {
    throw new AggregateError(errors);
  });
  return [transportWsProtocol(testPlanner(), selected), sseProtocol(selected)];
}
