/** Why the order was taken on, as intake put it on record. */
import type { ArtifactNode } from "@factory/schemas";
import type { SessionStore } from "./session-store.ts";

/** The elucidation of taking the order on; later choices have elucidations of their own. Null when intake left none. */
export function commissioningElucidation(store: SessionStore): ArtifactNode | null {
  return store.artifactsOfType("ElucidationArtifact").find(({ data }) => data["disposition"] === "commissioning") ?? null;
}
