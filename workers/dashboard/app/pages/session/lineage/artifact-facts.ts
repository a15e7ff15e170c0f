/** The content of an artifact as facts: what is short as text, the rest as JSON. */

/** Facts and what is left of the content; null where all of it is in the facts. */
export type ArtifactFacts = { readonly facts: readonly (readonly [name: string, text: string])[]; readonly rest: unknown };

/** Characters that a fact may have. */
const MAX_FACT_CHARS = 400;

/** @param data - the artifact's content, as the graph has it */
export function factsOfContent(data: unknown): ArtifactFacts {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return { facts: [], rest: data };
  const facts: (readonly [string, string])[] = [];
  const rest: { [name: string]: unknown } = {};
  for (const [name, value] of Object.entries(data)) {
    const text = textOf(value);
    if (text === null) rest[name] = value;
    else facts.push([nameWords(name), text]);
  }
  return { facts, rest: Object.keys(rest).length === 0 ? null : rest };
}

/** A value as text; null for one that is not short or not simple. */
function textOf(value: unknown): string | null {
  if (value === null) return "none";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return value.length <= MAX_FACT_CHARS ? value || "empty" : null;
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) {
    const joined = value.join(" · ");
    return joined.length <= MAX_FACT_CHARS ? joined || "none" : null;
  }
  return null;
}

/** "acceptanceCriteria" as "Acceptance criteria". */
export function nameWords(name: string): string {
  const words = name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, " ")
    .replaceAll("_", " ")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
