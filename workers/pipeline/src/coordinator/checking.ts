/** Runs what a verdict rests on, outside any transaction: checks on the tree as it is, and the comparison of heads. */
import type { Random, StartTimeout } from "@factory/durable";
import type { Claim } from "@factory/schemas";
import type { BeadOutcome } from "@factory/schemas/rpc";
import type { Approved } from "./applying.ts";
import { claimCoverage, moleculeCoverage, moleculesPassed, writtenFiles } from "./check-plans.ts";
import { checkKey } from "./context.ts";
import type { RunContext } from "./context.ts";
import type { Neighbours } from "./delivery.ts";
import { compareHeads } from "./fence.ts";
import type { Bead } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";
import { claimsOfCheck } from "./run-graph.ts";
import { pathsOfChanges, scopeOf } from "./store/tree-store.ts";
import { verifyCandidate, verifyMolecule, verifyRun } from "./verification.ts";
import type { Candidate, RunCheck, Verification, VerifierDeps } from "./verification.ts";

/** What checking needs beside the coordinator's rows. */
export interface CheckingDeps {
  readonly verifier: VerifierDeps;
  readonly knowingState: Neighbours["knowingState"];
  readonly random: Random;
  readonly startTimeout: StartTimeout;
}

/** The checks of one coordinator. The lease of a bead outlasts each try of its check. */
export class Checking {
  readonly #context: RunContext;
  readonly #deps: CheckingDeps;
  /** Not persisted: checks under way by effect id; a call that is repeated waits for the same one. */
  readonly #underWay = new Map<string, Promise<Verification>>();
  readonly #underCheck: Map<string, number>;

  /** @param underCheck - where the beads that are being checked are noted; the context's own */
  constructor(context: RunContext, deps: CheckingDeps, underCheck: Map<string, number>) {
    this.#context = context;
    this.#deps = deps;
    this.#underCheck = underCheck;
  }

  /** Checks an operative's outcome: its change set first, and then whether its knowing-state has held so long. */
  ofOutcome(outcome: BeadOutcome): Promise<Verification> {
    const { effectId } = outcome;
    const running = this.#underWay.get(effectId);
    if (running !== undefined) return running;
    const started = this.#checkOutcome(outcome).finally(() => this.#underWay.delete(effectId));
    this.#underWay.set(effectId, started);
    return started;
  }

  /** Checks an approved change set; its knowing-state is not asked again, since a person decided on this very change set. */
  async ofApproved({ bead, outcome }: Approved): Promise<Verification> {
    const candidate = this.#candidateOf(this.#context.store.requireRun(), bead, outcome);
    return this.#leased(bead, (beforeTry) => verifyCandidate(this.#deps.verifier, candidate, beforeTry));
  }

  /** Checks what an outcome bead judges: its molecule on the tree as it is, or, when no bead waits for it, the whole run. */
  ofOutcomeBead(outcomeBead: Bead): Promise<RunCheck> {
    const judgesRun = this.#context.store.molecules.isTerminal(outcomeBead.beadId);
    return this.#leased(outcomeBead, (beforeTry) =>
      judgesRun
        ? verifyRun(this.#deps.verifier, this.#runSubject(outcomeBead), beforeTry)
        : verifyMolecule(this.#deps.verifier, this.#moleculeSubject(outcomeBead), beforeTry),
    );
  }

  /** The merged tree with every claim, hidden examples included. */
  #runSubject({ beadId, directive }: Bead): Parameters<typeof verifyRun>[1] {
    const { store } = this.#context;
    const claims = store.claims.all();
    const doneRefs = new Set(store.beads.all().flatMap((bead) => (bead.state === "DONE" && !bead.outcome ? bead.directive.claimRefs : [])));
    const others = store.molecules.verdicts().filter((one) => one.beadId !== beadId);
    return {
      directive,
      wholeTree: true,
      claims,
      invariants: store.claims.invariants(),
      typesRequired: store.requireRun().typesRequired,
      changed: store.tree.changedFiles().map(({ path }) => path),
      tree: store.tree.all(),
      further: [
        claimCoverage(claims, doneRefs),
        ...moleculesPassed(others.map(({ moleculeId, verdict }) => ({ moleculeId, passed: verdict?.outcome === "passed" }))),
      ],
    };
  }

  /** The files that the molecule's beads see, with the claims its outcome bead refers to. */
  #moleculeSubject({ moleculeId, directive }: Bead): Parameters<typeof verifyMolecule>[1] {
    const { store } = this.#context;
    const done = store.molecules.members(moleculeId).flatMap((id) => {
      const bead = store.beads.get(id);
      return bead === null || bead.outcome || bead.state !== "DONE" ? [] : [bead];
    });
    const claims = withoutHidden(store.claims.of([...directive.claimRefs, ...claimsOfCheck(directive.successCheck)]));
    const scopes = [directive, ...done.map((bead) => bead.directive)].flatMap(scopeOf);
    const { tree, changed } = store.tree.inScope([...new Set(scopes)]);
    const written = done.map((bead) => ({ title: bead.title, writes: bead.directive.fileScope.write }));
    return {
      directive,
      claims,
      invariants: store.claims.invariantsOf([...new Set([directive, ...done.map((bead) => bead.directive)].flatMap(({ invariantIds }) => invariantIds))]),
      typesRequired: store.requireRun().typesRequired,
      changed,
      writes: [...new Set(written.flatMap(({ writes }) => writes))],
      tree,
      further: [moleculeCoverage(directive.claimRefs, new Set(done.flatMap((bead) => bead.directive.claimRefs))), ...writtenFiles(written, Object.keys(tree))],
    };
  }

  async #checkOutcome(outcome: BeadOutcome): Promise<Verification> {
    const { store } = this.#context;
    const run = store.requireRun();
    const bead = store.beads.get(outcome.beadId);
    if (bead === null) throw new Error(`${outcome.beadId} is not in the run.`);
    const candidate = this.#candidateOf(run, bead, outcome);
    return this.#leased(outcome, async (beforeTry) => {
      const found = await verifyCandidate(this.#deps.verifier, candidate, beforeTry);
      // A change set that conflicts is work that others go on with: it counts only if what governed it holds, too.
      return found.kind === "checked" || found.kind === "conflict" ? this.#fenced(run, bead, outcome, found) : found;
    });
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

  /** The outcome's change set on the part of the run tree that the bead sees, as it is now. */
  #candidateOf(run: Run, { directive }: Bead, { result }: BeadOutcome): Candidate {
    const { store } = this.#context;
    const changeSet = result.kind === "task" ? result.changeSet : [];
    const paths = [...new Set([...scopeOf(directive), ...pathsOfChanges(changeSet)])];
    const { tree, changed } = store.tree.inScope(paths);
    return {
      directive,
      wholeTree: false,
      claims: withoutHidden(store.claims.of([...directive.claimRefs, ...claimsOfCheck(directive.successCheck)])),
      invariants: store.claims.invariantsOf(directive.invariantIds),
      typesRequired: run.typesRequired,
      changed,
      tree,
      seen: { version: store.tree.version(), paths },
      changeSet,
    };
  }

  /** Runs a check with its bead noted, and when each try of it began. */
  async #leased<T>({ beadId, epoch }: Pick<Bead, "beadId" | "epoch">, check: (beforeTry: () => void) => Promise<T>): Promise<T> {
    const key = checkKey(beadId, epoch);
    const note = (): void => void this.#underCheck.set(key, this.#context.now());
    note();
    try {
      return await check(note);
    } finally {
      this.#underCheck.delete(key);
    }
  }
}

function withoutHidden(claims: readonly Claim[]): Omit<Claim, "holdout">[] {
  return claims.map(({ holdout: _hidden, ...visible }) => visible);
}
