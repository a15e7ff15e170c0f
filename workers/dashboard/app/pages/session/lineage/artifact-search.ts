/** Finding an artifact among all that a session wrote. */

/** An artifact as the session's log tells of it. */
export type Listed = { readonly id: string; readonly type: string | null; readonly metadata: unknown };

/** Fields of an artifact's metadata that name it, the best first. */
const TITLE_FIELDS = ["title", "summary", "action", "description", "reason"] as const;

/** One line for people: what names it, else its id. */
export function titleOf({ id, metadata }: Listed): string {
  if (typeof metadata !== "object" || metadata === null) return id;
  for (const field of TITLE_FIELDS) {
    const value: unknown = Reflect.get(metadata, field);
    if (typeof value === "string" && value !== "") return value;
  }
  return id;
}

/** Types with how many artifacts each has, by name. */
export function typesOf(artifacts: readonly Listed[]): { readonly type: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const { type } of artifacts) if (type !== null) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => ({ type, count })).toSorted((a, b) => (a.type < b.type ? -1 : 1));
}

/**
 * The artifacts of a type whose title or id holds every word, whatever its case.
 *
 * @param type - null for every type
 */
export function artifactsFound<Artifact extends Listed>(artifacts: readonly Artifact[], words: string, type: string | null): Artifact[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return artifacts.filter((artifact) => {
    if (type !== null && artifact.type !== type) return false;
    const text = `${artifact.id} ${titleOf(artifact)}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
