/**
 * The bead's machine as data, and a real coordinator driven by random commands beside a model of its beads: after every
 * command each bead is where the model has it, and the log tells each move under the kind the catalog gives it.
 *
 * @see `domain.md` 6 and 7
 */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BEAD_STATES, BEAD_TRANSITIONS, beadMoveKind } from "@factory/schemas";
import type { BeadState, EventPayload } from "@factory/schemas";
import type { BeadOutcome, ClaimedBead, ExchangeAnswer } from "@factory/schemas/rpc";
import { aSeed, failure, unfinished } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { LEASE_TTL_MS } from "./leases.ts";

const SLOTS = 2;
const MAX_ATTEMPTS = 2;
const SEED = aSeed({
  name: "model",
  slots: SLOTS,
  beads: [
    { key: "root", maxAttempts: MAX_ATTEMPTS },
    { key: "left", dependsOn: ["root"], maxAttempts: MAX_ATTEMPTS },
    { key: "right", dependsOn: ["root"], maxAttempts: MAX_ATTEMPTS },
    { key: "aside", optional: ["left"], maxAttempts: MAX_ATTEMPTS },
  ],
});

type ModelBead = { state: BeadState; epoch: number; attempts: number; cycle: number; slot: number | null };

/** What is known of a run without looking at it. */
class Model {
  readonly beads = new Map<string, ModelBead>(
    SEED.beads.map(({ beadId, dependsOn }) => [
      beadId,
      { state: dependsOn.length === 0 ? "READY" : "BLOCKED", epoch: 0, attempts: 0, cycle: 0, slot: null } satisfies ModelBead,
    ]),
  );
  /** States that some bead has been in. */
  readonly seen = new Set<BeadState>();
  open = true;
  reopened = 0;

  bead(beadId: string): ModelBead {
    const bead = this.beads.get(beadId);
    if (bead === undefined) throw new Error(`The model has no ${beadId}.`);
    return bead;
  }

  /** The bead a slot holds. */
  held(slot: number): string | undefined {
    return this.in("LEASED").find((beadId) => this.bead(beadId).slot === slot);
  }

  in(...states: BeadState[]): string[] {
    return [...this.beads].filter(([, { state }]) => states.includes(state)).map(([beadId]) => beadId);
  }

  /** READY beads that an operative may be given. */
  claimable(): string[] {
    return this.in("READY").filter((beadId) => !isOutcome(beadId));
  }

  move(beadId: string, to: BeadState, change: Partial<ModelBead> = {}): void {
    Object.assign(this.bead(beadId), { slot: null, ...change, state: to });
    if (to === "DONE" || to === "FAILED") this.release();
  }

  /** Whatever waits for nothing more is READY; a READY outcome bead is taken by the coordinator at once, and everything it looks at is right. */
  release(): void {
    for (const beadId of this.in("BLOCKED")) if (this.waitsForNothing(beadId)) this.move(beadId, "READY");
    for (const beadId of this.in("READY").filter(isOutcome)) {
      this.bead(beadId).epoch += 1;
      this.move(beadId, "DONE");
      this.open = false;
    }
  }

  waitsForNothing(beadId: string): boolean {
    return parentsOf(beadId).every(({ beadId: parent, required }) => {
      const { state } = this.bead(parent);
      return state === "DONE" || (!required && (state === "FAILED" || state === "CANCELLED"));
    });
  }
}

/** The run, and what its slots have in their hands or have sent. */
class Real {
  readonly world = new CoordinatorWorld();
  readonly claims = new Map<string, ClaimedBead>();
  /** Outcomes of epochs that have passed, and the last one that counted with its answer. */
  readonly late: { readonly slot: number; readonly outcome: BeadOutcome }[] = [];
  last: { readonly slot: number; readonly outcome: BeadOutcome; readonly answer: ExchangeAnswer } | undefined;

  claimOf(beadId: string): ClaimedBead {
    const claim = this.claims.get(beadId);
    if (claim === undefined) throw new Error(`Nobody was given ${beadId}.`);
    return claim;
  }

  async send(slot: number, outcome: BeadOutcome, expected: BeadState): Promise<void> {
    const answer = await this.world.exchange(slot, [outcome], 0);
    assert.deepEqual(
      answer.verdicts.map(({ accepted, state }) => [accepted, state]),
      [[true, expected]],
    );
    this.last = { slot, outcome, answer };
    await this.world.settle();
  }
}

type Command = fc.AsyncCommand<Model, Real>;

const isOutcome = (beadId: string): boolean => SEED.beads.some((bead) => bead.beadId === beadId && bead.outcome);
const parentsOf = (beadId: string) => SEED.beads.find((bead) => bead.beadId === beadId)?.dependsOn ?? [];

/** A bead and everything that depends on it. */
function withDependants(beadId: string): string[] {
  const found = new Set([beadId]);
  for (const bead of SEED.beads) if (bead.dependsOn.some((parent) => found.has(parent.beadId))) found.add(bead.beadId);
  return [...found];
}

class Claim implements Command {
  readonly slot: number;
  constructor(slot: number) {
    this.slot = slot;
  }
  check = (model: Readonly<Model>): boolean => model.open;
  async run(model: Model, real: Real): Promise<void> {
    const held = model.held(this.slot);
    const claimable = model.claimable();
    const { beads } = await real.world.exchange(this.slot, [], 1);
    await real.world.settle();
    const [given] = beads;
    if (held !== undefined) {
      // A repeated call gets what it was given: nothing is lost and nothing more is handed out.
      assert.equal(given?.beadId, held);
      assert.equal(given?.epoch, model.bead(held).epoch);
    } else if (claimable.length === 0) assert.equal(given, undefined);
    else {
      assert.ok(given !== undefined && claimable.includes(given.beadId), `one of ${claimable.length} READY beads is handed out`);
      model.move(given.beadId, "LEASED", { slot: this.slot, epoch: model.bead(given.beadId).epoch + 1 });
      real.claims.set(given.beadId, given);
    }
    agree(model, real);
  }
  toString = (): string => `slot ${this.slot} claims`;
}

/** What a slot does with the bead it holds. */
const DEEDS = ["good", "good", "good", "wrong", "wrong", "wrong", "provider", "ask", "late"] as const;

class Work implements Command {
  readonly slot: number;
  readonly deed: (typeof DEEDS)[number];
  constructor(slot: number, deed: (typeof DEEDS)[number]) {
    this.slot = slot;
    this.deed = deed;
  }
  check = (model: Readonly<Model>): boolean => model.held(this.slot) !== undefined;
  async run(model: Model, real: Real): Promise<void> {
    const beadId = model.held(this.slot);
    if (beadId === undefined) throw new Error("Checked before.");
    const bead = model.bead(beadId);
    const claim = real.claimOf(beadId);
    const effect = `${beadId}:${claim.epoch}:${this.deed}`;
    switch (this.deed) {
      case "good":
        await real.send(this.slot, await real.world.written(claim, "fine", effect), "DONE");
        model.move(beadId, "DONE");
        break;
      case "wrong": {
        const next = bead.attempts + 1 >= MAX_ATTEMPTS ? "FAILED" : "READY";
        await real.send(this.slot, await real.world.written(claim, "WRONG", effect), next);
        model.move(beadId, next, { attempts: bead.attempts + 1 });
        break;
      }
      case "provider":
        await real.send(this.slot, failure(claim, "provider", "MODEL_UNAVAILABLE"), "READY");
        model.move(beadId, "READY");
        await rest(model, real);
        break;
      case "ask":
        await real.send(this.slot, unfinished(claim, { status: "NEEDS_CLARIFICATION", clarificationNeeded: "Round how?" }), "WAITING");
        model.move(beadId, "WAITING");
        break;
      case "late":
        real.late.push({ slot: this.slot, outcome: await real.world.written(claim, "fine", effect) });
        await rest(model, real);
        break;
      default:
        this.deed satisfies never;
    }
    agree(model, real);
  }
  toString = (): string => `slot ${this.slot}: ${this.deed}`;
}

/** Long enough for every wait after a fault; leases that nobody extends are taken back under the next epoch. */
async function rest(model: Model, real: Real): Promise<void> {
  await real.world.pass(5 * 60_000);
  await real.world.pass(LEASE_TTL_MS + 1);
  for (const beadId of model.in("LEASED")) model.move(beadId, "READY", { epoch: model.bead(beadId).epoch + 1 });
}

class Answer implements Command {
  check = (model: Readonly<Model>): boolean => model.open && model.in("WAITING").length > 0;
  async run(model: Model, real: Real): Promise<void> {
    const [beadId] = model.in("WAITING");
    const [row] = real.world.rows<{ bead_id: string; clarification_id: string }>(
      "SELECT bead_id, clarification_id FROM beads WHERE state = 'WAITING' AND bead_id = ?",
      beadId ?? "",
    );
    if (row === undefined) throw new Error("The model waits, the run does not.");
    const given = { beadId: row.bead_id, clarificationId: row.clarification_id, answer: "half up", answeredBy: "ann" };
    for (const effectId of ["first", "again"]) assert.deepEqual(await real.world.coordinator.clarify(effectId, given), { ok: true });
    await real.world.settle();
    model.move(row.bead_id, "READY");
    agree(model, real);
  }
  toString = (): string => "a person answers";
}

class SendLate implements Command {
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    const sent = real.late.pop();
    if (sent !== undefined) {
      const { verdicts } = await real.world.exchange(sent.slot, [sent.outcome], 0);
      assert.deepEqual(
        verdicts.map(({ accepted }) => accepted),
        [false],
      );
      await real.world.settle();
    }
    agree(model, real);
  }
  toString = (): string => "what came too late arrives";
}

class Repeat implements Command {
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    if (real.last !== undefined) {
      const { slot, outcome, answer } = real.last;
      assert.deepEqual((await real.world.exchange(slot, [outcome], 0)).verdicts, answer.verdicts);
      await real.world.settle();
    }
    agree(model, real);
  }
  toString = (): string => "a broken call is repeated";
}

class Reopen implements Command {
  check = (model: Readonly<Model>): boolean => model.open && model.in("FAILED", "DONE").length > 0;
  async run(model: Model, real: Real): Promise<void> {
    const [beadId] = [...model.in("FAILED"), ...model.in("DONE")];
    if (beadId === undefined) throw new Error("Checked before.");
    model.reopened += 1;
    const request = { amendmentId: `AMD-${model.reopened}`, specificationId: SEED.specificationId, directives: [], claims: SEED.claims, beadIds: [beadId] };
    for (const effectId of ["first", "again"]) assert.deepEqual(await real.world.coordinator.reopen(effectId, request), { ok: true });
    await real.world.settle();
    for (const affected of withDependants(beadId)) {
      const { state, epoch, cycle } = model.bead(affected);
      model.move(affected, "BLOCKED", { epoch: epoch + 1, attempts: 0, cycle: cycle + (state === "DONE" || state === "FAILED" ? 1 : 0) });
    }
    model.release();
    agree(model, real);
  }
  toString = (): string => "an amendment re-opens";
}

class Cancel implements Command {
  check = (model: Readonly<Model>): boolean => model.open;
  async run(model: Model, real: Real): Promise<void> {
    assert.deepEqual(await real.world.coordinator.cancel("cancel", "no longer wanted"), { ok: true });
    await real.world.settle();
    for (const beadId of model.in("BLOCKED", "READY", "LEASED", "WAITING")) model.move(beadId, "CANCELLED", { epoch: model.bead(beadId).epoch + 1 });
    model.open = false;
    agree(model, real);
  }
  toString = (): string => "cancel";
}

class Crash implements Command {
  check = (): boolean => true;
  async run(model: Model, real: Real): Promise<void> {
    await real.world.restart();
    await real.world.settle();
    agree(model, real);
  }
  toString = (): string => "crash";
}

type MovePayload = EventPayload<"BEAD_CLAIMED">;

/** Rows, log and model say the same of every bead. */
function agree(model: Model, { world }: Real): void {
  const rows = world.rows<{ bead_id: string; state: string; epoch: number; cycle: number }>("SELECT bead_id, state, epoch, cycle FROM beads ORDER BY position");
  assert.deepEqual(
    rows.map(({ bead_id: beadId, state, epoch, cycle }) => ({ beadId, state, epoch, cycle })),
    [...model.beads].map(([beadId, { state, epoch, cycle }]) => ({ beadId, state, epoch, cycle })),
  );
  const at = new Map<string, BeadState | "">();
  for (const { kind, payload } of world.events) {
    if (!("beadId" in payload && "fromState" in payload)) continue;
    const { beadId, fromState, toState }: MovePayload = payload;
    assert.equal(fromState, at.get(beadId) ?? "");
    at.set(beadId, toState);
    if (fromState === "") continue;
    assert.ok(BEAD_TRANSITIONS[fromState].includes(toState), `${fromState} to ${toState}`);
    assert.equal(kind, beadMoveKind(fromState, toState, kind === "BEAD_RESCUED"));
  }
  for (const [beadId, { state }] of model.beads) {
    assert.equal(at.get(beadId), state);
    model.seen.add(state);
  }
}

/** Everybody does from now on what they should, until the run is accepted. */
async function finish(model: Model, real: Real): Promise<void> {
  for (let round = 0; model.open && round < 100; round++) {
    if (model.in("WAITING").length > 0) await new Answer().run(model, real);
    else if (model.in("FAILED").length > 0) await new Reopen().run(model, real);
    for (let slot = 0; slot < SLOTS && model.open; slot++) {
      await new Claim(slot).run(model, real);
      if (model.held(slot) !== undefined) await new Work(slot, "good").run(model, real);
    }
  }
  assert.equal(model.open, false);
}

const slots = fc.nat(SLOTS - 1);
const commands = fc.commands(
  [
    slots.map((slot) => new Claim(slot)),
    fc.tuple(slots, fc.constantFrom(...DEEDS)).map(([slot, deed]) => new Work(slot, deed)),
    fc
      .constantFrom("claim" as const, "answer" as const)
      .chain((what) => (what === "claim" ? slots.map((slot): Command => new Claim(slot)) : fc.constant<Command>(new Answer()))),
    fc.tuple(slots, fc.constant("good" as const)).map(([slot, deed]) => new Work(slot, deed)),
    fc.constantFrom("late", "repeat", "crash", "reopen", "reopen", "crash", "repeat", "cancel").map((what): Command => {
      if (what === "late") return new SendLate();
      if (what === "repeat") return new Repeat();
      if (what === "reopen") return new Reopen();
      return what === "crash" ? new Crash() : new Cancel();
    }),
  ],
  { maxCommands: 40, size: "max" },
);

test("a run and its model have every bead in the same state whatever slots and people do, and the log names each move by its kind", async () => {
  const reached = new Set<BeadState>();
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(commands, async (given) => {
      const model = new Model();
      const real = new Real();
      await real.world.seed(SEED);
      await fc.asyncModelRun(() => ({ model, real }), given);
      const cancelled = !model.open;
      await finish(model, real);
      for (const state of model.seen) reached.add(state);
      const verdicts = real.world.reports.filter(({ outcome }) => outcome === "accepted").length;
      assert.equal(verdicts, model.in("DONE").some(isOutcome) ? 1 : 0);
      assert.ok(cancelled || verdicts === 1);
      accepted += verdicts;
    }),
    { numRuns: 60, interruptAfterTimeLimit: 90_000, seed: 20_261_121 },
  );
  // The walk is worth something only if it gets everywhere.
  expect([...reached].sort()).toEqual([...BEAD_STATES].sort());
  expect(accepted).toBeGreaterThan(0);
}, 120_000);
