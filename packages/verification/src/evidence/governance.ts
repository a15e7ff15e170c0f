/**
 * What must agree on who decided: every receipt is of a review of the package and of the action that it showed, is used by one
 * answer at most, and an answer rests on as many people as were asked for. What older packages do not say is not looked at.
 */
import { CLEARANCE_HEADROOM, clearance } from "@factory/schemas";
import { hold } from "./fault.ts";
import type { EvidencePredicate } from "./statement.ts";
import { isAbsent } from "./tri-state.ts";

type Review = EvidencePredicate["reviews"][number];
type Receipt = NonNullable<EvidencePredicate["receipts"]>[number];

/** Fields of a clearance that its record holds; when it was written and its id are beside it. */
const RECORDED_FIELDS = Object.keys(clearance.shape).filter((name) => name !== "timestamp" && name !== "clearanceId");

/** Receipts, the bars they were held against, and clearances. */
export function holdGovernance(predicate: EvidencePredicate): void {
  holdBars(predicate);
  holdReceipts(predicate);
  holdClearances(predicate);
}

/** How many people had to approve is what was pinned when the order was taken. */
function holdBars({ governance, reviews }: EvidencePredicate): void {
  if (governance === undefined) return;
  const pinned = isAbsent(governance) ? {} : governance.approvals;
  for (const [index, { matter, approvalsNeeded }] of reviews.entries()) {
    if (typeof approvalsNeeded !== "number" || typeof matter !== "string") continue;
    const expected = Object.hasOwn(pinned, matter) ? pinned[matter] : 1;
    hold(approvalsNeeded === expected, `predicate.reviews[${index}].approvalsNeeded`, `${expected}, as was pinned for "${matter}"`, approvalsNeeded);
  }
}

function holdReceipts(predicate: EvidencePredicate): void {
  const { receipts, reviews, approvals, chain, lineage } = predicate;
  if (receipts === undefined) return;
  const byId = new Map(receipts.map((receipt) => [receipt.approvalId, receipt]));
  hold(byId.size === receipts.length, "predicate.receipts", "receipts that are listed once", receipts.length);
  holdListed(lineage.nodes, "ApprovalReceipt", new Set(byId.keys()), "predicate.receipts");
  for (const [index, receipt] of receipts.entries()) holdReceipt(receipt, `predicate.receipts[${index}]`, reviews, byId);
  const waiting = receipts.filter(({ approvalId, usedBy }) => usedBy !== approvalId).length;
  const voted = chain.events.filter(([, kind]) => kind === "REVIEW_VOTE_RECORDED").length;
  hold(waiting === voted, "predicate.receipts", `${voted} votes that decided nothing by themselves, as many as the chain has REVIEW_VOTE_RECORDED`, waiting);
  for (const [index, { approvalId, approver }] of approvals.entries()) {
    hold(byId.get(approvalId)?.approver === approver, `predicate.approvals[${index}].approvalId`, `a receipt of ${approver}`, approvalId);
  }
  for (const [index, review] of reviews.entries()) holdAnswer(review, receipts, `predicate.reviews[${index}].resolution`);
}

/** Of a review, on the action that it showed, and used by one answer to it at most. */
function holdReceipt(receipt: Receipt, path: string, reviews: readonly Review[], byId: ReadonlyMap<string, Receipt>): void {
  const review = reviews.find(({ reviewId }) => reviewId === receipt.reviewId);
  hold(review !== undefined, `${path}.reviewId`, "a review of this package", receipt.reviewId);
  hold(review.actionDigest === receipt.actionDigest, `${path}.actionDigest`, review.actionDigest, receipt.actionDigest);
  if (isAbsent(receipt.usedBy)) return;
  const user = byId.get(receipt.usedBy);
  hold(
    user !== undefined && user.reviewId === receipt.reviewId && user.usedBy === user.approvalId,
    `${path}.usedBy`,
    "the receipt that decided the same review",
    receipt.usedBy,
  );
  hold(user.decision === receipt.decision, `${path}.decision`, `${user.decision}, as the answer it was used by`, receipt.decision);
  const inTime = isAbsent(receipt.expiresAt) || Date.parse(user.givenAt) <= Date.parse(receipt.expiresAt);
  hold(inTime, `${path}.expiresAt`, `no earlier than ${user.givenAt}, when it was used`, receipt.expiresAt);
}

/** What was decided has one deciding receipt, and rests on as many people as had to approve; an override is by two at least. */
function holdAnswer({ reviewId, resolution, approvalsNeeded }: Review, receipts: readonly Receipt[], path: string): void {
  const used = receipts.filter((receipt) => receipt.reviewId === reviewId && !isAbsent(receipt.usedBy));
  if (isAbsent(resolution)) {
    hold(used.length === 0, path, "no receipt that was used, for nobody decided", used.length);
    return;
  }
  const deciding = used.filter(({ approvalId, usedBy }) => usedBy === approvalId);
  const [decided] = deciding;
  hold(deciding.length === 1 && decided !== undefined, path, "one receipt that decided it", deciding.length);
  hold(decided.decision === resolution.decision, `${path}.decision`, decided.decision, resolution.decision);
  hold(decided.note === resolution.note, `${path}.note`, decided.note, resolution.note);
  const people = new Set(used.flatMap(peopleOf));
  if (!isAbsent(decided.approvers)) {
    hold(new Set(peopleOf(decided)).size > 1, path, "an override by two people", peopleOf(decided));
    return;
  }
  if (resolution.decision === "rejected" || typeof approvalsNeeded !== "number") return;
  hold(people.size >= approvalsNeeded, path, `${approvalsNeeded} distinct people who approved`, [...people]);
}

function peopleOf({ approver, person, approvers }: Receipt): string[] {
  if (!isAbsent(approvers)) return approvers.map((one) => one.person);
  return [isAbsent(person) ? approver : person];
}

function holdClearances({ clearances, receipts, lineage }: EvidencePredicate): void {
  if (clearances === undefined) return;
  holdListed(lineage.nodes, "ClearanceRecord", new Set(clearances.map(({ clearanceId }) => clearanceId)), "predicate.clearances");
  for (const [index, { content }] of clearances.entries()) {
    const path = `predicate.clearances[${index}].content`;
    if (isAbsent(content)) continue;
    for (const field of RECORDED_FIELDS) hold(content[field] !== undefined, `${path}.${field}`, "a value: no clearance lacks a field", "none");
    const { askedFor, ceiling, approvalId } = content;
    hold(typeof askedFor === "number" && ceiling === askedFor + CLEARANCE_HEADROOM, `${path}.ceiling`, `askedFor + ${CLEARANCE_HEADROOM}`, ceiling);
    const known = approvalId === undefined || receipts === undefined || receipts.some((receipt) => receipt.approvalId === approvalId);
    hold(known, `${path}.approvalId`, "a receipt of this package", approvalId);
  }
}

/** The nodes of a type are exactly those of a list. */
function holdListed(nodes: EvidencePredicate["lineage"]["nodes"], type: string, ids: ReadonlySet<string>, path: string): void {
  const written = nodes.filter((node) => node.type === type).map(({ id }) => id);
  const missing = written.find((id) => !ids.has(id));
  hold(missing === undefined, path, `${missing ?? ""}, which the lineage has`, "no such entry");
  const unknown = [...ids].find((id) => !written.includes(id));
  hold(unknown === undefined, path, `only what the lineage has as ${type}`, unknown);
}
