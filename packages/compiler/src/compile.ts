/**
 * The compiler: an approved order and its intent specification become specification, claims, atoms, contracts,
 * invariants, validations, directives, the coherence report and what the coordinator is seeded with. Pure and
 * deterministic: the same input gives the same bytes.
 */
import { artifactNode } from "@factory/schemas";
import type { Claim, Id, VerificationReport } from "@factory/schemas";
import type { CompileRequest, SeedRequest } from "@factory/schemas/rpc";
import { claimsOfOrder, placeClaims } from "./claims.ts";
import type { CoherenceInput } from "./coherence-input.ts";
import { checkCoherence } from "./coherence.ts";
import { Draft } from "./draft.ts";
import type { CompiledArtifact, CompiledAtom, CompiledMolecule } from "./draft.ts";
import { inheritanceOf, inheritClaims, inheritNotes } from "./inherit.ts";
import type { ClaimNote } from "./notes.ts";
import { baseOf, targetsOf } from "./targets.ts";
import { personClaimsOf } from "./validations.ts";

export type CompiledRun = {
  readonly specificationId: Id<"SPEC">;
  readonly workGraphId: Id<"WG">;
  readonly runId: Id<"RUN">;
  readonly reportId: Id<"VR">;
  readonly report: VerificationReport;
  /** In an order in which they can be written: an edge's ends are never later. */
  readonly artifacts: readonly CompiledArtifact[];
  readonly claims: readonly Claim[];
  readonly atoms: readonly CompiledAtom[];
  /** The last one ends the graph. */
  readonly molecules: readonly CompiledMolecule[];
  /** Notes that earlier sessions on the same order left, oldest first. */
  readonly notes: readonly ClaimNote[];
  readonly personClaims: readonly { readonly claimId: string; readonly text: string }[];
  /** Null when the gate refused: nothing is dispatched. */
  readonly seed: SeedRequest | null;
};

/** Compiles an approved order. The request's `intent` is recorded and never decides what is checked. */
export function compileWorkGraph(request: CompileRequest): CompiledRun {
  const { draft, claims, notes } = draftOf(request);
  const report = checkCoherence(draft.coherenceInput());
  const reportNode = artifactNode("VR", "VerificationReport", request.org, report, [draft.workGraphId]);
  draft.add(reportNode, [{ source: draft.workGraphId, rel: "gate_result", target: reportNode.id }]);
  const seed = report.outcome === "PASS" ? draft.seed() : null;
  return {
    specificationId: draft.specificationId,
    workGraphId: draft.workGraphId,
    runId: draft.runId,
    reportId: reportNode.id,
    report,
    artifacts: draft.artifacts,
    claims,
    atoms: draft.atoms,
    molecules: draft.molecules,
    notes,
    personClaims: personClaimsOf(claims, draft.invariants),
    seed,
  };
}

/** What gate 1 sees of a request: the compiled work graph beside its source. */
export function coherenceInput(request: CompileRequest): CoherenceInput {
  return draftOf(request).draft.coherenceInput();
}

function draftOf(asked: CompileRequest): { readonly draft: Draft; readonly claims: readonly Claim[]; readonly notes: readonly ClaimNote[] } {
  const request = { ...asked, baseTree: sorted(asked.baseTree), repository: sorted(asked.repository ?? {}) };
  const inherited = inheritanceOf(request.order, request.inherited);
  const split = placeClaims(claimsOfOrder(request.order), targetsOf(request.order, baseOf(request)));
  const claims = inherited === undefined ? split : inheritClaims(split, inherited);
  const notes = inherited === undefined ? [] : inheritNotes(claims, inherited);
  return { draft: new Draft(request, claims, notes, inherited), claims, notes };
}

/** Entries in the order of their keys: that of a starting tree's files says nothing and must not show. */
function sorted<T>(record: { readonly [key: string]: T }): { readonly [key: string]: T } {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
