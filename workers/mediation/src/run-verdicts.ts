/**
 * What an adopted amendment makes of a run, also where the run verdict failed although every molecule had passed: the
 * outcome is judged by less, one more bead brings the parts together, or the beads that answer for a claim begin anew.
 */
import { amendRun, claimsOf, currentPlan, directiveContext, makeDirective, workersOf } from "@factory/compiler";
import type { AmendableRun, AmendResult, StoredAtom } from "@factory/compiler";
import { artifactNode, beadIdOf, contentId } from "@factory/schemas";
import type { ArtifactNode, AtomDirective, SuccessCheck } from "@factory/schemas";
import type { AmendRequest, BeadSeed, RunGraphAmendment } from "@factory/schemas/rpc";

/** The run after an amendment, with what changes of its graph; null when only beads are re-opened. */
export type AmendedRun = (Extract<AmendResult, { ok: true }> & { readonly graph: RunGraphAmendment | null }) | Extract<AmendResult, { ok: false }>;

type AtomPlan = ReturnType<typeof currentPlan>;

/** Who decides on the graph: the adoption of the amendment. */
const DECIDED_BY = "amendment";
/** Checks that one `all` may hold. */
const MAX_CHECKS_IN_ALL = 16;

/**
 * Applies an adopted amendment. Refuses what {@link amendRun} refuses, and what does not fit the run.
 *
 * @param seeded - the beads the run was seeded with
 */
export function amendFor(run: AmendableRun, request: AmendRequest, seeded: () => readonly BeadSeed[]): AmendedRun {
  const change = request.verdictChange;
  switch (change.kind) {
    case "none":
      return withoutGraph(amendRun(run, request));
    case "respecify":
      return withoutGraph(amendRun(run, { ...request, beadIds: [...answeringBeads(run, request.claimId)] }));
    case "rejudge": {
      const judged = judgedByLess(run, request, change.checks);
      return "message" in judged ? { ok: false, message: judged.message } : withoutGraph(amendRun(judged.run, request));
    }
    case "integrate":
      return integrated(run, request, { failing: change.checks, seeded: seeded() });
    default:
      return change satisfies never;
  }
}

function withoutGraph(result: AmendResult): AmendedRun {
  return result.ok ? { ...result, graph: null } : result;
}

/** The beads that answer for a claim, and everything that depends on them: the person's words are for them. */
function answeringBeads({ atoms }: AmendableRun, claimId: string): ReadonlySet<string> {
  const affected = new Set<string>(ownersOf(atoms, [claimId]).map(({ atomId }) => atomId));
  for (let before = -1; before !== affected.size;) {
    before = affected.size;
    for (const { atomId, dependsOn } of atoms) if (dependsOn.some((parent) => affected.has(parent))) affected.add(atomId);
  }
  return new Set(atoms.flatMap(({ atomId, beadId }) => (affected.has(atomId) ? [beadId] : [])));
}

/** Atoms that answer for claims; of a run that was compiled before atoms owned claims, those that name one first. */
function ownersOf(atoms: readonly StoredAtom[], claimIds: readonly string[]): StoredAtom[] {
  return atoms.filter(
    ({ plan }) => plan.role !== "verifier:outcome" && claimIds.some((claimId) => plan.owns?.includes(claimId) ?? plan.claimRefs[0] === claimId),
  );
}

/** The run whose outcome atom is judged without some checks, from now on. */
function judgedByLess(run: AmendableRun, { beadIds }: AmendRequest, dropped: readonly string[]): { readonly run: AmendableRun } | { readonly message: string } {
  const names = new Set(dropped);
  const outcome = run.atoms.find(({ beadId, plan }) => beadIds.includes(beadId) && plan.role === "verifier:outcome");
  if (outcome === undefined) return { message: "No outcome bead of the run is to be judged again." };
  const known = new Set(partsOf(outcome.plan.check).map(nameOf));
  const strange = dropped.filter((name) => !known.has(name));
  if (strange.length > 0) return { message: `${strange.join(", ")} is no check of ${outcome.beadId} that could be dropped.` };
  const check = without(outcome.plan.check, names);
  if (check === null) return { message: `Nothing would be left that ${outcome.beadId} is judged by.` };
  return { run: { ...run, atoms: run.atoms.map((atom) => (atom === outcome ? { ...atom, plan: { ...atom.plan, check } } : atom)) } };
}

function without(check: SuccessCheck, names: ReadonlySet<string>): SuccessCheck | null {
  if (check.kind !== "all") return names.has(nameOf(check)) ? null : check;
  const checks = check.checks.flatMap((part) => without(part, names) ?? []);
  return checks.length === 0 ? null : { kind: "all", checks };
}

function partsOf(check: SuccessCheck): SuccessCheck[] {
  return check.kind === "all" ? check.checks.flatMap(partsOf) : [check];
}

/** The name that a plan gives a check; of several test files in one, or of an output, it has no one name. */
function nameOf(check: SuccessCheck): string {
  switch (check.kind) {
    case "file-exists":
      return `file-exists:${check.path}`;
    case "examples":
      return `examples:${check.claim}`;
    case "tests":
      return check.files.length === 1 ? `tests:${check.files[0] ?? ""}` : "tests";
    case "typecheck":
    case "output-contains":
    case "output-matches":
    case "all":
      return check.kind;
    default:
      return check satisfies never;
  }
}

/** One more integrator before the outcome: it may write what the integrator may and what the failing claims are written in. */
function integrated(
  run: AmendableRun,
  request: AmendRequest,
  { failing, seeded }: { readonly failing: readonly string[]; readonly seeded: readonly BeadSeed[] },
): AmendedRun {
  const template = run.atoms.findLast(({ plan }) => plan.role === "integrator");
  const outcome = run.atoms.find(({ beadId, plan }) => request.beadIds.includes(beadId) && plan.role === "verifier:outcome");
  const moleculeId = seeded.find(({ beadId }) => beadId === outcome?.beadId)?.moleculeId;
  if (template === undefined || outcome === undefined || moleculeId === undefined)
    return { ok: false, message: "The run has no integrator and outcome between which a gap could be closed." };
  const made = gapAtom(run, request, { template, outcome, failing });
  const atoms = run.atoms.map((atom) => (atom === outcome ? { ...atom, dependsOn: [...atom.dependsOn, made.atom.atomId] } : atom));
  const amended = amendRun({ ...run, atoms: [...atoms, made.atom] }, request);
  if (!amended.ok) return amended;
  const directive = gapDirective(amended.run, request, made);
  const dependsOn = outcome.dependsOn.map((parent) => ({ beadId: beadIdOf(run.request.org, run.runId, parent), required: true }));
  const { beadId, atomId } = made.atom;
  const { role, title } = made.plan;
  const bead: BeadSeed = { beadId, atomId, moleculeId, role, title, outcome: false, directive: directive.directive, dependsOn };
  const graph: RunGraphAmendment = {
    amendmentId: request.amendmentId,
    changes: [{ kind: "insert", bead, before: [{ beadId: outcome.beadId, required: true }] }],
    reason: `The parts passed alone and not together: ${failing.join(", ")}.`,
    decidedBy: DECIDED_BY,
  };
  return { ...amended, artifacts: [made.artifact, directive.artifact, ...amended.artifacts], graph };
}

type Artifact = Extract<AmendResult, { ok: true }>["artifacts"][number];
type GapAtom = { readonly atom: StoredAtom; readonly plan: AtomPlan; readonly artifact: Artifact };

function gapAtom(
  run: AmendableRun,
  { amendmentId, specificationId }: AmendRequest,
  of: { readonly template: StoredAtom; readonly outcome: StoredAtom; readonly failing: readonly string[] },
): GapAtom {
  const { template, outcome, failing } = of;
  const { org } = run.request;
  const missing = subjectsOf(failing, "file-exists:");
  const base = currentPlan(template.plan);
  const plan: AtomPlan = {
    ...base,
    key: `${base.key}:${amendmentId}`,
    title: `Close the gap: ${failing.join(", ")}`.slice(0, 200),
    molecule: currentPlan(outcome.plan).molecule,
    // Whoever closes a gap answers for no claim: those that do have passed.
    owns: [],
    reads: ["**"],
    writes: [...new Set([...base.writes, ...missing, ...ownersOf(run.atoms, subjectsOf(failing, "examples:")).flatMap((owner) => owner.plan.writes)])],
    dependsOn: outcome.plan.dependsOn,
    check: withFailing(base.check, failing),
  };
  const data = {
    key: plan.key,
    role: plan.role,
    category: plan.category,
    subject: "the implementation",
    action: "must bring together",
    object: plan.title,
    conditions: [],
    qualifiers: [],
    successCondition: plan.check,
    claimRefs: plan.claimRefs,
    dependsOn: plan.dependsOn,
    writes: plan.writes,
    explicitness: "inferred",
    rationale: "Every molecule passed alone and the run verdict failed on the whole.",
  };
  const node = artifactNode("ATOM", "RequirementAtom", org, data, [amendmentId, specificationId]);
  const atom: StoredAtom = {
    plan,
    atomId: node.id,
    beadId: beadIdOf(org, run.runId, node.id),
    dependsOn: outcome.dependsOn,
    invariantIds: template.invariantIds,
  };
  return { atom, plan, artifact: lineageOf(node) };
}

function subjectsOf(names: readonly string[], prefix: string): string[] {
  return names.flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
}

/** What the integrator is checked by, and what failed on the whole besides. */
function withFailing(check: SuccessCheck, failing: readonly string[]): SuccessCheck {
  const known = new Set(partsOf(check).map(nameOf));
  const further = failing.filter((name) => !known.has(name)).flatMap(checkOf);
  let all: SuccessCheck = check;
  for (let at = 0; at < further.length; at += MAX_CHECKS_IN_ALL - 1) all = { kind: "all", checks: [all, ...further.slice(at, at + MAX_CHECKS_IN_ALL - 1)] };
  return all;
}

/** A check by its name; a detector is watched by the bead's invariants, and what the platform decides itself is for no bead. */
function checkOf(name: string): SuccessCheck[] {
  const at = name.indexOf(":");
  const subject = name.slice(at + 1);
  switch (at < 0 ? name : name.slice(0, at)) {
    case "examples":
      return [{ kind: "examples", claim: subject }];
    case "tests":
      return [{ kind: "tests", files: [subject] }];
    case "file-exists":
      return [{ kind: "file-exists", path: subject }];
    case "typecheck":
      return [{ kind: "typecheck" }];
    default:
      return [];
  }
}

/** The directive of the new atom; what failed and what to do about it are told to it alone. */
function gapDirective(
  run: AmendableRun,
  { amendmentId, specificationId, note }: AmendRequest,
  { atom, plan }: GapAtom,
): { readonly directive: AtomDirective; readonly artifact: Artifact } {
  const context = directiveContext(run.request, { runId: run.runId, workGraphId: run.workGraphId, claims: run.claims, workers: workersOf(run.atoms) });
  const made = makeDirective(context, {
    plan,
    atomId: atom.atomId,
    dependsOn: atom.dependsOn,
    invariantIds: atom.invariantIds,
    claims: claimsOf(plan, run.claims),
    notes: [plan.title, ...(note === "" ? [] : [note])],
    parents: [amendmentId, specificationId],
  });
  const { parents } = made;
  const content = { ...made.content, instructions: `${gapText(plan)}\n\n${made.content.instructions}` };
  const { org } = run.request;
  const directive: AtomDirective = { directiveId: contentId("DIR", { kind: "AtomDirective", org, content, parents }), ...content };
  const node: ArtifactNode = { id: directive.directiveId, type: "AtomDirective", data: content, parents };
  const lineage = lineageOf(node, [amendmentId, specificationId]);
  return { directive, artifact: { ...lineage, edges: [{ source: atom.atomId, rel: "dispatched_as", target: node.id }, ...lineage.edges] } };
}

/** What is different from an integrator's own task. */
function gapText({ title, writes }: AtomPlan): string {
  return `Every part has passed its own checks, and the whole has not. ${title}. What follows is the integrator's task, which was done once; whatever it says of other files, you may change ${writes.map((path) => `\`${path}\``).join(", ")}.`;
}

function lineageOf(node: ArtifactNode, refs: readonly string[] = node.parents): Artifact {
  return { node, edges: refs.map((target) => ({ source: node.id, rel: "source_ref", target })) };
}
