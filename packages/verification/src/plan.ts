/**
 * From a success check to what is executed: requirements, each with its own verdict, over the files it needs. The same plan
 * is made for an operative's `run_checks`, for the coordinator's verdict on a bead and for the run verdict; only the
 * claims and the tree differ.
 */
import { resolveImport } from "./compile/resolve-import.ts";
import { detectorForm } from "./detectors/catalogue.ts";
import { importsOf } from "./detectors/no-imports.ts";
import { parseSource } from "./detectors/parse-source.ts";
import { renderExampleTests } from "./examples.ts";
import { renderOutputTest } from "./output-tests.ts";
import type { Claim, DetectorName, Example, SuccessCheck } from "@factory/schemas";

export const CHECK_KINDS = ["tests", "examples", "output", "typecheck", "file-exists", "detector", "claims"] as const;
export type CheckKind = (typeof CHECK_KINDS)[number];

/** A claim as a plan sees it; `visible` are the examples to run, whichever side of the split they are from. */
export type PlanClaim = Pick<Claim, "claimId" | "testFiles" | "visible"> & { readonly functionName?: string | undefined };

/** An invariant to watch. */
export type PlanInvariant = { readonly invariantId: string; readonly claimId: string; readonly detector: DetectorName; readonly statement: string };

/** What a plan is made from. */
export type PlanContext = {
  /** Text files of the tree by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly claims: readonly PlanClaim[];
  /** Path of the module that exports a function. */
  readonly moduleOf: (functionName: string) => string;
  /** Paths the unit answers for: static detectors read them and the type checker starts from them. */
  readonly sources: readonly string[];
  readonly invariants: readonly PlanInvariant[];
  /** True when delivered TypeScript must type-check. */
  readonly typesRequired: boolean;
};

/** How a requirement is decided. */
export type RequirementRun =
  /** Test files; `values` leaves out the tests of argument mutation, `mutation` has only these. */
  | { readonly how: "tests"; readonly files: readonly string[]; readonly part: "all" | "values" | "mutation" }
  | { readonly how: "typecheck"; readonly roots: readonly string[] }
  | { readonly how: "decided"; readonly ok: boolean; readonly problems: readonly string[] };

/** One thing that must hold. */
export type Requirement = {
  /** Unique in its plan and stable between plans. */
  readonly key: string;
  readonly kind: CheckKind;
  /** For people. */
  readonly label: string;
  readonly claimId?: string;
  readonly invariantId?: string;
  readonly holdout: boolean;
  readonly run: RequirementRun;
};

/** What is to be checked. A plan without requirements passes nothing. */
export type CheckPlan = {
  /** The tree's files with the rendered tests among them. */
  readonly files: ReadonlyMap<string, string>;
  readonly requirements: readonly Requirement[];
  /** Invariants nothing in this plan exercises, with the reason. */
  readonly unexercised: readonly { readonly invariantId: string; readonly claimId: string; readonly reason: string }[];
};

/** Folder of rendered tests: under `tests/`, where only tests are, and under a name no unit's file scope holds. */
export const RENDERED_FOLDER = "tests/.factory";

/** Plans a success check, and with it the type check and the detectors that the order asks for. */
export function planChecks(check: SuccessCheck, context: PlanContext): CheckPlan {
  const plan = new Planner(context);
  plan.add(check);
  if (context.typesRequired) plan.add({ kind: "typecheck" });
  for (const invariant of context.invariants) plan.watch(invariant);
  return plan.done();
}

/**
 * Plans the hidden examples of claims: one requirement a claim that has any. Keep the plan, its files and its reports away
 * from operatives, feedback and events.
 */
export function planHoldouts(claims: readonly Claim[], context: Pick<PlanContext, "files" | "moduleOf">): CheckPlan {
  const files = withoutRendered(context.files);
  const requirements = claims.flatMap((claim): Requirement[] => {
    const [first] = claim.holdout;
    if (first === undefined) return [];
    const path = `${RENDERED_FOLDER}/${slug(claim.claimId)}.holdout.test.ts`;
    const functionName = claim.functionName ?? first.functionName;
    files.set(
      path,
      renderExampleTests({ functionName, module: specifier(path, context.moduleOf(functionName)), examples: claim.holdout, freezeArguments: false }),
    );
    return [
      {
        key: `holdout:${claim.claimId}`,
        kind: "examples",
        label: `hidden examples of ${claim.claimId}`,
        claimId: claim.claimId,
        holdout: true,
        run: { how: "tests", files: [path], part: "all" },
      },
    ];
  });
  return { files, requirements, unexercised: [] };
}

class Planner {
  readonly #context: PlanContext;
  readonly #files: Map<string, string>;
  readonly #requirements = new Map<string, Requirement>();
  readonly #unexercised: { invariantId: string; claimId: string; reason: string }[] = [];
  readonly #frozen: boolean;

  constructor(context: PlanContext) {
    this.#context = context;
    this.#files = withoutRendered(context.files);
    this.#frozen = context.invariants.some(({ detector, statement }) => detectorForm(detector, statement).form === "frozen-arguments");
  }

  add(check: SuccessCheck): void {
    switch (check.kind) {
      case "all":
        for (const part of check.checks) this.add(part);
        return;
      case "tests":
        return this.#tests(check.files);
      case "examples":
        return this.#examples(check.claim);
      case "typecheck":
        return this.#require({ key: "typecheck", kind: "typecheck", label: "type check", holdout: false, run: this.#typecheck() });
      case "file-exists": {
        const ok = this.#context.files.has(check.path);
        const run: RequirementRun = { how: "decided", ok, problems: ok ? [] : [`there is no file ${check.path}`] };
        return this.#require({ key: `file-exists:${check.path}`, kind: "file-exists", label: `${check.path} exists`, holdout: false, run });
      }
      case "output-contains":
      case "output-matches": {
        const path = `${RENDERED_FOLDER}/output-${this.#requirements.size + 1}.test.ts`;
        this.#files.set(path, renderOutputTest(check, specifier(path, check.module)));
        const label = `output of ${check.export} in ${check.module}`;
        return this.#require({ key: `output:${path}`, kind: "output", label, holdout: false, run: { how: "tests", files: [path], part: "all" } });
      }
      default:
        return check satisfies never;
    }
  }

  watch(invariant: PlanInvariant): void {
    const { invariantId, claimId, detector, statement } = invariant;
    const required = (run: RequirementRun): void =>
      this.#require({ key: `detector:${invariantId}`, kind: "detector", label: `${detector}: ${statement}`, claimId, invariantId, holdout: false, run });
    const unexercised = (reason: string): void => void this.#unexercised.push({ invariantId, claimId, reason });
    const form = detectorForm(detector, statement);
    switch (form.form) {
      case "static": {
        const modules = this.#context.sources.filter(isModule);
        if (modules.length === 0) return unexercised("there is no source file to look at");
        const problems = modules.flatMap((path) => form.detect(path, this.#context.files.get(path) ?? ""));
        return required({ how: "decided", ok: problems.length === 0, problems: problems.map(({ file, line, message }) => `${file}:${line} ${message}`) });
      }
      case "typecheck":
        return required(this.#typecheck());
      case "frozen-arguments": {
        const files = this.#exampleFiles();
        return files.length === 0 ? unexercised("there are no examples to call functions with") : required({ how: "tests", files, part: "mutation" });
      }
      case "person":
        return unexercised("no detector covers it; a person decides");
      default:
        return form satisfies never;
    }
  }

  done(): CheckPlan {
    return { files: this.#files, requirements: [...this.#requirements.values()], unexercised: this.#unexercised };
  }

  #require(requirement: Requirement): void {
    if (!this.#requirements.has(requirement.key)) this.#requirements.set(requirement.key, requirement);
  }

  #tests(paths: readonly string[]): void {
    for (const path of paths) {
      const owners = this.#context.claims.filter(({ testFiles }) => testFiles.includes(path));
      const claimId = owners.length === 1 ? owners[0]?.claimId : undefined;
      const run: RequirementRun = this.#context.files.has(path)
        ? { how: "tests", files: [path], part: "all" }
        : { how: "decided", ok: false, problems: [`there is no test file ${path}`] };
      this.#require({ key: `tests:${path}`, kind: "tests", label: path, ...(claimId === undefined ? {} : { claimId }), holdout: false, run });
    }
  }

  /** A criterion that names a function whose examples belong to an earlier criterion shares its check. */
  #examples(claimId: string): void {
    const claim = this.#context.claims.find((one) => one.claimId === claimId);
    const owner =
      claim === undefined || claim.visible.length > 0
        ? claim
        : this.#context.claims.find((one) => one.functionName !== undefined && one.functionName === claim.functionName && one.visible.length > 0);
    const [first] = owner?.visible ?? [];
    const label = `examples of ${claimId}`;
    if (owner === undefined || first === undefined) {
      const run: RequirementRun = { how: "decided", ok: false, problems: [`${claimId} has no example that could be run`] };
      return this.#require({ key: `examples:${claimId}`, kind: "examples", label, claimId, holdout: false, run });
    }
    const path = this.#renderExamples(owner.claimId, owner.functionName ?? first.functionName, owner.visible);
    this.#require({ key: `examples:${claimId}`, kind: "examples", label, claimId, holdout: false, run: { how: "tests", files: [path], part: "values" } });
  }

  #renderExamples(claimId: string, functionName: string, examples: readonly Example[]): string {
    const path = `${RENDERED_FOLDER}/${slug(claimId)}.examples.test.ts`;
    if (!this.#files.has(path)) {
      const module = specifier(path, this.#context.moduleOf(functionName));
      this.#files.set(path, renderExampleTests({ functionName, module, examples, freezeArguments: this.#frozen }));
    }
    return path;
  }

  #exampleFiles(): string[] {
    return [...this.#files.keys()].filter((path) => path.startsWith(`${RENDERED_FOLDER}/`) && path.endsWith(".examples.test.ts")).sort();
  }

  #typecheck(): RequirementRun {
    const roots = this.#context.sources.filter((path) => /\.[mc]?tsx?$/.test(path)).sort();
    return roots.length === 0 ? { how: "decided", ok: false, problems: ["there is no TypeScript file to check"] } : { how: "typecheck", roots };
  }
}

/** A tree's own file in the folder of rendered tests never stands in for one. */
function withoutRendered(files: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...files].filter(([path]) => !path.startsWith(`${RENDERED_FOLDER}/`)));
}

/** Whether a path is a module of code. */
function isModule(path: string): boolean {
  return /\.[mc]?[jt]sx?$/.test(path);
}

/**
 * The files that `roots` reach through imports, themselves included, by path. Where a file cannot be read or computes an
 * import, everything may be reached, so everything is in it.
 */
export function importClosure(files: ReadonlyMap<string, string>, roots: readonly string[]): Map<string, string> {
  const reached = new Map<string, string>();
  const waiting = [...roots];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const source = files.get(path);
    if (source === undefined || reached.has(path)) continue;
    reached.set(path, source);
    if (!isModule(path)) continue;
    const targets = importTargets(path, source, files);
    if (targets === null) return new Map(files);
    waiting.push(...targets);
  }
  return reached;
}

function importTargets(path: string, source: string, files: ReadonlyMap<string, string>): string[] | null {
  const specifiers = specifiersOf(source);
  if (specifiers === null) return null;
  const targets: string[] = [];
  for (const name of specifiers) {
    const resolution = resolveImport(path, name, (candidate) => files.has(candidate));
    if (resolution.kind === "file") targets.push(resolution.path);
  }
  return targets;
}

/** Sources whose imports are kept: a large run's, at a few hundred bytes each beside texts that are held anyway. */
const MAX_KNOWN_SOURCES = 500;

/** Not persisted: what a source imports, by its text. A run checks the same files again and again, and parsing is most of planning. */
const knownSpecifiers = new Map<string, readonly string[] | null>();

/** Specifiers of a module's imports, types included; null where it cannot be read or computes one. */
function specifiersOf(source: string): readonly string[] | null {
  const known = knownSpecifiers.get(source);
  if (known !== undefined) return known;
  const parsed = parseSource(source, { keepTypeImports: true });
  const found = parsed.ok ? importsOf(parsed.program).map(({ specifier }) => specifier) : [undefined];
  const specifiers = found.filter((specifier) => specifier !== undefined);
  const result = specifiers.length === found.length ? specifiers : null;
  knownSpecifiers.set(source, result);
  for (const oldest of knownSpecifiers.keys()) {
    if (knownSpecifiers.size <= MAX_KNOWN_SOURCES) break;
    knownSpecifiers.delete(oldest);
  }
  return result;
}

/** Specifier of `target` relative to the file `from`; both are workspace paths. */
function specifier(from: string, target: string): string {
  return `${"../".repeat(from.split("/").length - 1)}${target}`;
}

function slug(id: string): string {
  return id.toLowerCase().replace(/[^a-z0-9]+/g, "-");
}
