/** What gate 1 sees: a compiled work graph beside the order it was compiled from, so that what is not the order's is found. */
import type { Claim, FunctionParam, Invariant, RepositoryMap, Role, SuccessCheck, Tree, WorkOrder } from "@factory/schemas";
import type { InheritedSpecification } from "@factory/schemas/rpc";

/** A requirement atom with what its directive will say. */
export type CoherenceAtom = {
  readonly atomId: string;
  /** `function:NAME`, `tests:CLAIM`, `integrate`, `outcome:MOLECULE` or `outcome`. */
  readonly key: string;
  readonly title: string;
  readonly role: Role;
  /** Name of its gear in {@link CoherenceInput.gears}. */
  readonly gear: string;
  /** Whether the file of its function is new or there already; only an atom of a function has one. */
  readonly mode?: "create" | "modify";
  /** The function it writes, if it writes one. */
  readonly functionName?: string;
  readonly moleculeId: string;
  /** Claims it touches. */
  readonly claimRefs: readonly string[];
  /** Claims that it alone answers for; every claim is owned once, and an outcome atom owns none. */
  readonly owns: readonly string[];
  /** Atom ids. */
  readonly dependsOn: readonly string[];
  /** Paths or patterns it may read. */
  readonly reads: readonly string[];
  /** Paths or patterns it may write. */
  readonly writes: readonly string[];
  /** Tools its directive will permit. */
  readonly permitted: readonly string[];
  readonly check: SuccessCheck;
  /** The contract that it has to keep; an atom of a function has one. */
  readonly contractId?: string;
};

/** The signature that an order states for a function. */
export type CoherenceContract = {
  readonly contractId: string;
  readonly functionName: string;
  /** The signature. */
  readonly statement: string;
  /** The file that the function is in. */
  readonly file: string;
  readonly params: readonly FunctionParam[];
  readonly returnType: string;
};

/** Atoms that end in an outcome atom of their own. */
export type CoherenceMolecule = {
  readonly moleculeId: string;
  readonly key: string;
  /** Its atoms without the outcome atom. */
  readonly atomIds: readonly string[];
  readonly outcomeAtomId: string;
};

export type CoherenceValidation = {
  readonly validationId: string;
  readonly kind: string;
  readonly statement: string;
  readonly priority: "required" | "optional";
  readonly claimRefs: readonly string[];
  readonly invariantIds: readonly string[];
  readonly check?: SuccessCheck;
  readonly decidedBy: "platform" | "person" | "nobody";
};

/** A compiled work graph as the gate sees it. */
export type CoherenceInput = {
  /** Id of the work graph. */
  readonly subjectId: string;
  /** The source: what the graph has to say, no more and no less. */
  readonly order: WorkOrder;
  /** What earlier sessions on the same order made visible. */
  readonly inherited?: InheritedSpecification;
  /** The starting tree: path to digest. */
  readonly baseTree: Tree;
  /** What is known of its source files. */
  readonly repository: RepositoryMap;
  readonly claims: readonly Claim[];
  readonly contracts: readonly CoherenceContract[];
  readonly atoms: readonly CoherenceAtom[];
  readonly molecules: readonly CoherenceMolecule[];
  readonly invariants: readonly (Invariant & { readonly invariantId: string })[];
  readonly validations: readonly CoherenceValidation[];
  /** Gears by name, with the role each is for and the tools it permits. */
  readonly gears: { readonly [name: string]: { readonly role: string; readonly tools: readonly string[] } };
  /** Names in the tool registry. */
  readonly registry: readonly string[];
};
