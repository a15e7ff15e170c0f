/** What a review says of itself besides its question. Pure. */
import type { Decision, Review } from "./reviews.ts";

/** What a review is about, and the words for it. */
const MATTERS: { readonly [matter: string]: string } = {
  approval: "Approval of the specification",
  pass: "Planning came to no result",
  uncertainty: "Planning asks",
  "semantic-review": "The specification differs from the order",
  divergence: "A bead diverged",
  clarification: "A bead asks",
  autonomy: "An agent asks for leave",
  budget: "The budget is spent",
  clearance: "The run hands out no further work",
  acceptance: "Acceptance of the work",
};

/** How a fact is shown: as text, as a sum in US dollars, as an id that leads somewhere, or as a list. */
export type ContextFact = { readonly key: string; readonly name: string } & (
  | { readonly kind: "text" | "bead" | "artifact" | "digest"; readonly text: string }
  | { readonly kind: "money"; readonly usd: number }
  | { readonly kind: "list" | "beads"; readonly items: readonly string[] }
);

const NAMES: { readonly [key: string]: string } = {
  artifactId: "Artifact",
  beadId: "Bead",
  beads: "Beads of the run",
  budgetUsd: "Budget",
  ceiling: "Its clearance covers",
  checks: "Checks",
  claimId: "Claim",
  claims: "Claims to decide",
  clarificationId: "Clarification",
  clearanceId: "Clearance",
  code: "Error code",
  consultationId: "Consultation",
  decidedBy: "Decided by",
  divergenceId: "Divergence",
  files: "Files",
  neededUsd: "Next bead asks for",
  options: "Options",
  reason: "Why it stopped",
  reportId: "Report",
  requestId: "Receipt",
  reservedUsd: "Reserved",
  reviewMode: "Review mode",
  spentUsd: "Spent",
  subjectDigest: "Digest of the change set",
  waitingBeadIds: "Waiting beads",
};

/** Said elsewhere in the review. */
const TOLD: ReadonlySet<string> = new Set(["matter", "stage", "question", "options", "approvalsNeeded"]);
const ARTIFACTS: ReadonlySet<string> = new Set(["artifactId", "consultationId", "divergenceId", "clarificationId", "clearanceId", "reportId"]);

type Context = { readonly [key: string]: unknown };

const contextOf = ({ context }: Pick<Review, "context">): Context =>
  typeof context === "object" && context !== null && !Array.isArray(context) ? { ...context } : {};

const textOf = (context: Context, key: string): string => (typeof context[key] === "string" ? context[key] : "");

/** What a review is about, such as `approval`, and at which stage; empty where it does not say. */
export function matterOf(review: Pick<Review, "context">): { readonly matter: string; readonly stage: string } {
  const context = contextOf(review);
  return { matter: textOf(context, "matter"), stage: textOf(context, "stage") };
}

/** The matter of a review in words. */
export function matterText(review: Pick<Review, "context" | "type">): string {
  const { matter } = matterOf(review);
  return Object.hasOwn(MATTERS, matter) ? (MATTERS[matter] ?? "") : matter === "" ? (review.type ?? "A review").toLowerCase().replaceAll("_", " ") : matter;
}

/** True for one that a policy decides: nobody is asked. */
export const isPolicys = (review: Pick<Review, "context" | "decidedBy">): boolean =>
  textOf(contextOf(review), "decidedBy") !== "" || review.decidedBy?.startsWith("policy:") === true;

/** Answers that the question proposes. */
export const optionsOf = (review: Pick<Review, "context">): readonly string[] => stringsOf(contextOf(review)["options"]) ?? [];

/** Everything else that a review carries, in its order. */
export function contextFacts(review: Pick<Review, "context">): readonly ContextFact[] {
  return Object.entries(contextOf(review)).flatMap(([key, value]) => (TOLD.has(key) ? [] : factOf(key, value)));
}

function factOf(key: string, value: unknown): readonly ContextFact[] {
  const base = { key, name: NAMES[key] ?? wordsOfKey(key) };
  if (key.endsWith("Usd") && typeof value === "number") return [{ ...base, kind: "money", usd: value }];
  const items = stringsOf(value)?.filter((item, index, all) => all.indexOf(item) === index) ?? null;
  if (items !== null) return items.length === 0 ? [] : [{ ...base, kind: key === "waitingBeadIds" ? "beads" : "list", items }];
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === undefined || text === "") return [];
  return [{ ...base, kind: key === "beadId" ? "bead" : ARTIFACTS.has(key) ? "artifact" : key === "subjectDigest" ? "digest" : "text", text }];
}

/** "someKey" as "Some key". */
function wordsOfKey(key: string): string {
  const words = key.replaceAll(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`).trim();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

function stringsOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : null;
}

const DECISIONS = ["approved", "amended", "rejected"] as const satisfies readonly Decision[];

/** Decisions that a review takes: those it names, and every one where it names none. */
export function decisionsOf({ alternatives }: Pick<Review, "alternatives">): readonly Decision[] {
  return DECISIONS.filter((decision) => alternatives.length === 0 || alternatives.includes(decision));
}

const VERBS: { readonly [D in Decision]: string } = { approved: "Approve", amended: "Amend", rejected: "Reject" };
/** What amending is where the matter has a word of its own for it. */
const AMENDING: { readonly [matter: string]: string } = { uncertainty: "Answer", clarification: "Answer", budget: "Set a budget", clearance: "Set a number" };

/** What a button says that takes a decision. */
export function verbOf(review: Pick<Review, "context">, decision: Decision): string {
  const { matter } = matterOf(review);
  return decision === "amended" && Object.hasOwn(AMENDING, matter) ? (AMENDING[matter] ?? VERBS.amended) : VERBS[decision];
}

/** Whether a decision has to say why; the platform needs the answer of an amendment, and a rejection tells its reason to whoever goes on. */
export const needsNote = (decision: Decision): boolean => decision !== "approved";
