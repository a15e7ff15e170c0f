/**
 * The session's machine as data, and a real session driven by random commands beside a model of it: after every command
 * both are in the same state, and the log tells the same story.
 *
 * @see `domain.md` 6 and 7
 */
import * as fc from "fast-check";
import assert from "node:assert/strict";
import { expect, test } from "vitest";
import { canMoveSession, isTerminalKind, isTerminalSession, SESSION_ENTRY_KINDS } from "@factory/schemas";
import type { EventKind, ReviewDecision, ReviewMode, SessionState } from "@factory/schemas";
import { anAcceptedRun, ANN, aRequest, BEAD_ID } from "./testing/builders.ts";
import { Surroundings } from "./testing/surroundings.ts";

/** What is known of a session without looking at it. */
type Model = {
  state: SessionState | null;
  /** What a person is asked. */
  review: "approval" | "clarification" | "clearance" | null;
  /** Approved and not handed over: two people have ordered that nothing is cleared. */
  heldBack: boolean;
  suspended: boolean;
  /** Mediation has been told to compile and has not answered. */
  compiling: boolean;
  /** Decided and not yet carried out: mediation has to fall silent first. */
  ending: SessionState | null;
  questions: number;
};

type Command = fc.AsyncCommand<Model, Surroundings>;

const terminal = ({ state }: Model): boolean => state !== null && isTerminalSession(state);
const live = (model: Model): boolean => model.state !== null && !terminal(model) && model.ending === null;

/** Carries an end out as soon as nobody else may still speak. */
function end(model: Model, state: SessionState): void {
  model.review = null;
  model.heldBack = false;
  if (model.compiling) model.ending = state;
  else model.state = state;
}

/** What was approved goes to mediation, as soon as nothing holds it. */
function handOver(model: Model): void {
  model.compiling = !model.suspended;
  model.heldBack = model.suspended;
}

class Commission implements Command {
  readonly reviewMode: ReviewMode;
  constructor(reviewMode: ReviewMode) {
    this.reviewMode = reviewMode;
  }
  check(model: Readonly<Model>): boolean {
    return model.state === null;
  }
  async run(model: Model, world: Surroundings): Promise<void> {
    await world.session.commission(aRequest({ config: { reviewMode: this.reviewMode } }));
    await world.settle();
    // The one criterion has executed examples, so a hybrid order decides itself.
    const asks = this.reviewMode === "human";
    model.state = asks ? "AWAITING_APPROVAL" : "COMPILING";
    model.review = asks ? "approval" : null;
    if (!asks) handOver(model);
    agree(model, world);
  }
  toString = (): string => `commission(${this.reviewMode})`;
}

class Decide implements Command {
  readonly decision: ReviewDecision;
  constructor(decision: ReviewDecision) {
    this.decision = decision;
  }
  check(model: Readonly<Model>): boolean {
    return live(model) && model.review !== null;
  }
  async run(model: Model, world: Surroundings): Promise<void> {
    const open = (await world.session.status())?.openReview;
    if (open === undefined || open === null) throw new Error("The model waits for a person, the session does not.");
    const given = { reviewId: open.reviewId, decision: this.decision, note: "12", actionDigest: open.actionDigest, principal: ANN };
    assert.equal((await world.session.acknowledge(given)).ok, true);
    assert.partialDeepStrictEqual(await world.session.acknowledge(given), { ok: false, code: "REVIEW_CLOSED" });
    await world.settle();
    const asked = model.review;
    model.review = null;
    if (this.decision === "rejected") end(model, asked === "approval" ? "REJECTED" : "FAILED");
    else if (asked === "approval") {
      model.state = "COMPILING";
      handOver(model);
    } else model.state = "EXECUTING";
    agree(model, world);
  }
  toString = (): string => `decide(${this.decision})`;
}

class Compiled implements Command {
  readonly outcome: "compiled" | "refused";
  constructor(outcome: "compiled" | "refused") {
    this.outcome = outcome;
  }
  check(model: Readonly<Model>): boolean {
    return model.compiling;
  }
  async run(model: Model, world: Surroundings): Promise<void> {
    if (this.outcome === "compiled") await world.compiled();
    else
      await world.report("refused", { kind: "compiled", report: { outcome: "refused", code: "GATE_REFUSED", reportId: "VR-1", remediation: ["cover C-1"] } });
    model.compiling = false;
    if (model.ending !== null) {
      model.state = model.ending;
      model.ending = null;
    } else model.state = this.outcome === "compiled" ? "EXECUTING" : "FAILED";
    agree(model, world);
  }
  toString = (): string => `mediation(${this.outcome})`;
}

class Ask implements Command {
  check(model: Readonly<Model>): boolean {
    return live(model) && model.state === "EXECUTING";
  }
  async run(model: Model, world: Surroundings): Promise<void> {
    model.questions += 1;
    const clarificationId = `CLR-${String(model.questions).padStart(26, "0")}`;
    const report = { outcome: "clarification", clarificationId, beadId: BEAD_ID, title: "Write double", question: "Round how?" } as const;
    await world.report(clarificationId, { kind: "run", report });
    model.state = "IN_REVIEW";
    model.review = "clarification";
    agree(model, world);
  }
  toString = (): string => "a bead asks";
}

class Block implements Command {
  readonly code: "DISPATCH_STALE_CLEARANCE" | "DISPATCH_CEILING_EXCEEDED";
  constructor(code: "DISPATCH_STALE_CLEARANCE" | "DISPATCH_CEILING_EXCEEDED") {
    this.code = code;
  }
  check(model: Readonly<Model>): boolean {
    return live(model) && model.state === "EXECUTING";
  }
  async run(model: Model, world: Surroundings): Promise<void> {
    model.questions += 1;
    const asked = world.clears.length;
    const report = {
      outcome: "blocked",
      requestId: `BLK-${model.questions}`,
      code: this.code,
      message: "no",
      clearanceId: null,
      beads: 6,
      ceiling: 5,
    } as const;
    await world.report(report.requestId, { kind: "run", report });
    // What was asked for is renewed without a person, unless two people have taken it; more than that is for a person to say.
    const renews = this.code === "DISPATCH_STALE_CLEARANCE";
    assert.equal(world.clears.length - asked, renews && !model.suspended ? 1 : 0);
    if (!renews) {
      model.state = "IN_REVIEW";
      model.review = "clearance";
    }
    agree(model, world);
  }
  toString = (): string => `the run is blocked (${this.code})`;
}

class Suspend implements Command {
  readonly lifts: boolean;
  constructor(lifts: boolean) {
    this.lifts = lifts;
  }
  check(model: Readonly<Model>): boolean {
    return model.state !== null;
  }
  async run(model: Model, world: Surroundings): Promise<void> {
    model.questions += 1;
    const id = `DSP-${model.questions}`;
    const cleared = world.clears.length;
    const answer = this.lifts ? await world.session.unsuspend(id, id) : await world.session.suspend(id, "look at it", id);
    assert.deepEqual(answer, { ok: true });
    await world.settle();
    if (!terminal(model)) model.suspended = !this.lifts;
    if (model.suspended) assert.equal(world.clears.length, cleared);
    if (this.lifts && model.heldBack) handOver(model);
    agree(model, world);
  }
  toString = (): string => (this.lifts ? "the suspension is lifted" : "two people suspend it");
}

class RunEnds implements Command {
  readonly outcome: "accepted" | "failed";
  constructor(outcome: "accepted" | "failed") {
    this.outcome = outcome;
  }
  check(model: Readonly<Model>): boolean {
    return live(model) && model.state === "EXECUTING";
  }
  async run(model: Model, world: Surroundings): Promise<void> {
    await world.report(`run:${this.outcome}`, { kind: "run", report: anAcceptedRun({ outcome: this.outcome }) });
    end(model, this.outcome === "accepted" ? "COMPLETED" : "FAILED");
    agree(model, world);
  }
  toString = (): string => `the run is ${this.outcome}`;
}

class Cancel implements Command {
  check(model: Readonly<Model>): boolean {
    return model.state !== null;
  }
  async run(model: Model, world: Surroundings): Promise<void> {
    assert.equal((await world.session.cancel("no longer wanted", ANN)).ok, true);
    await world.settle();
    if (live(model)) end(model, "CANCELLED");
    agree(model, world);
  }
  toString = (): string => "cancel";
}

class LateReport implements Command {
  check(model: Readonly<Model>): boolean {
    return terminal(model);
  }
  async run(model: Model, world: Surroundings): Promise<void> {
    await world.report("late", { kind: "run", report: anAcceptedRun() });
    agree(model, world);
  }
  toString = (): string => "a late report";
}

class Crash implements Command {
  check(model: Readonly<Model>): boolean {
    return model.state !== null;
  }
  async run(model: Model, world: Surroundings): Promise<void> {
    world.restart();
    await world.settle();
    agree(model, world);
  }
  toString = (): string => "crash";
}

/** Session, log and model say the same, and the log is a walk through the machine. */
function agree(model: Model, world: Surroundings): void {
  const state = world.session.store.session()?.state ?? null;
  // While others have to fall silent the session stays where it was.
  if (model.ending === null) assert.equal(state, model.state);
  else assert.equal(isTerminalSession(state ?? "SUBMITTED"), false);
  let at: SessionState = "SUBMITTED";
  for (const { kind, payload } of world.sessionLog.events) {
    if (!("fromState" in payload && "toState" in payload)) continue;
    // The cast holds: these kinds carry states of a session, and the next line refuses any other.
    const { fromState, toState } = payload as { fromState: SessionState; toState: SessionState };
    // An approval is told beside the answer to its review, and a failed compilation before the terminal event.
    if (!(SESSION_ENTRY_KINDS[toState] as readonly EventKind[]).includes(kind)) continue;
    if (fromState === toState || toState === at) continue;
    assert.ok(canMoveSession(at, toState), `${kind}: ${at} to ${toState}`);
    assert.equal(fromState, at, kind);
    at = toState;
  }
  const ends = world.kinds.filter(isTerminalKind);
  assert.equal(ends.length, terminal(model) ? 1 : 0);
  if (ends.length === 1) assert.equal(world.kinds.at(-1), ends[0]);
}

/** Ways forward come more often than ends, so that runs get far; commands that do not fit the state are left out. */
const ANSWERS: readonly ReviewDecision[] = ["approved", "approved", "approved", "amended", "amended", "rejected"];
const commands = fc.commands(
  [
    fc.constantFrom<ReviewMode>("auto", "human", "hybrid").map((mode) => new Commission(mode)),
    fc.constantFrom(...ANSWERS).map((decision) => new Decide(decision)),
    fc.constantFrom("compiled" as const, "compiled" as const, "compiled" as const, "refused" as const).map((outcome) => new Compiled(outcome)),
    fc.constantFrom("ask" as const, "accepted" as const, "failed" as const).map((does) => (does === "ask" ? new Ask() : new RunEnds(does))),
    fc.constantFrom("DISPATCH_STALE_CLEARANCE" as const, "DISPATCH_CEILING_EXCEEDED" as const).map((code) => new Block(code)),
    fc.constantFrom(true, true, false).map((lifts) => new Suspend(lifts)),
    fc.constantFrom("cancel" as const, ...Array.from({ length: 7 }, () => "crash" as const)).map((does) => (does === "cancel" ? new Cancel() : new Crash())),
    fc.constant(new LateReport()),
  ],
  { maxCommands: 40, size: "max" },
);

test("a session and its model stay in the same state whatever is asked of it, and its log walks through the machine", async () => {
  const ended = new Set<SessionState | null>();
  await fc.assert(
    fc.asyncProperty(commands, async (given) => {
      const model: Model = { state: null, review: null, heldBack: false, suspended: false, compiling: false, ending: null, questions: 0 };
      const real = new Surroundings();
      await fc.asyncModelRun(() => ({ model, real }), given);
      // However it came to its end, its evidence verifies and tells the same end.
      if (terminal(model)) assert.equal((await real.sealed(aRequest().sessionId)).predicate.session.outcome, model.state);
      ended.add(model.state);
    }),
    { numRuns: 80, interruptAfterTimeLimit: 60_000, seed: 20_261_121 },
  );
  // The walk is worth something only if it gets to every end.
  expect([...ended]).toEqual(expect.arrayContaining(["COMPLETED", "FAILED", "CANCELLED", "REJECTED"]));
}, 90_000);
