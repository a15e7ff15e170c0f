/** Forms a hypothesis by rules from the evidence of a divergence. */
import { z } from "zod";

const evidence = z.looseObject({
  divergence: z.looseObject({
    status: z.string().optional(),
    outcome: z.string().nullish(),
    blockers: z.array(z.string()).default([]),
    expected: z.string().default(""),
    observed: z.string().default(""),
    failedHoldouts: z.number().optional(),
    failedHoldoutLines: z.array(z.unknown()).optional(),
  }),
  claim: z.looseObject({ claimId: z.string().optional(), text: z.string().optional() }).default({}),
  failedHoldout: z.unknown().optional(),
});

/** A hypothesis as `packages/factory-graph` reads a model's. */
export type OfflineHypothesis = {
  readonly faultAttribution: "SPECIFICATION_GAP" | "TOOLING_FAILURE" | "INVARIANT_MISMATCH" | "ENVIRONMENTAL";
  readonly explanation: string;
  readonly confidence: number;
  readonly amendmentScope: "modify-atom" | "none";
  readonly instruction: string;
};

/** What probably went wrong, or what is wrong with the question. */
export function formHypothesis(
  task: unknown,
): { readonly ok: true; readonly hypothesis: OfflineHypothesis } | { readonly ok: false; readonly message: string } {
  const parsed = evidence.safeParse(task);
  if (!parsed.success) return { ok: false, message: z.prettifyError(parsed.error) };
  const { divergence, claim, failedHoldout } = parsed.data;
  const hidden = divergence.failedHoldouts ?? divergence.failedHoldoutLines?.length ?? (failedHoldout === undefined || failedHoldout === null ? 0 : 1);
  const criterion = claim.text ?? divergence.expected;
  if (hidden > 0) {
    return hypothesis(
      "SPECIFICATION_GAP",
      `Every visible example holds and ${hidden} hidden one${hidden === 1 ? " does" : "s do"} not: the visible examples do not pin the criterion down.`,
      0.9,
      `The earlier result fits the visible examples and breaks this criterion: ${criterion}`,
    );
  }
  if (divergence.outcome === "TIMEOUT" || divergence.outcome === "INFRASTRUCTURE") {
    return hypothesis("ENVIRONMENTAL", `There was no result to judge: ${divergence.observed}`, 0.8);
  }
  if (divergence.status === "BLOCKED" || divergence.outcome === "BLOCKED" || divergence.blockers.length > 0) {
    return hypothesis("TOOLING_FAILURE", `The operative stopped for lack of means: ${divergence.blockers.join("; ") || divergence.observed}`, 0.8);
  }
  if (divergence.outcome === "GOVERNANCE") {
    return hypothesis("TOOLING_FAILURE", `Consent or policy does not allow what the work needs: ${divergence.observed}`, 0.8);
  }
  if (/\binvariant\b|\bdetector\b/i.test(divergence.observed)) {
    return hypothesis(
      "INVARIANT_MISMATCH",
      `A watched constraint was broken: ${divergence.observed}`,
      0.5,
      `Keep the constraint that was broken: ${divergence.observed}`,
    );
  }
  return hypothesis(
    "SPECIFICATION_GAP",
    `The result does not hold where it was visible. Expected: ${divergence.expected}. Observed: ${divergence.observed}.`,
    0.4,
    `Expected: ${divergence.expected}. Observed: ${divergence.observed}.`,
  );
}

function hypothesis(
  faultAttribution: OfflineHypothesis["faultAttribution"],
  explanation: string,
  confidence: number,
  instruction?: string,
): { readonly ok: true; readonly hypothesis: OfflineHypothesis } {
  const scope = instruction === undefined ? "none" : "modify-atom";
  return { ok: true, hypothesis: { faultAttribution, explanation, confidence, amendmentScope: scope, instruction: instruction ?? "" } };
}
