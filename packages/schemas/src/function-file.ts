/** Where the code of a function block goes; the compiler, the checks and the models agree on it here. */

/** The file that re-exports every function; the integrator writes it. */
export const INDEX_FILE = "src/index.ts";

/** File of a function: its name in kebab-case, such as `src/line-total.ts` for `lineTotal`. The parser refuses orders in which two clash. */
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
