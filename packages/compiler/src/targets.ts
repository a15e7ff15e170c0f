/** Which file each function of an order goes to: a new one by convention, or the file of the starting tree that has the function. */
import { functionFile } from "@factory/schemas";
import type { RepositoryFunction, RepositoryMap, RepositoryModule, Tree, WorkOrder } from "@factory/schemas";
import type { CompileRequest } from "@factory/schemas/rpc";

/** A starting tree: its paths, and what is known of its source files. */
export type BaseTree = { readonly tree: Tree; readonly repository: RepositoryMap };

/** The starting tree of a request with what its source files declare. */
export function baseOf({ baseTree, repository = {} }: Pick<CompileRequest, "baseTree" | "repository">): BaseTree {
  return { tree: baseTree, repository };
}

/** Where a function goes. */
export type Target = {
  readonly functionName: string;
  readonly mode: "create" | "modify";
  readonly file: string;
  /** The function as it is now; absent for a new one, and where no head could be read. */
  readonly present?: RepositoryFunction;
  /** What the file exports besides the function, and has to keep. */
  readonly keeps: readonly string[];
  /** Why the file cannot be read as it is: it is to be repaired, and what it exports is not known. */
  readonly unreadable?: string;
};

/** Why a function has no file that it could go to. */
export type TargetProblem = { readonly functionName: string; readonly paths: readonly string[]; readonly reason: string };

/** Where the functions of an order go, in the order of its blocks. One with a problem has its conventional target all the same. */
export function targetsOf(order: Pick<WorkOrder, "functions">, base: BaseTree): Target[] {
  return decisions(order, base).map(({ target }) => target);
}

/** What keeps functions of an order from having a file, with the paths and what mends it. */
export function targetProblems(order: Pick<WorkOrder, "functions">, base: BaseTree): TargetProblem[] {
  return decisions(order, base).flatMap(({ problem }) => problem ?? []);
}

type Decision = { readonly target: Target; readonly problem?: TargetProblem };

function decisions({ functions }: Pick<WorkOrder, "functions">, base: BaseTree): Decision[] {
  const index: BaseIndex = { base, declaring: declaringFiles(base), firstIn: firstFiles(base.tree) };
  return functions.map(({ name }) => decide(name, index));
}

/** A starting tree, looked up by function and by folder. */
type BaseIndex = {
  readonly base: BaseTree;
  /** Source files that declare a function, sorted; of those that cannot be read, what they seem to declare. */
  readonly declaring: ReadonlyMap<string, readonly string[]>;
  /** The first path below each folder. */
  readonly firstIn: ReadonlyMap<string, string>;
};

function decide(name: string, { base, declaring: known, firstIn }: BaseIndex): Decision {
  const conventional = functionFile(name);
  const declaring = known.get(name) ?? [];
  const [only, ...others] = declaring;
  if (declaring.includes(conventional)) return { target: modify(name, conventional, base) };
  if (only !== undefined && others.length === 0) return { target: modify(name, only, base) };
  const target: Target = { functionName: name, mode: "create", file: conventional, keeps: [] };
  if (only !== undefined) {
    const reason = `${declaring.join(" and ")} of the starting tree each declare ${name}. Leave one of them, or move it to ${conventional}.`;
    return { target, problem: { functionName: name, paths: declaring, reason } };
  }
  // A file of the function's own name that cannot be read is the one to repair: nothing tells that it is another's.
  if (moduleOf(base, conventional)?.readable === false) return { target: modify(name, conventional, base) };
  const taken = pathTaken(conventional, base.tree, firstIn);
  return taken === undefined ? { target } : { target, problem: { functionName: name, paths: [taken], reason: whyTaken(name, taken, base) } };
}

function modify(name: string, file: string, base: BaseTree): Target {
  const module = moduleOf(base, file);
  const target = { functionName: name, mode: "modify", file } as const;
  if (module?.readable !== true) return { ...target, keeps: [], ...(module === undefined ? {} : { unreadable: module.reason }) };
  const present = module.functions.find((one) => one.name === name);
  return { ...target, ...(present === undefined ? {} : { present }), keeps: module.exports.filter((one) => one !== name) };
}

function moduleOf({ repository }: BaseTree, path: string): RepositoryModule | undefined {
  return Object.hasOwn(repository, path) ? repository[path] : undefined;
}

/** Delivered source: the only files in which a function of an order can be. */
function isSource(path: string): boolean {
  return path.startsWith("src/") && !path.endsWith(".d.ts") && !/\.test\.[mc]?[jt]sx?$/.test(path);
}

function declaringFiles({ repository }: BaseTree): ReadonlyMap<string, string[]> {
  const files = new Map<string, string[]>();
  for (const [path, module] of Object.entries(repository).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isSource(path)) continue;
    const names = module.readable ? module.functions.map(({ name }) => name) : module.functions;
    for (const name of new Set(names)) {
      const known = files.get(name);
      if (known === undefined) files.set(name, [path]);
      else known.push(path);
    }
  }
  return files;
}

function firstFiles(tree: Tree): ReadonlyMap<string, string> {
  const first = new Map<string, string>();
  for (const path of Object.keys(tree)) {
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
      const folder = path.slice(0, at);
      if (!first.has(folder)) first.set(folder, path);
    }
  }
  return first;
}

/** What stands where a file would be created: the file, or a file where it needs a folder, or a folder where it needs a file. */
function pathTaken(file: string, tree: Tree, firstIn: BaseIndex["firstIn"]): string | undefined {
  if (Object.hasOwn(tree, file)) return file;
  const parts = file.split("/");
  const folders = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
  return folders.find((folder) => Object.hasOwn(tree, folder)) ?? firstIn.get(file);
}

function whyTaken(name: string, path: string, base: BaseTree): string {
  const module = moduleOf(base, path);
  const what =
    module === undefined
      ? "what it exports is not known"
      : module.readable
        ? `it exports ${module.exports.length === 0 ? "nothing" : module.exports.slice(0, 12).join(", ")}`
        : `it cannot be read: ${module.reason}`;
  return `${path} is in the starting tree already and does not declare the function ${name}, so it is not created anew (${what}). Rename the function, move the file, or leave it out of the attached files.`;
}
