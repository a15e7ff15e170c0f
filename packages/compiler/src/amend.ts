/** Successor directives after an adopted amendment: examples that were revealed are visible now, and the note is told. */
import type { ArtifactEdge, ArtifactNode, AtomDirective, Claim, Id } from "@factory/schemas";
import type { AmendRequest, CompileRequest, ReopenRequest } from "@factory/schemas/rpc";
import { claimsOf, directiveContext, workersOf } from "./directive-context.ts";
import { makeDirective } from "./directives.ts";
import type { CompiledAtom } from "./draft.ts";
import { codedClaims, notesFor } from "./notes.ts";
import type { ClaimNote } from "./notes.ts";
import { EVERYTHING } from "./read-scopes.ts";
import type { AtomPlan } from "./work-graph.ts";

/** An atom as it may be stored: before atoms had molecules and scopes of their own, each read everything and imported what it depended on. */
export type StoredAtom = Omit<CompiledAtom, "plan" | "moleculeId"> & {
  readonly plan: Pick<AtomPlan, Exclude<keyof AtomPlan, AddedLater>> & Partial<Pick<AtomPlan, AddedLater>>;
};
type AddedLater = "molecule" | "owns" | "uses" | "existing" | "laterTests" | "reads";

/** The parts of a plan that directives are made from, whenever it was stored. */
export function currentPlan(plan: StoredAtom["plan"]): AtomPlan {
  const { molecule = "", owns = [], uses, existing = [], laterTests = [], reads = EVERYTHING } = plan;
  const before = plan.dependsOn.flatMap((key) => (key.startsWith("function:") ? [key.slice("function:".length)] : []));
  return { ...plan, molecule, owns, uses: uses ?? before, existing, laterTests, reads };
}

/** What mediation keeps of a run, as it is before the amendment. */
export type AmendableRun = {
  readonly request: CompileRequest;
  readonly runId: Id<"RUN">;
  readonly workGraphId: Id<"WG">;
  readonly claims: readonly Claim[];
  readonly atoms: readonly StoredAtom[];
  /** Notes of earlier amendments, oldest first. */
  readonly notes: readonly ClaimNote[];
};

export type AmendResult =
  | {
      readonly ok: true;
      /** The run after the amendment. */
      readonly run: AmendableRun;
      readonly artifacts: readonly { readonly node: ArtifactNode; readonly edges: readonly ArtifactEdge[] }[];
      readonly reopen: ReopenRequest;
    }
  | { readonly ok: false; readonly message: string };

/**
 * Applies an adopted amendment. Each affected bead gets a directive of its own, whose id follows from the amendment too.
 * Refuses what would show a value that is not hidden, or the last hidden one of a claim.
 */
export function amendRun(run: AmendableRun, request: AmendRequest): AmendResult {
  const problem = amendProblem(run, request);
  if (problem !== undefined) return { ok: false, message: problem };
  const claims = run.claims.map((claim) => (claim.claimId === request.claimId ? revealed(claim, request.revealedLines) : claim));
  const notes = request.note === "" ? run.notes : [...run.notes, { claimId: request.claimId, note: request.note }];
  const next: AmendableRun = { ...run, claims, notes };
  const made = run.atoms.filter(({ beadId }) => request.beadIds.includes(beadId)).map((atom) => successor(next, atom, request));
  return {
    ok: true,
    run: next,
    artifacts: made.map(({ node, edges }) => ({ node, edges })),
    reopen: {
      amendmentId: request.amendmentId,
      specificationId: request.specificationId,
      directives: made.map(({ directive }) => directive),
      claims,
      beadIds: request.beadIds,
    },
  };
}

function amendProblem(run: AmendableRun, request: AmendRequest): string | undefined {
  const claim = run.claims.find(({ claimId }) => claimId === request.claimId);
  if (claim === undefined) return `${request.claimId} is no claim of the run.`;
  const known = new Set<string>(run.atoms.map(({ beadId }) => beadId));
  const unknown = request.beadIds.filter((id) => !known.has(id));
  if (unknown.length > 0) return `${unknown.join(", ")} is no bead of the run.`;
  if (request.beadIds.length === 0) return "The amendment names no bead.";
  const hidden = new Set(claim.holdout.map(({ line }) => line));
  const strange = request.revealedLines.filter((line) => !hidden.has(line));
  if (strange.length > 0) return `${request.claimId} hides no example of line ${strange.join(", ")}.`;
  if (request.revealedLines.length > 0 && new Set(request.revealedLines).size >= hidden.size) return `${request.claimId} would keep no hidden example.`;
  return undefined;
}

function revealed(claim: Claim, lines: readonly number[]): Claim {
  const moved = claim.holdout.filter(({ line }) => lines.includes(line));
  return {
    ...claim,
    visible: [...claim.visible, ...moved].sort((a, b) => a.line - b.line),
    holdout: claim.holdout.filter(({ line }) => !lines.includes(line)),
  };
}

function successor(
  run: AmendableRun,
  atom: StoredAtom,
  request: AmendRequest,
): { readonly directive: AtomDirective; readonly node: ArtifactNode; readonly edges: readonly ArtifactEdge[] } {
  const { atomId, dependsOn, invariantIds } = atom;
  const plan = currentPlan(atom.plan);
  const plans = run.atoms.map((other) => currentPlan(other.plan));
  const context = directiveContext(run.request, { runId: run.runId, workGraphId: run.workGraphId, claims: run.claims, workers: workersOf(run.atoms) });
  const { directive, content, parents } = makeDirective(context, {
    plan,
    atomId,
    dependsOn,
    invariantIds,
    claims: claimsOf(plan, run.claims),
    notes: notesFor(run.notes, codedClaims(plans), plan),
    parents: [request.amendmentId, request.specificationId],
  });
  const node: ArtifactNode = { id: directive.directiveId, type: "AtomDirective", data: content, parents };
  return {
    directive,
    node,
    edges: [
      { source: atomId, rel: "dispatched_as", target: node.id },
      { source: node.id, rel: "source_ref", target: request.amendmentId },
      { source: node.id, rel: "source_ref", target: request.specificationId },
    ],
  };
}
