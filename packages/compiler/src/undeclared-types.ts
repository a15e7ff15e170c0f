/** Types that a function block names and nothing declares: a coder would have to guess what they hold. */
import type { FunctionBlock, RepositoryMap, WorkOrder } from "@factory/schemas";
import { isModulePath } from "./repository-map.ts";
import type { BaseTree, Target } from "./targets.ts";
import { tokenize } from "./ts-tokens.ts";
import { BUILT_IN_TYPES, namesIn } from "./ts-types.ts";

/** A function block with the type that is missing. */
export type UndeclaredType = { readonly block: FunctionBlock; readonly type: string };

/**
 * Types that are neither built in nor a type parameter; those that the order declares are written out in its blocks. Where
 * code is attached, its types are not known from its paths: gate 1, which knows the code, answers with {@link undeclaredTypesIn}.
 *
 * @param baseTree - anything by path of the attached files
 */
export function undeclaredTypes({ functions }: Pick<WorkOrder, "functions">, baseTree: { readonly [path: string]: unknown }): UndeclaredType[] {
  if (Object.keys(baseTree).some(isCode)) return [];
  return functions.flatMap((block) => missing(block, () => false));
}

/**
 * Types that neither the language nor the order nor the attached code declares. Of the code counts what any module exports,
 * what the function's own file declares or imports, and what declaration files declare for all.
 *
 * @param targets - where the order's functions go
 */
export function undeclaredTypesIn(
  { functions }: Pick<WorkOrder, "functions">,
  targets: ReadonlyMap<string, Target>,
  { repository }: BaseTree,
): UndeclaredType[] {
  const everywhere = sharedNames(repository);
  return functions.flatMap((block) => {
    const file = targets.get(block.name)?.file ?? "";
    const own = new Set(Object.hasOwn(repository, file) ? repository[file]?.types : []);
    return missing(block, (type) => everywhere.has(type) || own.has(type));
  });
}

/** Attached code of which it is not known what it declares; empty where every type can be looked up. */
export function unknownCode({ tree, repository }: BaseTree): string[] {
  return Object.keys(tree).filter((path) => isCode(path) && !Object.hasOwn(repository, path));
}

function isCode(path: string): boolean {
  return isModulePath(path) && !/\.test\.[mc]?[jt]sx?$/.test(path);
}

/** Names that a coder can have in any file. What an unreadable module exports is not known, so all that it seems to declare counts. */
function sharedNames(repository: RepositoryMap): ReadonlySet<string> {
  return new Set(
    Object.entries(repository).flatMap(([path, module]) =>
      isCode(path) ? [...(module.readable ? module.exports : module.types), ...(path.endsWith(".d.ts") ? module.types : [])] : [],
    ),
  );
}

function missing(block: FunctionBlock, isDeclared: (type: string) => boolean): UndeclaredType[] {
  const parameters = typeParametersOf(block);
  const used = [...block.params.map(({ type }) => type), block.returnType].flatMap((text) => namesIn(tokenize(text).tokens));
  return [...new Set(used)].filter((type) => !BUILT_IN_TYPES.has(type) && !parameters.has(type) && !isDeclared(type)).map((type) => ({ block, type }));
}

/** Names between the function's name and its parameters: its type parameters, and what bounds them. */
function typeParametersOf({ name, signature }: FunctionBlock): ReadonlySet<string> {
  const head = signature.slice(signature.indexOf(name) + name.length, signature.indexOf("("));
  return new Set(namesIn(tokenize(head).tokens));
}
