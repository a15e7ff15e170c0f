/**
 * What an adopted amendment makes of the knowing-state: a bead that supersedes the head of its line. It keeps everything of
 * the head but the one thing that was proposed, so that no adoption widens what an agent may do:
 *
 * - a policy keeps its autonomy, its term and its rules; a sentence of guidance is added;
 * - a trust keeps its status and its term; its score is never above the proposal nor, unless a person decides, above the head.
 */
import { orgScope } from "@factory/bead-graph";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import type { KnowingStateChange } from "./hypothesis.ts";
import type { BeadPort } from "./ports.ts";
import { answerOf, knowingStateBead } from "./writes.ts";

/** Sentences kept in one policy: the newest, since an agent reads all of them before it begins. */
export const MAX_GUIDANCE = 20;

/** A sentence that later agents of a scope read, and the amendment it came from. */
export type Guidance = { readonly from: string; readonly text: string };

/** Who decides on an amendment, and with what right. */
export type Reviewer = { readonly id: string; readonly authority: "verifier" | "person" };

/** The bead that a change would supersede: of its own line, or for a scope without a policy the organisation's. */
export async function headOf(beads: Pick<BeadPort, "tip">, change: KnowingStateChange): Promise<KnowingStateBead | null> {
  return answerOf("The bead graph", async () => {
    if (change.target === "trust") return beads.tip({ type: "trust", subject: change.subjectId });
    return (await beads.tip({ type: "policy", subject: change.scope })) ?? beads.tip({ type: "policy", subject: orgScope });
  });
}

/** What forms a successor. */
export type Formation = {
  readonly org: string;
  readonly amendmentId: string;
  readonly rationale: string;
  readonly reviewer: Reviewer;
  readonly writtenAt: number;
};

/** The bead that supersedes the head, or null when the head already says what is proposed. */
export function successorOf(head: KnowingStateBead, change: KnowingStateChange, formation: Formation): KnowingStateBead | null {
  const content = change.target === "policy" ? guided(head.content, change.guidance, formation) : trusted(head.content, change.score, formation);
  if (content === null) return null;
  return knowingStateBead({ type: change.target, content, parents: [head.id], supersedes: head.id, writtenAt: formation.writtenAt }, formation.org);
}

type Content = KnowingStateBead["content"];

function guided(head: Content, text: string, { amendmentId }: Formation): Content | null {
  const { rules } = head;
  const kept = typeof rules === "object" && rules !== null ? rules : {};
  const guidance = guidanceOf(kept);
  if (text.trim() === "" || guidance.some((one) => one.text === text)) return null;
  return { ...head, rules: { ...kept, guidance: [...guidance, { from: amendmentId, text }].slice(-MAX_GUIDANCE) } };
}

/** The sentences of a policy's rules, oldest first. */
export function guidanceOf(rules: object): Guidance[] {
  const guidance: unknown = "guidance" in rules ? rules.guidance : [];
  return Array.isArray(guidance) ? guidance.filter(isGuidance) : [];
}

function isGuidance(value: unknown): value is Guidance {
  return typeof value === "object" && value !== null && "from" in value && typeof value.from === "string" && "text" in value && typeof value.text === "string";
}

function trusted(head: Content, proposed: number, { amendmentId, rationale, reviewer }: Formation): Content | null {
  const present = typeof head["trust_score"] === "number" ? head["trust_score"] : 0;
  const score = Math.max(0, reviewer.authority === "person" ? Math.min(1, proposed) : Math.min(proposed, present));
  if (score === present) return null;
  return { ...head, trust_score: score, rationale, evidence_refs: [amendmentId] };
}
