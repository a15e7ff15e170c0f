/**
 * Conflicts between units of one run. Where two change sets make no one tree, a bead with the role of integrator takes the
 * place of the one that came second: it sees all versions and both intents, and its result is checked for both.
 */
import { GEARS, defaultPolicyBeadId, describeTool, gearId, permittedTools } from "@factory/gears";
import { beadIdOf, canonicalJson, contentId, digestOf } from "@factory/schemas";
import type { ArtifactNode, AtomDirective, Id, SuccessCheck } from "@factory/schemas";
import type { BeadOutcome, BeadSeed, BeadVerdict } from "@factory/schemas/rpc";
import { mayApply } from "./autonomy.ts";
import type { Bead } from "./store/bead-store.ts";
import type { RunContext } from "./context.ts";
import { endingOf, recordEnding } from "./evidence.ts";
import { CONFLICT } from "./feedback.ts";
import { carryOutPlan } from "./graph-amending.ts";
import { planReplacement } from "./graph-amendments.ts";
import { conflictLines, describeMergeConflict } from "./merge-material.ts";
import type { MergeFile } from "./merge-material.ts";
import type { Run } from "./store/run-store.ts";

/** Merge beads in a row for one unit; after that it is tried again like any other result that does not fit. */
export const MAX_MERGE_DEPTH = 3;

/** Where a merge bead finds its material, below the folder of the specification. */
const MERGE_FOLDER = "merge";
const CONFLICT_FILE = `spec/${MERGE_FOLDER}/conflict.json`;

/** What a unit was told to do. */
type Intent = {
  readonly beadId: string;
  readonly title: string;
  readonly claimRefs: readonly string[];
  readonly instructions: string;
  /** What people said of it: notes, and answers to its questions. */
  readonly said: readonly string[];
};

/** The conflict as its bead is told of it. */
type ConflictRecord = {
  readonly unit: Intent;
  readonly peers: readonly Intent[];
  readonly files: readonly { readonly path: string; readonly reason: MergeFile["reason"]; readonly deletes: boolean }[];
  /** Checks of the peers, which have to go on passing. */
  readonly peerChecks: readonly SuccessCheck[];
  readonly peerInvariants: readonly string[];
};

/** Whether another merge bead may take the place of this one. */
export function mayMergeAgain({ store }: RunContext, beadId: string): boolean {
  return (store.graph.merge(beadId)?.depth ?? 0) < MAX_MERGE_DEPTH;
}

/**
 * Puts a merge bead in the place of a bead whose change set conflicts. No attempt is counted: that peers were faster is no
 * fault of the work. Who waited for the bead waits for the merge bead.
 *
 * @param files - every file of the change set, with all versions of those that conflict
 */
export function supersedeByMerge(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, files: readonly MergeFile[]): BeadVerdict {
  const { store, ledger } = context;
  const reasons = conflictLines(files);
  const peers = peersOf(
    context,
    bead,
    files.flatMap(({ path, reason }) => (reason === null ? [] : [path])),
  );
  const conflict = conflictOf(context, bead, peers, files);
  const atomId = contentId("ATOM", {
    kind: "RequirementAtom",
    org: run.org,
    content: { merges: bead.beadId, epoch: bead.epoch, files: digestOf(files) },
    parents: [bead.atomId],
  });
  const made = mergeDirective(run, bead.directive, atomId, conflict, specFilesOf(conflict, files));
  const seed: BeadSeed = {
    beadId: beadIdOf(run.org, run.runId, atomId),
    atomId,
    moleculeId: bead.moleculeId,
    role: "integrator",
    title: made.directive.title,
    outcome: false,
    directive: made.directive,
    dependsOn: [...parentsOf(context, bead, peers)].map(([beadId, required]) => ({ beadId, required })),
    priority: bead.priority,
  };
  recordEnding(context, run, bead, { ...endingOf("FAILURE", false, CONFLICT, outcome), blockers: reasons });
  ledger.artifacts(run.runId, [made.node], [{ source: made.node.id, rel: "derived_from", target: bead.directive.directiveId }]);
  const reason = `Its change set conflicts with that of ${peers.map(({ title }) => title).join(", ") || "another unit"}; no attempt is counted. ${reasons.join(" ")}`;
  carryOutPlan(context, run, planReplacement(bead.beadId, seed, store.graph.dependantsOf(bead.beadId)), {
    amendmentId: `merge:${seed.beadId}`,
    reason,
    decidedBy: "coordinator",
  });
  const before = store.graph.merge(bead.beadId);
  store.graph.keepMerge(seed.beadId, {
    depth: (before?.depth ?? 0) + 1,
    // Nobody's change set is applied with less leave by way of a merge.
    leaveRequired: before?.leaveRequired === true || !mayApply(outcome.autonomy),
  });
  return { beadId: bead.beadId, epoch: outcome.epoch, accepted: true, state: "CANCELLED", reason };
}

/** The beads that wrote the conflicting files last. */
function peersOf({ store }: RunContext, bead: Bead, paths: readonly string[]): Bead[] {
  const writers = new Set(paths.flatMap((path) => store.tree.writerOf(path) ?? []));
  writers.delete(bead.beadId);
  return [...writers].flatMap((beadId) => store.beads.get(beadId) ?? []);
}

/**
 * What the merge bead waits for: what the bead waited for, and the peers that are done, so that it is re-opened with them.
 * A peer that is at work again is not waited for; neither is one that waits for the bead itself.
 */
function parentsOf({ store }: RunContext, bead: Bead, peers: readonly Bead[]): ReadonlyMap<string, boolean> {
  const parents = new Map(store.beads.parentsOf(bead.beadId).map(({ beadId, required }) => [beadId, required]));
  const behind = new Set(store.beads.withDependants([bead.beadId]));
  for (const { beadId, state } of peers) if (state === "DONE" && !behind.has(beadId)) parents.set(beadId, true);
  return parents;
}

function conflictOf({ approvals }: RunContext, bead: Bead, peers: readonly Bead[], files: readonly MergeFile[]): ConflictRecord {
  // Of a merge bead that conflicts again, the intents are those it was made from.
  const earlier = conflictIn(bead.directive);
  const done = peers.filter(({ state }) => state === "DONE");
  const known = new Set(earlier?.peers.map(({ beadId }) => beadId));
  const said = [
    ...approvals.notes(bead.beadId),
    ...(bead.question === null || bead.answer === null ? [] : [`Asked "${bead.question}", the answer was: ${bead.answer}`]),
  ];
  const unit = earlier?.unit ?? intentOf(bead);
  return {
    unit: { ...unit, said: [...unit.said, ...said] },
    peers: [...(earlier?.peers ?? []), ...peers.filter(({ beadId }) => !known.has(beadId)).map(intentOf)],
    files: files.map(({ path, reason, incoming }) => ({ path, reason, deletes: incoming === null })),
    peerChecks: distinct([...(earlier?.peerChecks ?? []), ...done.map(({ directive }) => directive.successCheck)]),
    peerInvariants: distinct([...(earlier?.peerInvariants ?? []), ...done.flatMap(({ directive }) => directive.invariantIds)]),
  };
}

/** A peer that is a merge bead itself is told by the unit it stands for. */
function intentOf({ beadId, title, directive }: Bead): Intent {
  const merged = conflictIn(directive);
  if (merged !== null) return { ...merged.unit, beadId, title };
  return { beadId, title, claimRefs: directive.claimRefs, instructions: directive.instructions, said: [] };
}

/** The conflict a directive was made for; null for that of any other bead. */
function conflictIn({ specFiles }: Pick<AtomDirective, "specFiles">): ConflictRecord | null {
  const file = specFiles.find(({ path }) => path === CONFLICT_FILE);
  // The cast holds: only `specFilesOf` writes a file of that name, and the compiler writes none below its folder.
  return file === undefined ? null : (JSON.parse(file.content) as ConflictRecord);
}

function specFilesOf(conflict: ConflictRecord, files: readonly MergeFile[]): AtomDirective["specFiles"] {
  const version = (name: "base" | "incoming" | "current", { path, [name]: content }: MergeFile): AtomDirective["specFiles"] =>
    content === null ? [] : [{ path: `spec/${MERGE_FOLDER}/${name}/${path}`, content }];
  return [
    { path: CONFLICT_FILE, content: canonicalJson(conflict) },
    ...files.flatMap((file) => [...version("base", file), ...version("incoming", file), ...version("current", file)]),
  ];
}

type MadeDirective = { readonly directive: AtomDirective; readonly node: ArtifactNode };

/** The directive of a merge bead: the unit's own, to be carried out together with what its peers have done. */
function mergeDirective({ org }: Run, unit: AtomDirective, atomId: Id<"ATOM">, conflict: ConflictRecord, material: AtomDirective["specFiles"]): MadeDirective {
  const gear = GEARS.integrator;
  const permitted = permittedTools(gear);
  const own = unit.specFiles.filter(({ path }) => !isMaterial(path));
  const content: Omit<AtomDirective, "directiveId"> = {
    ...withoutId(unit),
    atomId,
    team: gear.team,
    role: gear.role,
    gearId: gearId(org, gear),
    title: conflictIn(unit) === null ? `Merge ${unit.title}` : unit.title,
    instructions: instructionsFor(conflict),
    claimRefs: distinct([...unit.claimRefs, ...conflict.peers.flatMap(({ claimRefs }) => claimRefs)]),
    fileScope: { read: distinct([...unit.fileScope.read, ...conflict.files.map(({ path }) => path)]), write: unit.fileScope.write },
    specFiles: [...own, ...material],
    toolPolicy: { permitted },
    toolSchemas: permitted.map((name) => ({ ...describeTool(name) })),
    invariantIds: distinct([...unit.invariantIds, ...conflict.peerInvariants]),
    successCheck: { kind: "all", checks: distinct([unit.successCheck, ...conflict.peerChecks].flatMap(partsOf)) },
    policyBeadId: defaultPolicyBeadId(org, gear.role),
  };
  const parents = [unit.directiveId];
  const directiveId = contentId("DIR", { kind: "AtomDirective", org, content, parents });
  return { directive: { directiveId, ...content }, node: { id: directiveId, type: "AtomDirective", data: content, parents } };
}

/**
 * Who carries out an amended directive, with what: its own bead, or the merge bead that stands in its place and keeps its
 * material. Beads that a split put there have directives of their own.
 */
export function successorDirectives(context: RunContext, run: Run, directive: AtomDirective): [string, AtomDirective][] {
  const { store, ledger } = context;
  const seeded = beadIdOf(run.org, run.runId, directive.atomId);
  return store.graph.standingFor([seeded]).flatMap((beadId): [string, AtomDirective][] => {
    if (beadId === seeded) return [[beadId, directive]];
    const bead = store.graph.merge(beadId) === null ? null : store.beads.get(beadId);
    const conflict = bead === null ? null : conflictIn(bead.directive);
    if (bead === null || conflict === null) return [];
    const told = { ...conflict, unit: { ...conflict.unit, instructions: directive.instructions, claimRefs: directive.claimRefs } };
    const texts = bead.directive.specFiles.filter(({ path }) => isMaterial(path) && path !== CONFLICT_FILE);
    const made = mergeDirective(run, directive, bead.directive.atomId, told, [{ path: CONFLICT_FILE, content: canonicalJson(told) }, ...texts]);
    ledger.artifacts(run.runId, [made.node], [{ source: made.node.id, rel: "derived_from", target: directive.directiveId }]);
    return [[beadId, made.directive]];
  });
}

function isMaterial(path: string): boolean {
  return path.startsWith(`spec/${MERGE_FOLDER}/`);
}

function withoutId({ directiveId: _id, ...content }: AtomDirective): Omit<AtomDirective, "directiveId"> {
  return content;
}

function partsOf(check: SuccessCheck): SuccessCheck[] {
  return check.kind === "all" ? check.checks.flatMap(partsOf) : [check];
}

/** Each value once, in order. */
function distinct<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [canonicalJson(value), value])).values()];
}

function instructionsFor({ unit, peers, files }: ConflictRecord): string {
  const spec = `spec/${MERGE_FOLDER}`;
  const conflicting = files.flatMap(({ path, reason }) => (reason === null ? [] : [describeMergeConflict({ path, reason })]));
  const others = files.filter(({ reason }) => reason === null);
  return [
    `The unit "${unit.title}" was finished, and meanwhile ${peers.map(({ title }) => `"${title}"`).join(", ") || "another unit"} changed the same files. Bring both together: what each was asked for has to hold, and nothing of either may be lost.`,
    list("Files that conflict", conflicting),
    `Of each of them \`${spec}/base/\` has what both began from, \`${spec}/incoming/\` what this unit made of it, and \`${spec}/current/\` what the others made of it; a version that is missing there is one without the file. Your workspace holds the files as they are now.`,
    list(
      `Further files of the unit's change set, which nobody else changed: write them as they are in \`${spec}/incoming/\``,
      others.filter(({ deletes }) => !deletes).map(({ path }) => path),
    ),
    list(
      "Files that the unit deletes",
      files.filter(({ deletes }) => deletes).map(({ path }) => path),
    ),
    intentText("What the unit was told", unit),
    ...peers.map((peer) => intentText(`What "${peer.title}" was told`, peer)),
    "Run the checks before you report COMPLETE; they are those of both sides. If the two cannot both hold, report BLOCKED and say which of their demands exclude each other.",
    [
      "```json task",
      JSON.stringify(
        {
          task: "merge",
          files,
          unit: { title: unit.title, claims: unit.claimRefs },
          peers: peers.map(({ title, claimRefs }) => ({ title, claims: claimRefs })),
        },
        null,
        2,
      ),
      "```",
    ].join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** Another unit's instructions as data: the fence of its task block is not this bead's. */
function intentText(heading: string, { instructions, claimRefs, said }: Intent): string {
  const quoted = instructions
    .replaceAll("```json task", "```json")
    .split("\n")
    .map((line) => `> ${line}`)
    .join("\n");
  return [`${heading}, for ${claimRefs.join(", ")}:`, quoted, list("What people said of it", said)].filter((part) => part !== "").join("\n\n");
}

function list(heading: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${heading}:\n${lines.map((line) => `- ${line.replaceAll("\n", "\n  ")}`).join("\n")}`;
}
