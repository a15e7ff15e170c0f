/** What a person reads when the factory stops: what was asked, what was tried, why it stopped, what can be done. */
import { isRunVerdictGap } from "@factory/factory-graph";
import type { Claim } from "@factory/schemas";
import type { DivergenceReport } from "@factory/schemas/rpc";
import type { AmendmentRow } from "./amendment-store.ts";

export type Consultation = {
  readonly divergence: DivergenceReport;
  readonly reason: string;
  readonly history: readonly Pick<AmendmentRow, "amendmentId" | "mode" | "status" | "depth" | "proposal">[];
  readonly claim: Pick<Claim, "text" | "line">;
};

/** Plain text in four parts. Hidden examples are named by line only: an answer may reach an operative. */
export function consultationText({ divergence, claim, reason, history }: Consultation): string {
  const blockers = divergence.blockers.map((blocker) => `- ${blocker}`);
  return [
    `Asked (${divergence.claimId}, line ${claim.line}): ${claim.text}`,
    `Expected: ${divergence.expected}`,
    `Happened: ${divergence.observed}`,
    ...(blockers.length > 0 ? ["The operative says it is blocked:", ...blockers] : []),
    "Tried:",
    ...(history.length > 0 ? history.map(triedLine) : ["- the bead's own attempts; no amendment so far"]),
    `Why it stopped: ${reason}`,
    "What to do:",
    ...advice(divergence).map((line) => `- ${line}`),
    "Approve to run the bead and what depends on it again as it is. Amend to run it again with your note as an added instruction. Reject to end the session.",
  ].join("\n");
}

function triedLine({ amendmentId, mode, status, depth, proposal }: Consultation["history"][number]): string {
  return `- amendment ${depth} (${amendmentId}, ${status}, ${mode}): ${proposal.hypothesis.explanation}`;
}

function advice(divergence: DivergenceReport): string[] {
  if (isRunVerdictGap(divergence)) {
    return [
      "Each part passed its own checks, and together they do not hold what was asked for. Amend: say what was meant; the units that answer for the claim and what depends on them run again with your words.",
      "Or approve to have the whole judged again as it is, where what was at fault has been mended.",
      "Or reject and submit an order that can hold as a whole.",
    ];
  }
  if (divergence.status === "BLOCKED") {
    return [
      'Connect a model that can write this code: set FACTORY_MODELS (for example {"factory/coder":"openai:<model>"}), MODEL_BASE_URL and MODEL_API_KEY, restart the factory, then approve.',
      "Or amend: say how the function works, in smaller steps if possible.",
      "Or reject, add examples or split the function in the order, and submit it anew.",
    ];
  }
  if (divergence.failedHoldoutLines.length > 0) {
    return [
      `The order's visible examples do not pin the criterion down (hidden: line ${divergence.failedHoldoutLines.join(", ")}). Amend: state the rule in words, without the hidden values.`,
      "Or connect a model with FACTORY_MODELS, MODEL_BASE_URL and MODEL_API_KEY, restart the factory, then approve.",
      "Or reject, add examples to the order, and submit it anew.",
    ];
  }
  return [
    "Where a server or a limit was at fault, mend it, then approve.",
    "Or amend: say what the next attempt has to do differently.",
    "Or reject and submit an order that is clearer on this point.",
  ];
}
