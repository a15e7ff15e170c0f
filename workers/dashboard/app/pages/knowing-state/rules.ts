/** Rules of a policy as they are shown. Pure. */

/** JSON, as the platform sends it. */
export type Rules = { readonly [rule: string]: unknown };

export type Guidance = { readonly from: string; readonly text: string };

/** Sentences that the loop has written, with the amendment each is from. */
export function guidanceOf({ guidance }: Rules): readonly Guidance[] {
  return Array.isArray(guidance) ? guidance.flatMap((item: unknown) => (isGuidance(item) ? [item] : [])) : [];
}

function isGuidance(item: unknown): item is Guidance {
  return typeof item === "object" && item !== null && "from" in item && "text" in item && typeof item.from === "string" && typeof item.text === "string";
}

/** Every other rule by name: a list of names, or its text. Guidance that cannot be read as such is told as it is. */
export function otherRules(rules: Rules): readonly (readonly [name: string, value: string | readonly string[]])[] {
  const readable = Array.isArray(rules["guidance"]) && guidanceOf(rules).length === rules["guidance"].length;
  return Object.entries(rules)
    .filter(([name]) => name !== "guidance" || !readable)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, isNames(value) ? value : typeof value === "string" ? value : JSON.stringify(value)]);
}

const isNames = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every((item) => typeof item === "string");
