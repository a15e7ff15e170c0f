/** What a session's log says of how well its order went. Pure: the same events give the same figures. */
import type { SessionView } from "@factory/cli";
import { SessionEventKind, type BeadPayload, type SessionEvent, type VerificationPayload } from "@factory/schemas/proto";
import { wilsonInterval } from "@factory/verification/evidence";

/** Something counted, passed and failed. */
export type Counts = { readonly passed: number; readonly failed: number };

/** A rate with what it was measured on; null where nothing was executed. */
export type Rate = { readonly rate: number; readonly passed: number; readonly total: number };

/** A rate with its Wilson interval at 95 %. */
export type BoundedRate = Rate & { readonly low: number; readonly high: number };

/** Figures of one order. */
export type Measures = {
  /** Beads that were done at their first attempt and never again, of all beads. */
  readonly firstPass: Rate | null;
  /** Of the first run verdict, as acceptance states it: before an amendment has shown the coder anything hidden. */
  readonly visible: Rate | null;
  readonly holdout: BoundedRate | null;
  /** How much better the visible checks did than the hidden ones, from -1 to 1; null where one of both is missing. */
  readonly overfitGap: number | null;
  /** Hidden examples as they stood at the end. */
  readonly finalHoldout: Rate | null;
  readonly divergences: number;
  readonly amendments: number;
  readonly modelCalls: number;
  /** The last outcome of each gate, by its type. */
  readonly gates: { readonly [gate: string]: string };
};

/** Computes the figures of a session from its whole log and the view that was folded from it. */
export function measure(events: readonly SessionEvent[], view: SessionView): Measures {
  const { firstVerdict, lastVerdict } = view;
  const visible = rateOf((firstVerdict ?? lastVerdict)?.checks ?? null);
  const holdout = boundedRateOf(firstVerdict?.holdouts ?? null);
  return {
    firstPass: firstPassYield(events),
    visible,
    holdout,
    overfitGap: visible === null || holdout === null ? null : visible.rate - holdout.rate,
    finalHoldout: rateOf(lastVerdict?.holdouts ?? null),
    divergences: view.divergences,
    amendments: view.amendments,
    modelCalls: view.modelCalls,
    gates: lastOutcomes(events),
  };
}

function verificationOf({ payload }: SessionEvent): VerificationPayload | undefined {
  return payload.case === "verification" ? payload.value : undefined;
}

/** A rate of counts; null where nothing was counted. */
export function rateOf(counts: Counts | null): Rate | null {
  if (counts === null) return null;
  const total = counts.passed + counts.failed;
  return total === 0 ? null : { rate: counts.passed / total, passed: counts.passed, total };
}

/** A rate of counts with its interval; null where nothing was counted. */
export function boundedRateOf(counts: Counts | null): BoundedRate | null {
  const rate = rateOf(counts);
  const interval = rate === null ? undefined : wilsonInterval(rate.passed, rate.total);
  return rate === null || interval === undefined ? null : { ...rate, ...interval };
}

/** Rework of any kind counts against a bead: another attempt, a failure, or a later cycle of an amendment. */
function firstPassYield(events: readonly SessionEvent[]): Rate | null {
  const beads = new Map<string, { done: boolean; again: boolean }>();
  for (const bead of events.map(({ payload }) => (payload.case === "bead" ? payload.value : undefined))) {
    if (bead === undefined) continue;
    const known = beads.get(bead.beadId) ?? { done: false, again: false };
    beads.set(bead.beadId, { done: known.done || bead.toState === "DONE", again: known.again || isRework(bead) });
  }
  const passed = [...beads.values()].filter(({ done, again }) => done && !again).length;
  return rateOf({ passed, failed: beads.size - passed });
}

function isRework({ attempt, cycle, toState }: BeadPayload): boolean {
  return attempt > 1 || cycle > 0 || toState === "FAILED";
}

function lastOutcomes(events: readonly SessionEvent[]): { readonly [gate: string]: string } {
  const outcomes: { [gate: string]: string } = {};
  for (const event of events) {
    const found = event.kind === SessionEventKind.VERIFICATION_PRODUCED ? verificationOf(event) : undefined;
    if (found !== undefined) outcomes[found.verificationType] = found.outcome;
  }
  return outcomes;
}
