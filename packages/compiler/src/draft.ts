/** A compilation under way: every artifact of a run with its lineage, what gate 1 sees of them, and what the coordinator starts from. */
import { GEARS, permittedTools, TOOL_NAMES } from "@factory/gears";
import { artifactNode, beadIdOf, claimNodeId, contentId, functionFiles, runIdOf } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, AtomDirective, Claim, Id, Invariant, WorkOrder } from "@factory/schemas";
import type { BeadSeed, CompileRequest, InheritedSpecification, SeedRequest } from "@factory/schemas/rpc";
import type { CoherenceContract, CoherenceInput, CoherenceMolecule, CoherenceValidation } from "./coherence-input.ts";
import { claimsOf, directiveContext, workersOf } from "./directive-context.ts";
import { makeDirective } from "./directives.ts";
import { invariantsOf } from "./invariants.ts";
import { codedClaims, notesFor } from "./notes.ts";
import type { ClaimNote } from "./notes.ts";
import { orderDigest } from "./split.ts";
import { baseOf } from "./targets.ts";
import { validationsOf } from "./validations.ts";
import { planGraph } from "./work-graph.ts";
import type { AtomPlan, MoleculePlan } from "./work-graph.ts";

/** Operative slots of a run: beads that may be worked on at once. More only queue for the same models and sandbox. */
export const MAX_SLOTS = 4;

/** A node with the edges that belong to it: their other ends are earlier nodes, or were there before. */
export type CompiledArtifact = { readonly node: ArtifactNode; readonly edges: readonly ArtifactEdge[] };

/** An atom with everything that later directives for it are made from. */
export type CompiledAtom = {
  readonly plan: AtomPlan;
  readonly atomId: Id<"ATOM">;
  readonly beadId: Id<"BEAD">;
  readonly moleculeId: Id<"MOL">;
  readonly dependsOn: readonly Id<"ATOM">[];
  readonly invariantIds: readonly string[];
};

/** A molecule with its atoms. */
export type CompiledMolecule = CoherenceMolecule & { readonly moleculeId: Id<"MOL">; readonly title: string };

type KeyedInvariant = Invariant & { readonly invariantId: string };

/** A compilation under way: artifacts are added in the order in which they can be written. */
export class Draft {
  readonly artifacts: CompiledArtifact[] = [];
  readonly specificationId: Id<"SPEC">;
  readonly runId: Id<"RUN">;
  readonly workGraphId: Id<"WG">;
  readonly atoms: readonly CompiledAtom[];
  readonly molecules: readonly CompiledMolecule[];
  readonly contracts: readonly CoherenceContract[];
  readonly invariants: readonly KeyedInvariant[];
  readonly validations: readonly CoherenceValidation[];
  readonly #request: CompileRequest;
  readonly #claims: readonly Claim[];
  readonly #notes: readonly ClaimNote[];
  /** What this specification starts from, of an earlier session on the same order. */
  readonly #inherited: InheritedSpecification | undefined;
  readonly #fileOf: (functionName: string) => string;
  readonly #typesRequired: boolean;

  constructor(request: CompileRequest, claims: readonly Claim[], notes: readonly ClaimNote[], inherited: InheritedSpecification | undefined) {
    this.#request = request;
    this.#claims = claims;
    this.#notes = notes;
    this.#inherited = inherited;
    this.#fileOf = functionFiles(claims);
    const invariants = invariantsOf(claims);
    this.#typesRequired = typesRequired(request, invariants);
    this.specificationId = this.#addSpecification();
    this.runId = runIdOf(request.org, request.sessionId, this.specificationId);
    for (const claim of claims) this.#addClaim(claim);
    this.contracts = request.order.functions.map((block) => this.#addContract(block));
    this.invariants = invariants.map((invariant) => this.#addInvariant(invariant));
    this.validations = this.#addValidations(invariants);
    const graph = planGraph({ order: request.order, claims, typesRequired: this.#typesRequired, base: baseOf(request) });
    const atoms = this.#addAtoms(graph.atoms);
    this.molecules = graph.molecules.map((molecule) => this.#molecule(molecule, atoms));
    this.atoms = this.#inMolecules(atoms);
    this.workGraphId = this.#addWorkGraph();
  }

  coherenceInput(): CoherenceInput {
    const { order, baseTree, repository = {} } = this.#request;
    const contractOf = new Map(this.contracts.map(({ functionName, contractId }) => [functionName, contractId]));
    return {
      subjectId: this.workGraphId,
      order,
      ...(this.#inherited === undefined ? {} : { inherited: this.#inherited }),
      baseTree,
      repository,
      claims: this.#claims,
      contracts: this.contracts,
      atoms: this.atoms.map(({ plan, atomId, moleculeId, dependsOn }) => {
        const contractId = plan.functionName === undefined ? undefined : contractOf.get(plan.functionName);
        return {
          atomId,
          key: plan.key,
          title: plan.title,
          role: plan.role,
          gear: GEARS[plan.role].name,
          ...(plan.target === undefined ? {} : { mode: plan.target.mode }),
          ...(plan.functionName === undefined ? {} : { functionName: plan.functionName }),
          moleculeId,
          claimRefs: plan.claimRefs,
          owns: plan.owns,
          dependsOn,
          reads: plan.reads,
          writes: plan.writes,
          permitted: permittedTools(GEARS[plan.role]),
          check: plan.check,
          ...(contractId === undefined ? {} : { contractId }),
        };
      }),
      molecules: this.molecules.map(({ moleculeId, key, atomIds, outcomeAtomId }) => ({ moleculeId, key, atomIds, outcomeAtomId })),
      invariants: this.invariants,
      validations: this.validations,
      gears: Object.fromEntries(Object.values(GEARS).map(({ name, role, tools }) => [name, { role, tools }])),
      registry: TOOL_NAMES,
    };
  }

  add(node: ArtifactNode, edges: readonly ArtifactEdge[]): void {
    this.artifacts.push({ node, edges });
  }

  /** Makes the directives and everything the coordinator starts from. */
  seed(): SeedRequest {
    const { org, sessionId, workOrderId, assembly, baseTree } = this.#request;
    const workers = workersOf(this.atoms);
    const context = directiveContext(this.#request, { runId: this.runId, workGraphId: this.workGraphId, claims: this.#claims, workers });
    const coded = codedClaims(this.atoms.map(({ plan }) => plan));
    const beads = this.atoms.map((atom): BeadSeed => {
      const { plan, atomId } = atom;
      const made = makeDirective(context, {
        plan,
        atomId,
        dependsOn: atom.dependsOn,
        invariantIds: atom.invariantIds,
        claims: claimsOf(plan, this.#claims),
        notes: notesFor(this.#notes, coded, plan),
        parents: [],
      });
      this.add({ id: made.directive.directiveId, type: "AtomDirective", data: made.content, parents: made.parents }, [
        { source: atomId, rel: "dispatched_as", target: made.directive.directiveId },
      ]);
      return this.#bead(atom, made.directive);
    });
    return {
      org,
      sessionId,
      runId: this.runId,
      workOrderId,
      assembly,
      specificationId: this.specificationId,
      workGraphId: this.workGraphId,
      slots: Math.max(1, Math.min(MAX_SLOTS, workers)),
      priority: this.#request.order.priority,
      budgetUsd: this.#request.config.budgetUsd ?? null,
      baseTree,
      typesRequired: this.#typesRequired,
      claims: this.#claims,
      invariants: this.invariants,
      beads,
    };
  }

  #bead({ plan, atomId, beadId, moleculeId, dependsOn }: CompiledAtom, directive: AtomDirective): BeadSeed {
    return {
      beadId,
      atomId,
      moleculeId,
      role: plan.role,
      title: plan.title,
      outcome: plan.role === "verifier:outcome",
      directive,
      dependsOn: dependsOn.map((parent) => ({ beadId: beadIdOf(this.#request.org, this.runId, parent), required: true })),
    };
  }

  #node<P extends "SPEC" | "CONTRACT" | "INV" | "VAL" | "ATOM" | "WG">(
    prefix: P,
    type: string,
    data: { readonly [key: string]: unknown },
    parents: readonly string[],
  ): ArtifactNode & { readonly id: Id<P> } {
    return artifactNode(prefix, type, this.#request.org, data, parents);
  }

  #claimNode(claimId: string): string {
    return claimNodeId(this.specificationId, claimId);
  }

  /** The specification says what is asked and where it comes from. Examples are with the claims, which know what is hidden. */
  #addSpecification(): Id<"SPEC"> {
    const { order, assembly, workOrderId, intentSpecificationId, elucidationArtifactId } = this.#request;
    const { title, problem, goal, acceptanceCriteria, constraints, successMetrics, outOfScope, functions } = order;
    const data = {
      assembly,
      domain: workOrderId,
      version: 1,
      title,
      problem,
      goal,
      criteria: acceptanceCriteria,
      constraints,
      metrics: successMetrics,
      outOfScope,
      functions,
      orderDigest: orderDigest(order),
      notes: this.#notes,
      explicitness: "stated",
      rationale: "Taken from the work order as it is written; the intent specification was approved.",
    };
    const from = this.#inherited === undefined ? [] : [this.#inherited.specificationId];
    const node = this.#node("SPEC", "Specification", data, [intentSpecificationId, elucidationArtifactId, ...from]);
    this.add(node, [
      sourceRef(node.id, intentSpecificationId),
      sourceRef(node.id, elucidationArtifactId),
      ...from.map((target) => derivedFrom(node.id, target)),
    ]);
    return node.id;
  }

  #addClaim(claim: Claim): void {
    const id = this.#claimNode(claim.claimId);
    this.add({ id, type: "Claim", data: { ...claim }, parents: [this.specificationId] }, [{ source: this.specificationId, rel: "composed_of", target: id }]);
  }

  #addContract({ name, signature, params, returnType, line }: WorkOrder["functions"][number]): CoherenceContract {
    const from = this.#claims.filter(({ functionName }) => functionName === name).map(({ claimId }) => this.#claimNode(claimId));
    const data = {
      kind: "api",
      statement: signature,
      functionName: name,
      file: this.#fileOf(name),
      params,
      returnType,
      line,
      explicitness: "stated",
      rationale: `The order states the signature in line ${line}.`,
    };
    const node = this.#node("CONTRACT", "Contract", data, from);
    this.add(
      node,
      from.map((target) => derivedFrom(node.id, target)),
    );
    return { contractId: node.id, functionName: name, statement: signature, file: data.file, params, returnType };
  }

  #addInvariant(invariant: Invariant): KeyedInvariant {
    const from = this.#claimNode(invariant.claimId);
    const explicitness = invariant.detector === "person" ? "stated" : "inferred";
    const rationale =
      invariant.detector === "person"
        ? "No detector watches the whole of this constraint."
        : `The words "${invariant.matched.join('", "')}" call for the detector ${invariant.detector}.`;
    const node = this.#node("INV", "Invariant", { ...invariant, explicitness, rationale }, [from]);
    this.add(node, [derivedFrom(node.id, from)]);
    return { ...invariant, invariantId: node.id };
  }

  #addValidations(invariants: readonly Invariant[]): Draft["validations"] {
    return validationsOf(this.#claims, invariants).map(({ invariants: covered, claimRefs, ...rest }) => {
      const invariantIds = covered.flatMap((index) => this.invariants[index]?.invariantId ?? []);
      const from = [...claimRefs.map((claimId) => this.#claimNode(claimId)), ...invariantIds];
      const data = {
        ...rest,
        claimRefs,
        invariantIds,
        explicitness: "inferred",
        rationale: "Follows from what the claim names: examples, tests, detectors or a person.",
      };
      const node = this.#node("VAL", "Validation", data, from);
      this.add(
        node,
        from.map((target) => derivedFrom(node.id, target)),
      );
      return { ...rest, validationId: node.id, claimRefs, invariantIds };
    });
  }

  #addAtoms(plans: readonly AtomPlan[]): Omit<CompiledAtom, "moleculeId">[] {
    const contracts = new Map(this.contracts.map(({ functionName, contractId }) => [functionName, contractId]));
    const made = plans.map((plan) => {
      const contract = plan.functionName === undefined ? undefined : contracts.get(plan.functionName);
      const from = [...plan.claimRefs.map((claimId) => this.#claimNode(claimId)), ...(contract === undefined ? [] : [contract])];
      const node = this.#node("ATOM", "RequirementAtom", atomData(plan, this.#claims), from);
      this.add(
        node,
        from.map((target) => derivedFrom(node.id, target)),
      );
      return { plan, atomId: node.id };
    });
    const idOf = new Map(made.map(({ plan, atomId }) => [plan.key, atomId]));
    return made.map(({ plan, atomId }) => ({
      plan,
      atomId,
      beadId: beadIdOf(this.#request.org, this.runId, atomId),
      dependsOn: plan.dependsOn.flatMap((key) => idOf.get(key) ?? []),
      invariantIds: this.invariants.filter(({ claimId }) => plan.claimRefs.includes(claimId)).map(({ invariantId }) => invariantId),
    }));
  }

  /** A molecule is of its run: two runs from one specification do not share one. */
  #molecule({ key, title, atoms: keys, outcome }: MoleculePlan, atoms: readonly Omit<CompiledAtom, "moleculeId">[]): CompiledMolecule {
    const idOf = new Map(atoms.map(({ plan, atomId }) => [plan.key, atomId]));
    const atomIds = keys.flatMap((atom) => idOf.get(atom) ?? []);
    const outcomeAtomId = idOf.get(outcome);
    if (outcomeAtomId === undefined) throw new TypeError(`The molecule ${key} has no outcome atom.`);
    const content = { key, title, atomIds, outcomeAtomId };
    return { moleculeId: contentId("MOL", { kind: "Molecule", org: this.#request.org, content, parents: [this.runId] }), ...content };
  }

  #inMolecules(atoms: readonly Omit<CompiledAtom, "moleculeId">[]): CompiledAtom[] {
    const moleculeOf = new Map<string, Id<"MOL">>();
    for (const { moleculeId, atomIds, outcomeAtomId } of this.molecules) for (const atomId of [...atomIds, outcomeAtomId]) moleculeOf.set(atomId, moleculeId);
    return atoms.map((atom) => {
      const moleculeId = moleculeOf.get(atom.atomId);
      if (moleculeId === undefined) throw new TypeError(`${atom.atomId} is in no molecule.`);
      return { ...atom, moleculeId };
    });
  }

  #addWorkGraph(): Id<"WG"> {
    const { intentSpecificationId } = this.#request;
    const data = {
      nodes: this.atoms.map(({ plan, atomId, moleculeId }) => ({
        atomId,
        key: plan.key,
        role: plan.role,
        title: plan.title,
        moleculeId,
        claimRefs: plan.claimRefs,
        owns: plan.owns,
      })),
      edges: this.atoms.flatMap(({ atomId, dependsOn }) => dependsOn.map((from) => ({ from, to: atomId, required: true }))),
      molecules: this.molecules,
      explicitness: "inferred",
      rationale:
        "Dependencies are the functions that a criterion names besides its own, the new files that its tests import and the order of changes to one file; " +
        "what needs each other is one molecule, and the integrator follows all of them.",
    };
    const parents = [this.specificationId, ...this.atoms.map(({ atomId }) => atomId)];
    const node = this.#node("WG", "WorkGraph", data, parents);
    this.add(node, [{ source: intentSpecificationId, rel: "compiles_to", target: node.id }, ...parents.map((target) => sourceRef(node.id, target))]);
    return node.id;
  }
}

/** What an atom is as a requirement: who has to do what to what, under which conditions, and what shows that it is done. */
function atomData(plan: AtomPlan, claims: readonly Claim[]): { readonly [key: string]: unknown } {
  const { target } = plan;
  const touched = claimsOf(plan, claims);
  return {
    key: plan.key,
    role: plan.role,
    category: plan.category,
    ...phraseOf(plan),
    conditions: touched.filter(({ claimId, kind }) => kind !== "constraint" && (plan.owns.length === 0 || plan.owns.includes(claimId))).map(({ text }) => text),
    qualifiers: touched.filter(({ kind }) => kind === "constraint").map(({ text }) => text),
    successCondition: plan.check,
    claimRefs: plan.claimRefs,
    owns: plan.owns,
    molecule: plan.molecule,
    ...(target === undefined ? {} : { mode: target.mode, file: target.file }),
    dependsOn: plan.dependsOn,
    reads: plan.reads,
    writes: plan.writes,
    explicitness: "inferred",
    rationale: plan.functionName === undefined ? "The order asks for it as a whole." : `The order has a function block for ${plan.functionName}.`,
  };
}

function phraseOf({ role, functionName, target, title }: AtomPlan): { readonly subject: string; readonly action: string; readonly object: string } {
  if (functionName !== undefined && target !== undefined)
    return { subject: target.file, action: target.mode === "create" ? "must export" : "must export, changed,", object: functionName };
  return { subject: "the implementation", action: role === "verifier:outcome" ? "must show" : "must provide", object: title };
}

function sourceRef(source: string, target: string): ArtifactEdge {
  return { source, rel: "source_ref", target };
}

function derivedFrom(source: string, target: string): ArtifactEdge {
  return { source, rel: "derived_from", target };
}

/** Delivered TypeScript must type-check when a constraint asks for types or the starting tree is type-checked. */
function typesRequired({ baseTree }: Pick<CompileRequest, "baseTree">, invariants: readonly Invariant[]): boolean {
  return invariants.some(({ detector }) => detector === "types") || Object.hasOwn(baseTree, "tsconfig.json");
}
