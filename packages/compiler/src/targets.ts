/** Which file each function of an order goes to: a new one by convention, or the file of the starting tree that has the function. */
import { functionFile } from "@factory/schemas";
import type { FunctionBlock, RepositoryFunction, RepositoryMap, Tree, WorkOrder } from "@factory/schemas";

/** A starting tree: its paths, and what is known of its source files. */
export type BaseTree = { readonly tree: Tree; readonly repository: RepositoryMap };

/** Where a function goes. */
export type Target = {
  readonly functionName: string;
  readonly mode: "create" | "modify";
  readonly file: string;
  /** The function as it is now; absent for a new one, and where no head could be read. */
  readonly present?: RepositoryFunction;
  /** What the file exports besides the function, and has to keep. */
  readonly keeps: readonly string[];
};

/** Why a function has no file that it could go to. */
export type TargetProblem = { readonly functionName: string; readonly paths: readonly string[]; readonly reason: string };

/** Where the functions of an order go, in the order of its blocks. One with a problem has its conventional target all the same. */
export function targetsOf(order: Pick<WorkOrder, "functions">, base: BaseTree): Target[] {
  return order.functions.map((block) => decide(block, base).target);
}

/** What keeps functions of an order from having a file, with the paths and what mends it. */
export function targetProblems(order: Pick<WorkOrder, "functions">, base: BaseTree): TargetProblem[] {
  return order.functions.flatMap((block) => decide(block, base).problem ?? []);
}

type Decision = { readonly target: Target; readonly problem?: TargetProblem };

function decide({ name }: Pick<FunctionBlock, "name">, base: BaseTree): Decision {
  const conventional = functionFile(name);
  const declaring = Object.keys(base.repository)
    .filter((path) => isSource(path) && declares(base.repository, path, name))
    .sort();
  const [only, ...others] = declaring;
  if (declaring.includes(conventional)) return { target: modify(name, conventional, base) };
  if (only !== undefined && others.length === 0) return { target: modify(name, only, base) };
  const target: Target = { functionName: name, mode: "create", file: conventional, keeps: [] };
  if (only !== undefined) {
    const reason = `${declaring.join(" and ")} of the starting tree each declare ${name}. Leave one of them, or move it to ${conventional}.`;
    return { target, problem: { functionName: name, paths: declaring, reason } };
  }
  const taken = pathTaken(conventional, base.tree);
  return taken === undefined ? { target } : { target, problem: { functionName: name, paths: [taken], reason: whyTaken(name, taken, base) } };
}

function modify(name: string, file: string, { repository }: BaseTree): Target {
  const module = Object.hasOwn(repository, file) ? repository[file] : undefined;
  const present = module?.readable === true ? module.functions.find((one) => one.name === name) : undefined;
  const keeps = module?.readable === true ? module.exports.filter((one) => one !== name) : [];
  return { functionName: name, mode: "modify", file, ...(present === undefined ? {} : { present }), keeps };
}

/** Delivered source: the only files in which a function of an order can be. */
function isSource(path: string): boolean {
  return path.startsWith("src/") && !path.endsWith(".d.ts") && !/\.test\.[mc]?[jt]sx?$/.test(path);
}

function declares(repository: RepositoryMap, path: string, name: string): boolean {
  const module = Object.hasOwn(repository, path) ? repository[path] : undefined;
  return module?.readable === true && module.functions.some((one) => one.name === name);
}

/** What stands where a file would be created: the file, or a file where it needs a folder, or a folder where it needs a file. */
function pathTaken(file: string, tree: Tree): string | undefined {
  if (Object.hasOwn(tree, file)) return file;
  const parts = file.split("/");
  const folders = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
  return folders.find((folder) => Object.hasOwn(tree, folder)) ?? Object.keys(tree).find((path) => path.startsWith(`${file}/`));
}

function whyTaken(name: string, path: string, { repository }: BaseTree): string {
  const module = Object.hasOwn(repository, path) ? repository[path] : undefined;
  const what =
    module === undefined
      ? "what it exports is not known"
      : module.readable
        ? `it exports ${module.exports.length === 0 ? "nothing" : module.exports.slice(0, 12).join(", ")}`
        : `it cannot be read: ${module.reason}`;
  return `${path} is in the starting tree already and does not declare the function ${name}, so it is not created anew (${what}). Rename the function, move the file, or leave it out of the attached files.`;
}
