/** Types that a function block names and nothing declares: a coder would have to guess what they hold. */
import type { FunctionBlock, WorkOrder } from "@factory/schemas";
import { isModulePath } from "./repository-map.ts";
import { tokenize } from "./ts-tokens.ts";
import { BUILT_IN_TYPES, namesIn } from "./ts-types.ts";

/** A function block with the type that is missing. */
export type UndeclaredType = { readonly block: FunctionBlock; readonly type: string };

/**
 * Types that are neither built in nor a type parameter; those that the order declares are written out in its blocks. Where
 * code is attached, its types are not known from its paths, so that the type check has to tell.
 *
 * @param baseTree - anything by path of the attached files
 */
export function undeclaredTypes({ functions }: Pick<WorkOrder, "functions">, baseTree: { readonly [path: string]: unknown }): UndeclaredType[] {
  if (Object.keys(baseTree).some((path) => isModulePath(path) && !/\.test\.[mc]?[jt]sx?$/.test(path))) return [];
  return functions.flatMap((block) => {
    const parameters = typeParametersOf(block);
    const used = [...block.params.map(({ type }) => type), block.returnType].flatMap((text) => namesIn(tokenize(text).tokens));
    return [...new Set(used)].filter((type) => !BUILT_IN_TYPES.has(type) && !parameters.has(type)).map((type) => ({ block, type }));
  });
}

/** Names between the function's name and its parameters: its type parameters, and what bounds them. */
function typeParametersOf({ name, signature }: FunctionBlock): ReadonlySet<string> {
  const head = signature.slice(signature.indexOf(name) + name.length, signature.indexOf("("));
  return new Set(namesIn(tokenize(head).tokens));
}
