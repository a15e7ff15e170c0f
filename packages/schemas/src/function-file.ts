/** Where the code of a function block goes; the compiler, the checks, the delivery and the models agree on it here. */

/** The file that re-exports every function; the integrator writes it. */
export const INDEX_FILE = "src/index.ts";

/**
 * Which file each function of an order is in: the one that a claim names, because the starting tree has the function there
 * already, else the conventional one.
 *
 * @param claims - the claims of the order, in any order
 */
export function functionFiles(
  claims: Iterable<{ readonly functionName?: string | undefined; readonly file?: string | undefined }>,
): (functionName: string) => string {
  const named = new Map<string, string>();
  for (const { functionName, file } of claims) if (functionName !== undefined && file !== undefined) named.set(functionName, file);
  return (functionName) => named.get(functionName) ?? functionFile(functionName);
}

/** Conventional file of a function: its name in kebab-case, such as `src/line-total.ts` for `lineTotal`. The parser refuses orders in which two clash. */
export function functionFile(functionName: string): string {
  const words = functionName
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1-$2")
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, "$1-$2")
    .replace(/[_$]+/g, "-")
    .toLowerCase()
    .replace(/^-+|-+$/g, "");
  // A name of signs only has no words left, and `index` is taken.
  return `src/${words === "" || words === "index" ? `fn-${hexOf(functionName)}` : words}.ts`;
}

function hexOf(text: string): string {
  return [...text].map((char) => (char.codePointAt(0) ?? 0).toString(16)).join("");
}
