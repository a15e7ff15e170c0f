/** Validates a seed whole, before anything of it is stored: what a coordinator holds is always a graph that can end. */
import { PRIORITIES, workspacePath } from "@factory/schemas";
import type { SeedRequest } from "@factory/schemas/rpc";
import { GRAPH_LIMITS, beadProblems, edgeProblems, nodeOf, referenceProblems, repeatedOf, shapeProblems, sizeProblems } from "./run-graph.ts";

/** Beads of one run. */
export const MAX_BEADS = GRAPH_LIMITS.beads;
/** Files of a starting tree, and code units of all their paths: the run's report carries the whole tree in one row. */
export const MAX_BASE_FILES = 2_000;
const MAX_PATH_CHARS = 200_000;
/** Operatives of one run that work at once: each holds a workspace and a model call. */
export const MAX_SLOTS = 32;

const DIGEST = /^[0-9a-f]{64}$/;

/** Everything that is wrong with a seed, one sentence each; empty when it may be stored. */
export function seedProblems(request: SeedRequest): string[] {
  const { org, runId, beads, claims, invariants } = request;
  const nodes = beads.map(nodeOf);
  const bounds = [...runProblems(request), ...sizeProblems(nodes), ...treeProblems(request)];
  // A graph over its bound is not walked.
  if (bounds.length > 0) return bounds;
  const ids = { claims: claims.map(({ claimId }) => claimId), invariants: invariants.map(({ invariantId }) => invariantId) };
  return [
    ...beadProblems(org, runId, beads),
    ...edgeProblems(beads, new Set(beads.map(({ beadId }) => beadId))),
    ...referenceProblems(beads, new Set(ids.claims), new Set(ids.invariants)),
    ...repeatedOf(ids.claims).map((id) => `The claim ${id} is there twice.`),
    ...repeatedOf(ids.invariants).map((id) => `The invariant ${id} is there twice.`),
    ...shapeProblems(nodes),
  ];
}

function runProblems({ beads, slots, priority, budgetUsd, baseTree }: SeedRequest): string[] {
  return [
    ...(beads.length === 0 ? ["There are no beads."] : []),
    ...(Number.isInteger(slots) && slots >= 1 && slots <= MAX_SLOTS ? [] : [`${slots} slots; a run has 1 to ${MAX_SLOTS}.`]),
    ...(PRIORITIES.includes(priority) ? [] : [`The run has the priority ${JSON.stringify(priority)}; there are ${PRIORITIES.join(", ")}.`]),
    ...(budgetUsd === null || (Number.isFinite(budgetUsd) && budgetUsd >= 0)
      ? []
      : [`The budget is ${budgetUsd} US dollars; it is 0 or more, or there is none.`]),
    ...(Object.keys(baseTree).length > MAX_BASE_FILES ? [`The starting tree has more than ${MAX_BASE_FILES} files.`] : []),
    ...(Object.keys(baseTree).join("").length > MAX_PATH_CHARS ? [`The paths of the starting tree have more than ${MAX_PATH_CHARS} characters together.`] : []),
  ];
}

function treeProblems({ baseTree }: SeedRequest): string[] {
  const paths = Object.keys(baseTree).filter((path) => !workspacePath.safeParse(path).success);
  const contents = Object.entries(baseTree).filter(([, digest]) => !DIGEST.test(digest));
  return [
    ...paths.map((path) => `The starting tree has the path ${JSON.stringify(path)}.`),
    ...contents.map(([path]) => `${path} of the starting tree has no SHA-256 digest.`),
  ];
}
