/** What the checks of gate 1 ask of a compiled graph again and again, each worked out once, and what the order says by itself. */
import { INDEX_FILE } from "@factory/schemas";
import type { Claim } from "@factory/schemas";
import { claimsOfOrder, placeClaims } from "../claims.ts";
import type { CoherenceAtom, CoherenceInput } from "../coherence-input.ts";
import { CodeFiles } from "../code-files.ts";
import { grouped } from "../grouped.ts";
import { detectorsFor } from "../detectors.ts";
import { ImportGraph } from "../import-graph.ts";
import { inheritanceOf, inheritClaims } from "../inherit.ts";
import { targetsOf } from "../targets.ts";
import type { BaseTree, Target } from "../targets.ts";

/** A fault that a check found: the artifact and what mends it. */
export type Finding = string;

/** A compiled graph beside its order. */
export class CoherenceView {
  readonly input: CoherenceInput;
  readonly base: BaseTree;
  /** The claims that the order gives, examples split as they have to be. */
  readonly stated: readonly Claim[];
  /** Where the order's functions go. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly imports: ImportGraph;
  /** Whether delivered TypeScript has to type-check: by the order's own words, or by the starting tree. */
  readonly typesRequired: boolean;
  readonly atoms: ReadonlyMap<string, CoherenceAtom>;
  /** Claims of the graph by number. */
  readonly claims: ReadonlyMap<string, Claim>;
  /** Claims that the order gives, by number. */
  readonly statements: ReadonlyMap<string, Claim>;
  /** What code consists of, read off the order and not off the graph. */
  readonly code: CodeFiles;
  /** Atoms that others come after. */
  readonly #needed: ReadonlySet<string>;
  readonly #writers: ReadonlyMap<string, CoherenceAtom>;
  readonly #members: ReadonlyMap<string, readonly CoherenceAtom[]>;
  readonly #place: ReadonlyMap<string, number>;
  readonly #before = new Map<string, ReadonlySet<string>>();

  constructor(input: CoherenceInput) {
    const { order, baseTree, repository } = input;
    this.input = input;
    this.base = { tree: baseTree, repository };
    const targets = targetsOf(order, this.base);
    const claims = placeClaims(claimsOfOrder(order), targets);
    const inherited = inheritanceOf(order, input.inherited);
    this.stated = inherited === undefined ? claims : inheritClaims(claims, inherited);
    this.targets = new Map(targets.map((target) => [target.functionName, target]));
    this.imports = new ImportGraph(this.base, [...targets.map(({ file }) => file), INDEX_FILE]);
    const typed = order.constraints.some(({ text }) => detectorsFor(text).some(({ detector }) => detector === "types"));
    this.typesRequired = typed || Object.hasOwn(baseTree, "tsconfig.json");
    this.code = new CodeFiles({ claims: this.stated, targets, base: this.base, typesRequired: this.typesRequired });
    this.atoms = new Map(input.atoms.map((atom) => [atom.atomId, atom]));
    this.claims = new Map(input.claims.map((claim) => [claim.claimId, claim]));
    this.statements = new Map(this.stated.map((claim) => [claim.claimId, claim]));
    this.#place = new Map(this.stated.map(({ claimId }, place) => [claimId, place]));
    this.#needed = new Set(input.atoms.flatMap(({ dependsOn }) => dependsOn));
    this.#members = grouped(input.atoms, ({ moleculeId }) => moleculeId);
    // Of several that write one function, the first is meant.
    this.#writers = new Map(input.atoms.toReversed().flatMap((atom) => (atom.functionName === undefined ? [] : [[atom.functionName, atom]])));
  }

  /** An atom as people and programs know it. */
  named(atomId: string): string {
    const atom = this.atoms.get(atomId);
    return atom === undefined ? atomId : `${atomId} (${atom.title})`;
  }

  /** Everything that an atom comes after, however far. */
  before(atomId: string): ReadonlySet<string> {
    const known = this.#before.get(atomId);
    if (known !== undefined) return known;
    const found = new Set<string>(this.atoms.get(atomId)?.dependsOn ?? []);
    // A set is walked while it grows.
    for (const earlier of found) for (const next of this.atoms.get(earlier)?.dependsOn ?? []) found.add(next);
    this.#before.set(atomId, found);
    return found;
  }

  /** Whether one of two atoms comes after the other. */
  ordered(a: string, b: string): boolean {
    return this.before(a).has(b) || this.before(b).has(a);
  }

  /** The atom of a function. */
  atomOf(functionName: string): CoherenceAtom | undefined {
    return this.#writers.get(functionName);
  }

  /** Atoms of a molecule, its outcome atom among them. */
  membersOf(moleculeId: string): readonly CoherenceAtom[] {
    return this.#members.get(moleculeId) ?? [];
  }

  /** Whether nothing comes after an atom. */
  isTerminal({ atomId }: CoherenceAtom): boolean {
    return !this.#needed.has(atomId);
  }

  /** The claims that the order gives, of those that an atom owns, in the order of the claims. */
  ownedBy(atom: CoherenceAtom): Claim[] {
    const owned = [...new Set(atom.owns)].flatMap((claimId) => this.statements.get(claimId) ?? []);
    return owned.sort((a, b) => (this.#place.get(a.claimId) ?? 0) - (this.#place.get(b.claimId) ?? 0));
  }

  /**
   * New files that a test imports and that are not there when an atom ends. The index counts as one while it does not
   * re-export a function that is new. Who may write any source file may have written these too.
   */
  missingFor(test: string, atom: CoherenceAtom): string[] {
    const { files } = this.imports.reach([test]);
    const there = [atom, ...[...this.before(atom.atomId)].flatMap((id) => this.atoms.get(id) ?? [])];
    if (there.some(({ role, functionName }) => role === "integrator" || (role === "coder" && functionName === undefined))) return [];
    const written = new Set(there.flatMap(({ writes }) => writes));
    const newFiles = [...this.targets.values()].filter(({ mode }) => mode === "create").map(({ file }) => file);
    const awaited = newFiles.filter((file) => files.has(file) && !written.has(file));
    const indexIsNew = !Object.hasOwn(this.base.tree, INDEX_FILE) && !written.has(INDEX_FILE);
    const indexAwaited = files.has(INDEX_FILE) && (indexIsNew || newFiles.some((file) => written.has(file)));
    return [...awaited, ...(indexAwaited ? [INDEX_FILE] : [])];
  }
}

/** A text as a finding quotes it. */
export function quoted(text: string): string {
  return `"${text.length > 120 ? `${text.slice(0, 119).toWellFormed()}…` : text}"`;
}
