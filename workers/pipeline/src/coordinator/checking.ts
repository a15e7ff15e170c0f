/** Runs what a verdict rests on, outside any transaction: checks on the tree as it is, and the comparison of heads. */
import type { Random, StartTimeout } from "@factory/durable";
import type { BeadOutcome } from "@factory/schemas/rpc";
import type { Approved } from "./applying.ts";
import { claimCoverage } from "./check-plans.ts";
import type { CheckSubject } from "./check-plans.ts";
import type { RunContext } from "./context.ts";
import type { Neighbours } from "./delivery.ts";
import { compareHeads } from "./fence.ts";
import { CHECK_LEASE_MS, extendLease } from "./leases.ts";
import type { Bead, Run } from "./run-store.ts";
import { verifyCandidate, verifyRun } from "./verification.ts";
import type { Candidate, RunCheck, Verification, VerifierDeps } from "./verification.ts";

/** What checking needs beside the coordinator's rows. */
export interface CheckingDeps {
  readonly verifier: VerifierDeps;
  readonly knowingState: Neighbours["knowingState"];
  readonly random: Random;
  readonly startTimeout: StartTimeout;
}

/** The checks of one coordinator. Every check extends the lease of its bead before each try. */
export class Checking {
  readonly #context: RunContext;
  readonly #deps: CheckingDeps;
  /** Not persisted: checks under way by effect id; a call that is repeated waits for the same one. */
  readonly #underWay = new Map<string, Promise<Verification>>();

  constructor(context: RunContext, deps: CheckingDeps) {
    this.#context = context;
    this.#deps = deps;
  }

  /** Checks an operative's outcome: its change set first, and then whether its knowing-state has held so long. */
  ofOutcome(effectId: string): Promise<Verification> {
    const running = this.#underWay.get(effectId);
    if (running !== undefined) return running;
    const started = this.#checkOutcome(effectId).finally(() => this.#underWay.delete(effectId));
    this.#underWay.set(effectId, started);
    return started;
  }

  /** Checks an approved change set; its knowing-state is not asked again, since a person decided on this very change set. */
  async ofApproved({ bead, outcome }: Approved): Promise<Verification> {
    return verifyCandidate(this.#deps.verifier, this.#candidateOf(this.#context.store.requireRun(), bead, outcome), this.#extending(bead.beadId, bead.epoch));
  }

  /** Checks the merged tree for the verdict of an outcome bead, hidden examples included. */
  async ofRun(outcomeBead: Bead): Promise<RunCheck> {
    const { store } = this.#context;
    const claims = store.claims();
    const doneRefs = new Set(store.beads().flatMap(({ state, outcome, directive }) => (state === "DONE" && !outcome ? directive.claimRefs : [])));
    const subject = { ...this.#subjectOf(store.requireRun(), outcomeBead), claims, tree: store.tree(), further: [claimCoverage(claims, doneRefs)] };
    return verifyRun(this.#deps.verifier, subject, this.#extending(outcomeBead.beadId, outcomeBead.epoch));
  }

  async #checkOutcome(effectId: string): Promise<Verification> {
    const { store } = this.#context;
    const outcome = store.requireOutcome(effectId);
    const run = store.requireRun();
    const bead = store.bead(outcome.beadId);
    if (bead === null) throw new Error(`${outcome.beadId} is not in the run.`);
    const found = await verifyCandidate(this.#deps.verifier, this.#candidateOf(run, bead, outcome), this.#extending(bead.beadId, outcome.epoch));
    return found.kind === "checked" ? this.#fenced(run, bead, outcome, found) : found;
  }

  /** What was found, unless the knowing-state it was done under has moved or cannot be compared. */
  async #fenced(run: Run, bead: Bead, { headsDigest }: BeadOutcome, found: Verification): Promise<Verification> {
    const { verifier, knowingState, random, startTimeout } = this.#deps;
    const heads = async (role: string, subjectId: string): Promise<string> => knowingState(run).heads(role, subjectId);
    const fence = await compareHeads({ heads, random, startTimeout, sleep: verifier.sleep }, bead.role, headsDigest);
    switch (fence.kind) {
      case "held":
        return found;
      case "moved":
        return { kind: "stale", reason: fence.reason };
      case "unknown":
        return { kind: "infrastructure", message: fence.message };
      default:
        return fence satisfies never;
    }
  }

  /** The outcome's change set on the run tree as it is now. */
  #candidateOf(run: Run, bead: Bead, { result }: BeadOutcome): Candidate {
    const changeSet = result.kind === "task" ? result.changeSet : [];
    return { ...this.#subjectOf(run, bead), tree: this.#context.store.tree(), treeDigest: run.treeDigest, changeSet };
  }

  #subjectOf(run: Run, bead: Bead): CheckSubject {
    const { store } = this.#context;
    return {
      directive: bead.directive,
      wholeTree: bead.outcome,
      claims: store.claims().map(({ holdout: _hidden, ...visible }) => visible),
      invariants: store.invariants(),
      typesRequired: run.typesRequired,
      changed: store.changedFiles().map(({ path }) => path),
    };
  }

  #extending(beadId: string, epoch: number): () => void {
    return () => void extendLease(this.#context, beadId, epoch, CHECK_LEASE_MS);
  }
}
