/** The way through lineage that led to an artifact. */
import { MAX_TRAIL } from "./lineage-search.ts";

/**
 * The trail after a step from one artifact to another. A step back to one of the trail shortens it; the oldest steps are forgotten
 * when it is full.
 */
export function trailAfter(trail: readonly string[], fromId: string, toId: string): string[] {
  const back = trail.indexOf(toId);
  if (back !== -1) return trail.slice(0, back);
  return [...trail, fromId].slice(-MAX_TRAIL);
}

/** Types from which a person would begin, the first that a session has: how it ended, then what it came from. */
const FIRST_TYPES = ["Specification", "IntentSpecification", "Pressure", "Signal"] as const;

/** The artifact to begin at: the session's final one, else what it specified last, else what it came from; null for none. */
export function firstArtifactOf(finalArtifactId: string | null, artifacts: readonly { readonly id: string; readonly type: string | null }[]): string | null {
  if (finalArtifactId !== null) return finalArtifactId;
  for (const type of FIRST_TYPES) {
    const found = artifacts.findLast((artifact) => artifact.type === type);
    if (found !== undefined) return found.id;
  }
  return artifacts[0]?.id ?? null;
}

/** The newest execution trace among what came of an atom; the atom itself where nothing was executed yet. */
export function traceOrAtom(atomId: string, nodes: readonly { readonly id: string; readonly type: string; readonly createdAt: string }[]): string {
  const traces = nodes.filter(({ type }) => type === "ExecutionTrace").toSorted((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
  return traces.at(-1)?.id ?? atomId;
}
