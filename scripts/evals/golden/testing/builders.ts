/** Logs, results and orders for the tests of the evaluation. */
import { create, type JsonObject, type MessageInitShape } from "@bufbuild/protobuf";
import { EMPTY_VIEW, foldEvent, type SessionView } from "@factory/cli";
import { SessionEventKind, SessionEventSchema, type SessionEvent } from "@factory/schemas/proto";
import type { OrderResult } from "../ends.ts";
import type { GoldenExpectation, GoldenOrder } from "../golden-order.ts";
import type { Measures } from "../measures.ts";

type Payload = NonNullable<MessageInitShape<typeof SessionEventSchema>["payload"]>;

/** One event: its kind and its payload. */
export type Entry = readonly [SessionEventKind, Payload];

/** A log of these events, numbered from 1. */
export function aLog(...entries: readonly Entry[]): SessionEvent[] {
  return entries.map(([kind, payload], index) => create(SessionEventSchema, { seq: BigInt(index + 1), sessionId: "SES-1", kind, payload }));
}

/** A bead's move. */
export function aBeadMove(beadId: string, toState: string, attempt = 1, cycle = 0): Entry {
  return [SessionEventKind.BEAD_STATE_CHANGED, { case: "bead", value: { beadId, toState, attempt, cycle } }];
}

/** A gate's report; `checks` and `holdouts` are passed and failed. */
export function aReport(
  verificationType: string,
  outcome: string,
  checks: readonly [number, number] = [1, 0],
  holdouts?: readonly [number, number],
  details: JsonObject = {},
): Entry {
  const hidden = holdouts === undefined ? {} : { holdoutsPassed: holdouts[0], holdoutsFailed: holdouts[1] };
  return [
    SessionEventKind.VERIFICATION_PRODUCED,
    {
      case: "verification",
      value: { verificationType, outcome, subjectId: verificationType, checksPassed: checks[0], checksFailed: checks[1], ...hidden, details },
    },
  ];
}

/** What a follower has seen of a log. */
export function viewOf(events: readonly SessionEvent[], changes: Partial<SessionView> = {}): SessionView {
  return { ...events.reduce(foldEvent, EMPTY_VIEW), ...changes };
}

const NOTHING_MEASURED: Measures = {
  firstPass: null,
  visible: null,
  holdout: null,
  overfitGap: null,
  finalHoldout: null,
  divergences: 0,
  amendments: 0,
  modelCalls: 0,
  gates: {},
};

/** Figures of an order; nothing measured unless told. */
export function someMeasures(changes: Partial<Measures> = {}): Measures {
  return { ...NOTHING_MEASURED, ...changes };
}

/** A result: completed, and its three hidden tests passed. */
export function aResult(changes: Partial<OrderResult> = {}): OrderResult {
  return { name: "a", end: "COMPLETED", reason: "", durationMs: 1_000, measures: someMeasures(), hidden: { passed: 3, failed: 0, problems: [] }, ...changes };
}

/** An order that is expected to complete. */
export function anOrderOf(name: string, changes: Partial<GoldenExpectation> = {}): GoldenOrder {
  const expected: GoldenExpectation = {
    domains: ["money"],
    end: "COMPLETED",
    offline: "COMPLETED",
    functions: [],
    files: [],
    claims: null,
    personClaims: [],
    gates: {},
    ...changes,
  };
  return { name, path: "", submission: { text: "", files: [], parsed: undefined, faults: [] }, expected, hidden: {}, solution: {} };
}
