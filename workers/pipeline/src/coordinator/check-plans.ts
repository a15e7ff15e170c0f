/** What is checked of a bead and of a whole run, and what a change set may touch. */
import { functionFiles, INDEX_FILE, MAX_FILE_BYTES } from "@factory/schemas";
import type { AtomDirective, ChangeEntry, Claim, SuccessCheck } from "@factory/schemas";
import type { SeedRequest } from "@factory/schemas/rpc";
import { moduleIn, planChecks, planHoldouts } from "@factory/verification";
import type { CheckPlan, CheckResult, Requirement } from "@factory/verification";
import { SPEC_FOLDER, WORKSPACE_LIMITS, matchesAny } from "@factory/workspace";

/** What the plans of a run are made from. */
export type CheckSubject = {
  readonly directive: AtomDirective;
  /** True for a molecule's outcome bead: the whole tree is looked at. */
  readonly wholeTree: boolean;
  readonly claims: readonly Omit<Claim, "holdout">[];
  readonly invariants: SeedRequest["invariants"];
  readonly typesRequired: boolean;
  /** Paths that differ from the starting tree. */
  readonly changed: readonly string[];
};

/** Plans the required checks of a bead on the files as they would be after it. */
export function planOfBead(subject: CheckSubject, files: ReadonlyMap<string, string>): CheckPlan {
  const { directive, wholeTree, claims, invariants, typesRequired } = subject;
  const own = wholeTree ? invariants : invariants.filter(({ invariantId }) => directive.invariantIds.includes(invariantId));
  return planChecks(wholeTree ? everyCheck(directive.successCheck, claims) : directive.successCheck, {
    files,
    claims,
    // Who does not write the index is tested through the own file: a coder, and a merge bead in its place.
    moduleOf: moduleIn(
      files,
      wholeTree || (directive.role !== "coder" && directive.fileScope.write.includes(INDEX_FILE)) ? "index" : "own file",
      functionFiles(claims),
    ),
    sources: sourcesOf(subject, files),
    invariants: own,
    typesRequired,
  });
}

/** What the plan of a molecule's verdict is made from: the outcome directive, and what the molecule's other beads were told. */
export type MoleculeSubject = Omit<CheckSubject, "wholeTree"> & {
  /** What the molecule's beads may write together. */
  readonly writes: readonly string[];
};

/**
 * Plans the visible checks of a molecule on the tree as it is: what its outcome directive names, and every visible example
 * of the claims it refers to. Nothing has been brought together yet, so functions are called in their own files, and of the
 * order's tests those are run that the directive names: others may need what only later molecules write.
 */
export function planOfMolecule(subject: MoleculeSubject, files: ReadonlyMap<string, string>): CheckPlan {
  const { directive, claims, invariants, typesRequired, writes } = subject;
  const refs = new Set(directive.claimRefs);
  const sources = writtenSources(subject, writes, files);
  const examples = examplesOf(claims.filter(({ claimId }) => refs.has(claimId)));
  return planChecks(
    { kind: "all", checks: [directive.successCheck, ...examples] },
    {
      files,
      claims,
      moduleOf: moduleIn(files, "own file", functionFiles(claims)),
      sources,
      invariants,
      // A molecule that has written no source has nothing whose types could be looked at.
      typesRequired: typesRequired && sources.length > 0,
    },
  );
}

/** Plans the hidden examples of every claim on the merged tree. */
export function planOfHoldouts(claims: readonly Claim[], files: ReadonlyMap<string, string>): CheckPlan {
  return planHoldouts(claims, { files, moduleOf: moduleIn(files, "index", functionFiles(claims)) });
}

/** Every visible example and every test file of the run, beside what the outcome directive names itself. */
function everyCheck(check: SuccessCheck, claims: CheckSubject["claims"]): SuccessCheck {
  const tests = [...new Set(claims.flatMap(({ testFiles }) => testFiles))].sort();
  return { kind: "all", checks: [check, ...examplesOf(claims), ...(tests.length === 0 ? [] : [{ kind: "tests" as const, files: tests }])] };
}

function examplesOf(claims: CheckSubject["claims"]): SuccessCheck[] {
  return claims.filter(({ visible }) => visible.length > 0).map(({ claimId }) => ({ kind: "examples", claim: claimId }));
}

/** Source files the unit answers for: those it names, and of a pattern those that were changed. */
function sourcesOf({ directive, wholeTree, changed }: CheckSubject, files: ReadonlyMap<string, string>): string[] {
  const sources = [...files.keys()].filter((path) => path.startsWith("src/"));
  const touched = new Set(changed);
  if (wholeTree) {
    const delivered = sources.filter((path) => touched.has(path));
    return delivered.length > 0 ? delivered : sources;
  }
  return writtenSources({ changed }, directive.fileScope.write, files);
}

function writtenSources({ changed }: Pick<CheckSubject, "changed">, writes: readonly string[], files: ReadonlyMap<string, string>): string[] {
  const touched = new Set(changed);
  return [...files.keys()].filter((path) => path.startsWith("src/") && (writes.includes(path) || (touched.has(path) && matchesAny(writes, path))));
}

/** Every claim that a molecule is to answer for is referred to by one of its beads that is done; without a claim there is nothing to pass. */
export function moleculeCoverage(claimRefs: readonly string[], doneRefs: ReadonlySet<string>): Requirement {
  const missing = claimRefs.filter((claimId) => !doneRefs.has(claimId));
  const problems =
    claimRefs.length === 0
      ? ["the molecule refers to no claim"]
      : missing.map((claimId) => `${claimId} is referred to by no bead of the molecule that is done`);
  return decided("claims", "claims", "every claim of the molecule is carried by a done bead", problems);
}

/** Each bead that was to write something has left a file where it may write. */
export function writtenFiles(beads: readonly { readonly title: string; readonly writes: readonly string[] }[], paths: readonly string[]): Requirement[] {
  const writers = beads.filter(({ writes }) => writes.length > 0);
  if (writers.length === 0) return [];
  const present = new Set(paths);
  const missing = writers.filter(({ writes }) => !writes.some((path) => present.has(path)) && !paths.some((path) => matchesAny(writes, path)));
  return [
    decided(
      "files",
      "claims",
      "every bead of the molecule has left its files",
      missing.map(({ title, writes }) => `${title} left nothing in ${writes.join(", ")}`),
    ),
  ];
}

/** Every molecule has passed, the terminal one aside, which is judged together with the run. */
export function moleculesPassed(molecules: readonly { readonly moleculeId: string; readonly passed: boolean }[]): Requirement[] {
  if (molecules.length === 0) return [];
  const open = molecules.filter(({ passed }) => !passed);
  return [
    decided(
      "molecules",
      "claims",
      "every molecule has passed",
      open.map(({ moleculeId }) => `${moleculeId} has not passed`),
    ),
  ];
}

function decided(key: string, kind: Requirement["kind"], label: string, problems: readonly string[]): Requirement {
  return { key, kind, label, holdout: false, run: { how: "decided", ok: problems.length === 0, problems } };
}

/** Every criterion is answered for by a bead that is done; an executed check of the run itself. */
export function claimCoverage(claims: readonly Omit<Claim, "holdout">[], doneRefs: ReadonlySet<string>): Requirement {
  const criteria = claims.filter(({ kind }) => kind === "criterion");
  const missing = criteria.filter(({ claimId }) => !doneRefs.has(claimId));
  const problems = criteria.length === 0 ? ["the run has no criterion"] : missing.map(({ claimId }) => `${claimId} is referred to by no bead that is done`);
  return decided("claims", "claims", "every criterion is carried by a done bead", problems);
}

/**
 * Claims that no executed check of the run decided: criteria without examples or tests, and constraints whose detector
 * nothing exercised. A constraint that only a person can judge is known since the compile and is not repeated here.
 */
export function uncheckedClaims(
  claims: readonly Claim[],
  invariants: SeedRequest["invariants"],
  results: readonly Pick<CheckResult, "key" | "ok">[],
): string[] {
  const passed = new Set(results.filter(({ ok }) => ok).map(({ key }) => key));
  const functions = new Set(claims.filter(({ claimId }) => passed.has(`examples:${claimId}`)).flatMap(({ functionName }) => functionName ?? []));
  return claims
    .filter((claim) => {
      switch (claim.kind) {
        case "criterion":
          return !(
            passed.has(`examples:${claim.claimId}`) ||
            claim.testFiles.some((path) => passed.has(`tests:${path}`)) ||
            (claim.functionName !== undefined && functions.has(claim.functionName))
          );
        case "constraint": {
          const watched = invariants.filter(({ claimId, detector }) => claimId === claim.claimId && detector !== "person");
          return watched.some(({ invariantId }) => !passed.has(`detector:${invariantId}`));
        }
        case "metric":
          return false;
        default:
          return claim.kind satisfies never;
      }
    })
    .map(({ claimId }) => claimId);
}

/** A breach of the directive; `paths` are those outside of its file scope. */
export type ScopeViolation = { readonly reason: string; readonly paths: readonly string[] };

/** Why a change set may not be merged at all, or null. An operative's own bounds are not believed. */
export function scopeViolation(directive: AtomDirective, changes: readonly ChangeEntry[]): ScopeViolation | null {
  const over = (reason: string): ScopeViolation => ({ reason, paths: [] });
  if (changes.length > WORKSPACE_LIMITS.changedFiles)
    return over(`The change set has ${changes.length} files; a unit may change ${WORKSPACE_LIMITS.changedFiles}.`);
  const large = changes.find(({ bytes }) => bytes > MAX_FILE_BYTES);
  if (large !== undefined) return over(`${large.path} has ${large.bytes} bytes; a file may have ${MAX_FILE_BYTES}.`);
  const paths = changes.map(({ path }) => path).filter((path) => path.startsWith(`${SPEC_FOLDER}/`) || !matchesAny(directive.fileScope.write, path));
  const [first] = paths;
  return first === undefined
    ? null
    : { reason: `${first} is outside the file scope of the directive: ${directive.fileScope.write.join(", ") || "nothing"}.`, paths };
}
