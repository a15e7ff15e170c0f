/** Beads by team and by molecule, with how far each is. */
import { countsOf, type BeadCounts, type ModelBead } from "../session-model.ts";
import type { MoleculeBead } from "./overview-queries.ts";

export type BeadGroup = { readonly id: string; readonly name: string; readonly counts: BeadCounts };

/** In the order in which the beads are given. */
export function teamsOf(beads: Iterable<ModelBead>): BeadGroup[] {
  return groupsOf(
    beads,
    ({ team }) => team,
    (team) => team,
  );
}

/** A molecule is called by its outcome bead, which judges it; beads whose molecule is not known are left out. */
export function moleculesOf(beads: ReadonlyMap<string, ModelBead>, places: readonly MoleculeBead[]): BeadGroup[] {
  const moleculeOf = new Map(places.map(({ beadId, moleculeId }) => [beadId, moleculeId]));
  const names = new Map(places.filter(({ outcome }) => outcome).map(({ beadId, moleculeId }) => [moleculeId, beads.get(beadId)?.title]));
  const placed = places.flatMap(({ beadId }) => beads.get(beadId) ?? []);
  return groupsOf(
    placed,
    ({ id }) => moleculeOf.get(id) ?? "",
    (moleculeId) => names.get(moleculeId) ?? moleculeId,
  );
}

function groupsOf(beads: Iterable<ModelBead>, keyOf: (bead: ModelBead) => string, nameOf: (key: string) => string): BeadGroup[] {
  const groups = new Map<string, ModelBead[]>();
  for (const bead of beads) {
    const group = groups.get(keyOf(bead));
    if (group === undefined) groups.set(keyOf(bead), [bead]);
    else group.push(bead);
  }
  return [...groups].map(([id, members]) => ({ id, name: nameOf(id), counts: countsOf(members) }));
}
