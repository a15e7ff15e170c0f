/** Finds the assembly an artifact is in: the caller names it, or the org's assemblies are looked through. */
import { FactoryError } from "@factory/schemas";
import type { ArtifactGraphRpc } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import type { GatewayDeps } from "../deps.ts";
import type { CallScope } from "../sessions.ts";

/** Most assemblies one call looks in. */
export const MAX_ASSEMBLIES_LOOKED = 64;
/** Assemblies looked in at once: a Worker may have six connections open. */
const PARALLEL_LOOKS = 6;
/** Longest id of an artifact or name of an assembly, in UTF-16 code units. */
const MAX_NAME_CHARS = 256;

/** Where an artifact is. */
export type Located = { readonly assembly: string; readonly graph: ArtifactGraphRpc };

/**
 * The graph an artifact of the caller's org is in, if it is anywhere: where there is only one to look in, the walk itself
 * finds out. An assembly that the org has never used is asked of nobody: addressing an object makes it.
 *
 * @param assembly - empty to look through the org's assemblies, the one used last first
 * @throws FactoryError INVALID_ARGUMENT, NOT_FOUND; the message says how many assemblies were looked in.
 */
export async function locateArtifact(deps: GatewayDeps, scope: CallScope, artifactId: string, assembly: string): Promise<Located> {
  checkName("artifact_id", artifactId);
  if (artifactId === "") throw new FactoryError("INVALID_ARGUMENT", "artifact_id is missing.");
  checkName("assembly", assembly);
  const { org } = scope.principal;
  if (assembly === "") return search(deps, scope, artifactId);
  const known = await abortable(scope.signal, deps.registry.hasAssembly(org, assembly));
  if (!known) throw new FactoryError("NOT_FOUND", `There is no assembly ${assembly} for this org.`);
  return { assembly, graph: deps.artifactGraph(org, assembly) };
}

/** The refusal of a graph that was located by the assembly's name, or that is the org's only one. */
export function absentIn({ assembly }: Located, artifactId: string): FactoryError {
  return new FactoryError("NOT_FOUND", `There is no artifact ${artifactId} in the assembly ${assembly} of this org (1 assembly looked in).`);
}

async function search(deps: GatewayDeps, scope: CallScope, artifactId: string): Promise<Located> {
  const { org } = scope.principal;
  const { assemblies, more } = await abortable(scope.signal, deps.registry.assemblies(org, MAX_ASSEMBLIES_LOOKED));
  const waiting = assemblies.map((assembly): Located => ({ assembly, graph: deps.artifactGraph(org, assembly) }));
  const [only] = waiting;
  if (only !== undefined && waiting.length === 1) return only;
  let found: Located | undefined;
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && found === undefined; next = waiting.shift()) {
      if (await holds(next, scope, artifactId)) found = next;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_LOOKS }, lane));
  if (found !== undefined) return found;
  const looked = `${assemblies.length} ${assemblies.length === 1 ? "assembly" : "assemblies"}`;
  const where = more ? `the ${looked} that this org used last; name another one` : `any of the ${looked} of this org`;
  throw new FactoryError("NOT_FOUND", `There is no artifact ${artifactId} in ${where}.`);
}

async function holds({ graph }: Located, { signal }: CallScope, artifactId: string): Promise<boolean> {
  return (await abortable(signal, graph.get(artifactId))) !== null;
}

function checkName(field: string, text: string): void {
  if (text.length > MAX_NAME_CHARS) throw new FactoryError("INVALID_ARGUMENT", `${field} has ${text.length} characters; it may have ${MAX_NAME_CHARS}.`);
}
