/** Runs of several molecules, made of a run of one. */
import { beadIdOf, contentId } from "@factory/schemas";
import type { SuccessCheck } from "@factory/schemas";
import type { BeadSeed, SeedRequest } from "@factory/schemas/rpc";
import { aDirective } from "./builders.ts";
import { directiveNode } from "./lineage.ts";

/** Title of a molecule's outcome bead; the terminal one keeps its own. */
function outcomeTitle(molecule: string): string {
  return `outcome:${molecule}`;
}

/**
 * Puts beads into molecules of their own, each with an outcome bead behind it. What depended on a bead of another molecule
 * depends on that molecule's outcome bead; the integrator and the terminal outcome bead stay in the last one.
 *
 * @param molecules - titles of the beads by the molecule's name, in order; beads that are not named stay in the last one
 */
export function inMolecules(seed: SeedRequest, molecules: { readonly [name: string]: readonly string[] }): SeedRequest {
  const moleculeOf = new Map(Object.entries(molecules).flatMap(([name, titles]) => titles.map((title) => [title, name] as const)));
  const titles = new Map(seed.beads.map(({ beadId, title }) => [beadId, title]));
  const outcomes = new Map(Object.entries(molecules).map(([name, members]) => [name, outcomeBead(seed, name, members)]));
  const moved = seed.beads.map((bead): BeadSeed => {
    const own = moleculeOf.get(bead.title);
    const parents = new Map<string, boolean>();
    for (const { beadId, required } of bead.dependsOn) {
      const other = moleculeOf.get(titles.get(beadId) ?? "");
      const parent = other === undefined || other === own ? beadId : (outcomes.get(other)?.beadId ?? beadId);
      parents.set(parent, required || parents.get(parent) === true);
    }
    return {
      ...bead,
      ...(own === undefined ? {} : { moleculeId: moleculeId(seed, own) }),
      dependsOn: [...parents].map(([beadId, required]) => ({ beadId, required })),
    };
  });
  return { ...seed, beads: [...moved, ...outcomes.values()].sort((a, b) => rank(a) - rank(b)) };
}

/** The terminal outcome bead comes last, as the compiler puts it. */
function rank({ outcome, title }: BeadSeed): number {
  return outcome && title === "outcome" ? 1 : 0;
}

function moleculeId({ org, runId }: SeedRequest, name: string): string {
  return contentId("MOL", { kind: "Test", org, content: { runId, name }, parents: [] });
}

function outcomeBead(seed: SeedRequest, name: string, members: readonly string[]): BeadSeed {
  const { org } = seed;
  const beads = seed.beads.filter(({ title }) => members.includes(title));
  const [first] = beads;
  if (first === undefined) throw new Error(`The molecule ${name} has no bead.`);
  const { runId } = first.directive;
  const title = outcomeTitle(name);
  const atomId = contentId("ATOM", { kind: "Test", org, content: { runId, title }, parents: [] });
  const files = beads.flatMap(({ directive }) => directive.fileScope.write);
  const check: SuccessCheck = { kind: "all", checks: files.map((path) => ({ kind: "file-exists", path })) };
  return {
    beadId: beadIdOf(org, runId, atomId),
    atomId,
    moleculeId: moleculeId(seed, name),
    role: "verifier:outcome",
    title,
    outcome: true,
    directive: aDirective(runId, title, "verifier:outcome", {
      atomId,
      directiveId: directiveNode(org, { runId, title }).id,
      claimRefs: [...new Set(beads.flatMap(({ directive }) => directive.claimRefs))],
      fileScope: { read: files, write: [] },
      successCheck: check,
      retryPolicy: { maxAttempts: 1, backoffMs: 0 },
    }),
    dependsOn: beads.map(({ beadId }) => ({ beadId, required: true })),
  };
}
