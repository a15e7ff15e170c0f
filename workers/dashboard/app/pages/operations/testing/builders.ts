/** Answers about operations for tests. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  ObjectKind,
  ObjectStanding,
  OperationsResponseSchema,
  type DurableObjectHealthSchema,
  type OperationsResponse,
  type SessionOperationsSchema,
} from "@factory/schemas/proto";

/** When answers of tests are given, epoch milliseconds. */
export const NOW = Date.parse("2026-11-22T10:00:00.000Z");

/** An instant so many milliseconds before {@link NOW}. */
export const ago = (ms: number): ReturnType<typeof timestampFromMs> => timestampFromMs(NOW - ms);

type SessionInit = MessageInitShape<typeof SessionOperationsSchema> & object;
type ObjectInit = MessageInitShape<typeof DurableObjectHealthSchema> & object;
type AnswerInit = MessageInitShape<typeof OperationsResponseSchema> & object;

/** An open session where all is well, with what a test is about. */
export const aSession = (change: Omit<SessionInit, "$typeName"> = {}): SessionInit => ({
  sessionId: "SES-1",
  state: "EXECUTING",
  leasesHeld: 2,
  leasesExpired: 0,
  outbox: { pending: 0, parked: 0 },
  lag: { sessionId: "SES-1", seq: 10n, tipSeq: 10n },
  ...change,
});

/** An object that answered and is well, with what a test is about. */
export const anObject = (change: Omit<ObjectInit, "$typeName"> = {}): ObjectInit => ({
  kind: ObjectKind.COORDINATOR,
  name: "run:acme:RUN-1",
  standing: ObjectStanding.ANSWERED,
  state: "open",
  storageBytes: 4096n,
  outbox: { pending: 0, parked: 0 },
  ...change,
});

/** An answer of a factory where all is well, with what a test is about. */
export const anAnswer = (change: Omit<AnswerInit, "$typeName"> = {}): OperationsResponse =>
  create(OperationsResponseSchema, {
    askedAt: ago(0),
    workers: [{ worker: "graph", ok: true }],
    deadLetters: { count: 0n, lastDay: 0n },
    rescueRates: [
      { windowSeconds: 3_600, claims: 40n, rescues: 0n, rate: 0 },
      { windowSeconds: 86_400, claims: 40n, rescues: 0n, rate: 0 },
    ],
    sessions: [aSession()],
    totals: { leasesHeld: 2, leasesExpired: 0, outbox: { pending: 0, parked: 0 }, eventsBehind: 0n, silent: 0 },
    ...change,
  });
