/** The types of a signature as text, which are read over and never understood. */

/**
 * The source with the types of the signature taken out; the body of the subset that is read has none.
 *
 * @throws SyntaxError when no function is exported, or its signature is not one of plain parameters
 */
export function withoutTypes(source: string): string {
  const start = /export function [A-Za-z_$][\w$]*\(/.exec(source);
  if (start === null) throw new SyntaxError("There is no exported function.");
  const open = start.index + start[0].length;
  const close = endOfTypes(source, open, ")");
  const names = splitTop(source.slice(open, close)).map((param) => /^\s*([A-Za-z_$][\w$]*)\s*\??\s*(?::|$)/.exec(param)?.[1]);
  if (names.includes(undefined)) throw new SyntaxError("Only plain parameters are read.");
  const body = endOfTypes(source, close + 1, "{");
  return `${source.slice(0, open)}${names.join(", ")}) ${source.slice(body)}`;
}

/** Position of the bracket that ends the type text: the given one outside of all others, after a complete type. */
function endOfTypes(source: string, from: number, end: ")" | "{"): number {
  let depth = 0;
  let complete = end === "{" && source[from] !== ":";
  for (let at = from; at < source.length; at += 1) {
    const char = source[at] ?? "";
    if (depth === 0 && char === end && (end === ")" || complete)) return at;
    if (char === '"' || char === "'") {
      const stop = source.indexOf(char, at + 1);
      if (stop === -1) break;
      at = stop;
      complete = true;
    } else if ("([{<".includes(char)) depth += 1;
    else if (")]}".includes(char) || (char === ">" && source[at - 1] !== "=")) {
      depth -= 1;
      complete = true;
    } else if (":|&,".includes(char) || char === ">") complete = false;
    else if (/\S/.test(char)) complete = true;
  }
  throw new SyntaxError("The signature does not end.");
}

function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if ("([{<".includes(char)) depth += 1;
    else if (")]}".includes(char) || (char === ">" && text[at - 1] !== "=")) depth -= 1;
    else if (char === "," && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part.trim() !== "");
}
