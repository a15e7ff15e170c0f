/** What must agree inside a package, whoever signed it: the chain, sums and lists, verdicts and their proofs, lineage, subjects. */
import { GENESIS_HASH, canonicalJson, digestOf, isTerminalKind, type EventKind } from "@factory/schemas";
import { hold } from "./fault.ts";
import { holdGovernance } from "./governance.ts";
import { countsOrAbsent, overfitOf, type Overfit } from "./holdout-rates.ts";
import { logSubject, type EvidencePredicate, type EvidenceStatement } from "./statement.ts";
import { totalsOf } from "./totals.ts";
import { isAbsent, type OrAbsent } from "./tri-state.ts";

type Check = Exclude<EvidencePredicate["checks"], { absent: string }>[number];
type Claim = Exclude<EvidencePredicate["claims"], { absent: string }>[number];
type Run = Exclude<EvidencePredicate["run"], { absent: string }>;
type FirstVerdict = Exclude<NonNullable<Run["firstVerdict"]>, { absent: string }>;

/** Seq is gapless, ids and hashes are unique, nothing terminal is inside, and the root is the last hash. */
export function holdChain({ chain }: EvidencePredicate): void {
  hold(chain.genesis === GENESIS_HASH, "predicate.chain.genesis", GENESIS_HASH, chain.genesis);
  hold(chain.count === chain.events.length, "predicate.chain.count", chain.events.length, chain.count);
  hold(chain.events.length > 0, "predicate.chain.events", "at least one event", "none");
  const seen = new Set<string>();
  for (const [index, [seq, kind, eventId, hash]] of chain.events.entries()) {
    const path = `predicate.chain.events[${index}]`;
    hold(seq === index + 1, `${path}[0]`, index + 1, seq);
    hold(!isTerminalKind(kind), `${path}[1]`, "no terminal event before the package is sealed", kind);
    hold(!seen.has(eventId), `${path}[2]`, "an event id that no earlier event has", eventId);
    hold(!seen.has(hash) && hash !== GENESIS_HASH, `${path}[3]`, "a hash that no earlier event has", hash);
    seen.add(eventId).add(hash);
  }
  hold(chain.events[0]?.[1] === "SESSION_SUBMITTED", "predicate.chain.events[0][1]", "SESSION_SUBMITTED", chain.events[0]?.[1]);
  const last = chain.events.at(-1)?.[3];
  hold(chain.root === last, "predicate.chain.root", last, chain.root);
}

/** Sums agree with lists, lists with the chain, verdicts with checks. */
export function holdConsistency(predicate: EvidencePredicate): void {
  const { configuration } = predicate;
  const configured = digestOf(configuration.content);
  hold(configuration.digest === configured, "predicate.configuration.digest", configured, configuration.digest);
  holdTotals(predicate);
  holdKinds(predicate);
  holdApprovals(predicate);
  holdGovernance(predicate);
  holdRun(predicate);
  holdClaims(predicate);
  if (predicate.session.outcome === "COMPLETED") holdCompleted(predicate);
  else hold(isAbsent(predicate.deliverable), "predicate.deliverable", `absent in a session that is ${predicate.session.outcome}`, predicate.deliverable);
}

function holdTotals(predicate: EvidencePredicate): void {
  const sums = totalsOf(predicate);
  for (const [name, expected] of Object.entries(sums)) {
    const found = predicate.totals[name as keyof typeof sums];
    hold(canonicalJson(found) === canonicalJson(expected), `predicate.totals.${name}`, expected, found);
  }
}

/** Every event of these kinds is told of in its list, and nothing is told of that no event says. */
function holdKinds({ chain, gates, modelCalls, reviews, approvals, divergences, denials, amendments, lineage }: EvidencePredicate): void {
  const count = (kind: EventKind): number => chain.events.filter((event) => event[1] === kind).length;
  const lists: readonly [name: string, kind: EventKind, length: number][] = [
    ["gates", "VERIFICATION_PRODUCED", gates.length],
    ["modelCalls", "MODEL_CALLED", modelCalls.length],
    ["reviews", "REVIEW_REQUIRED", reviews.length],
    ["approvals", "APPROVAL_GRANTED", approvals.length],
    ["divergences", "DIVERGENCE_DETECTED", divergences.length],
    ["denials", "CONSENT_BEAD_DENIED", denials.length],
    ["amendments", "AMENDMENT_ADOPTED", amendments.filter(({ status }) => status === "ADOPTED").length],
  ];
  for (const [name, kind, length] of lists) hold(length === count(kind), `predicate.${name}`, `${count(kind)}, as many as the chain has ${kind}`, length);
  const written = count("ARTIFACT_WRITTEN");
  hold(lineage.nodes.length <= written, "predicate.lineage.nodes", `at most ${written}, as many as the chain has ARTIFACT_WRITTEN`, lineage.nodes.length);
}

function holdApprovals({ approvals, reviews }: EvidencePredicate): void {
  for (const [index, { reviewId, actionDigest }] of approvals.entries()) {
    const review = reviews.find((one) => one.reviewId === reviewId);
    const path = `predicate.approvals[${index}]`;
    hold(review !== undefined, `${path}.reviewId`, "a review of this package", reviewId);
    hold(review.actionDigest === actionDigest, `${path}.actionDigest`, review.actionDigest, actionDigest);
    // With an amendment a person approves what they amended it to.
    const granted = !isAbsent(review.resolution) && review.resolution.decision !== "rejected";
    hold(granted, `${path}.reviewId`, "a review that a person approved or amended", review.resolution);
  }
}

function holdRun({ session, beads, checks, run }: EvidencePredicate): void {
  if (!isAbsent(run) && run.overfit !== undefined) holdOverfit(run, run.overfit, "predicate.run.overfit");
  if (!isAbsent(run) && run.firstVerdict !== undefined && !isAbsent(run.firstVerdict)) holdFirstVerdict(run.firstVerdict, checks);
  if (!isAbsent(session.runId)) return;
  for (const [name, value] of Object.entries({ beads, checks, run })) {
    hold(isAbsent(value), `predicate.${name}`, "absent, for the session has no run", "a value");
  }
}

/** Rates are those that the counts beside them give. */
function holdOverfit({ checks, holdouts }: Pick<Run, "checks" | "holdouts">, found: OrAbsent<Overfit>, path: string): void {
  const expected = overfitOf(checks, isAbsent(holdouts) ? { passed: 0, failed: 0 } : holdouts);
  hold(canonicalJson(found) === canonicalJson(expected), path, expected, found);
}

/** Its counts add up, and by claim they are those of the hidden checks that were run first. */
function holdFirstVerdict({ checks: visible, holdouts, holdoutsByClaim, overfit }: FirstVerdict, checks: EvidencePredicate["checks"]): void {
  const path = "predicate.run.firstVerdict";
  holdOverfit({ checks: visible, holdouts }, overfit, `${path}.overfit`);
  const sum = countsOrAbsent({
    passed: holdoutsByClaim.reduce((total, { passed }) => total + passed, 0),
    failed: holdoutsByClaim.reduce((total, { failed }) => total + failed, 0),
  });
  hold(canonicalJson(isAbsent(holdouts) ? null : holdouts) === canonicalJson(isAbsent(sum) ? null : sum), `${path}.holdouts`, sum, holdouts);
  if (isAbsent(checks)) return;
  const expected = firstHidden(checks).map(({ claimId, exit }) => [claimId, exit]);
  const found = holdoutsByClaim.map(({ claimId, passed, failed }) => [claimId, failed > 0 ? "failed" : passed > 0 ? "passed" : "not run"]);
  hold(canonicalJson(found) === canonicalJson(expected), `${path}.holdoutsByClaim`, expected, found);
}

/** The hidden checks of one verdict, the first: they stand together, and each claim once. */
function firstHidden(checks: readonly Check[]): Check[] {
  const from = checks.findIndex(({ holdout }) => holdout);
  const hidden = from < 0 ? [] : checks.slice(from);
  const end = hidden.findIndex(
    ({ holdout, beadId, claimId }, index) =>
      !holdout || beadId !== hidden[0]?.beadId || hidden.slice(0, index).some((earlier) => canonicalJson(earlier.claimId) === canonicalJson(claimId)),
  );
  return end < 0 ? hidden : hidden.slice(0, end);
}

function holdClaims({ claims, checks, reviews }: EvidencePredicate): void {
  if (isAbsent(claims)) return;
  const byId = new Map(isAbsent(checks) ? [] : checks.map((check) => [check.checkId, check] as const));
  const personApproved = reviews.some(({ resolution }) => !isAbsent(resolution) && resolution.decision === "approved");
  for (const [index, claim] of claims.entries()) {
    const path = `predicate.claims[${index}]`;
    const proofs = claim.proofs.map((checkId, at) => {
      const check = byId.get(checkId);
      hold(check !== undefined, `${path}.proofs[${at}]`, "the id of a check of this package", checkId);
      return check;
    });
    const verdicts = verdictsOf(proofs, personApproved);
    hold(verdicts.includes(claim.verdict), `${path}.verdict`, `${verdicts.join(" or ")}, as ${claim.claimId}'s proofs say`, claim.verdict);
    holdHoldouts(claim, proofs, path);
  }
}

/** What a claim with these proofs may be said to be. */
function verdictsOf(proofs: readonly Check[], personApproved: boolean): Claim["verdict"][] {
  if (proofs.some(({ exit }) => exit === "failed")) return ["failed"];
  const byPerson: Claim["verdict"][] = personApproved ? ["decided by a person"] : [];
  // A person may be asked although checks passed, where they do not decide the whole claim.
  return proofs.length > 0 ? ["passed", ...byPerson, "not judged"] : [...byPerson, "not judged"];
}

function holdHoldouts({ claimId, holdouts }: Claim, proofs: readonly Check[], path: string): void {
  const hidden = proofs.filter(({ holdout }) => holdout);
  const expected = hidden.length === 0 ? "absent" : hidden.every(({ exit }) => exit === "passed") ? "passed" : "failed";
  const found = isAbsent(holdouts) ? "absent" : holdouts.outcome;
  hold(found === expected, `${path}.holdouts`, `${expected}, as ${claimId}'s hidden checks say`, found);
}

/** A session that says COMPLETED delivered, and everything required was executed and passed. */
function holdCompleted({ run, beads, claims, checks, deliverable }: EvidencePredicate): void {
  const missing = (path: string, value: unknown): void => hold(!isAbsent(value), `predicate.${path}`, "a value in a session that is COMPLETED", value);
  for (const [path, value] of Object.entries({ deliverable, run, beads, claims, checks })) missing(path, value);
  if (isAbsent(run) || isAbsent(beads) || isAbsent(claims) || isAbsent(checks)) return;
  hold(run.outcome === "accepted", "predicate.run.outcome", "accepted", run.outcome);
  hold(run.checks.passed > 0 && run.checks.failed === 0, "predicate.run.checks", "checks that passed and none that failed", run.checks);
  hold(isAbsent(run.holdouts) || run.holdouts.failed === 0, "predicate.run.holdouts.failed", 0, run.holdouts);
  for (const [index, { state }] of beads.entries()) {
    hold(state === "DONE" || state === "CANCELLED", `predicate.beads[${index}].state`, "DONE or CANCELLED in a session that is COMPLETED", state);
  }
  for (const { check, index } of finalChecks(checks)) {
    hold(check.exit === "passed", `predicate.checks[${index}].exit`, "passed: it judged the final tree of a session that is COMPLETED", check.exit);
  }
  for (const [index, { kind, verdict }] of claims.entries()) {
    const judged = verdict === "passed" || verdict === "decided by a person" || (kind === "metric" && verdict === "not judged");
    hold(judged, `predicate.claims[${index}].verdict`, "passed or decided by a person in a session that is COMPLETED", verdict);
  }
}

/** The last word of each check on the final tree: one that is run again replaces what it said before. */
function finalChecks(checks: readonly Check[]): { readonly check: Check; readonly index: number }[] {
  const tree = checks.at(-1)?.tree;
  const last = new Map<string, { readonly check: Check; readonly index: number }>();
  for (const [index, check] of checks.entries()) {
    if (check.tree === tree) last.set(checkIdentity(check), { check, index });
  }
  return [...last.values()];
}

/** What makes two executions the same check. Without the command nothing but the id tells them apart. */
export function checkIdentity({ command, checkId, claimId, kind, holdout }: Pick<Check, "command" | "checkId" | "claimId" | "kind" | "holdout">): string {
  return canonicalJson([isAbsent(command) ? checkId : command, claimId, kind, holdout]);
}

/** Every end of an edge is a node of this package or is marked as external, and no node is both or twice. */
export function holdLineage({ lineage }: EvidencePredicate): void {
  const nodes = new Set<string>();
  for (const [index, { id }] of lineage.nodes.entries()) {
    hold(!nodes.has(id), `predicate.lineage.nodes[${index}].id`, "a node that is listed once", id);
    nodes.add(id);
  }
  const external = new Set(lineage.external);
  for (const [index, id] of lineage.external.entries()) hold(!nodes.has(id), `predicate.lineage.external[${index}]`, "no node of this package", id);
  for (const [index, [source, , target]] of lineage.edges.entries()) {
    for (const [at, id] of [
      [0, source],
      [2, target],
    ] as const) {
      hold(nodes.has(id) || external.has(id), `predicate.lineage.edges[${index}][${at}]`, "a node of this package, or one marked as external", id);
    }
  }
}

/** The subjects are the deliverable, or the log's root where nothing was delivered. */
export function holdSubjects({ subject, predicate }: EvidenceStatement): void {
  const { deliverable, chain, session } = predicate;
  const names = new Set<string>();
  for (const [index, { name }] of subject.entries()) {
    hold(!names.has(name), `subject[${index}].name`, "a name that is listed once", name);
    hold(name !== "evidence.json", `subject[${index}].name`, "a delivered file; the package cannot name itself", name);
    names.add(name);
  }
  if (isAbsent(deliverable)) {
    const name = logSubject(session.sessionId);
    hold(subject.length === 1 && subject[0]?.name === name, "subject", `${name} alone, for nothing was delivered`, [...names]);
    hold(subject[0].digest.sha256 === chain.root, "subject[0].digest.sha256", chain.root, subject[0].digest.sha256);
    return;
  }
  hold(deliverable.files === subject.length, "predicate.deliverable.files", subject.length, deliverable.files);
  const tree = digestOf(Object.fromEntries(subject.map(({ name, digest }) => [name, digest.sha256])));
  hold(deliverable.treeDigest === tree, "predicate.deliverable.treeDigest", tree, deliverable.treeDigest);
}
