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
    divergenceType: z.string().optional(),
  }),
  trace: z.looseObject({ checks: z.array(z.looseObject({ kind: z.string(), ok: z.boolean(), claimId: z.string().optional() })).default([]) }).optional(),
  claim: z.looseObject({ claimId: z.string().optional(), text: z.string().optional() }).default({}),
  failedHoldout: z.unknown().optional(),
});

/** A hypothesis as `packages/factory-graph` reads a model's. */
export type OfflineHypothesis = {
  readonly faultAttribution: "SPECIFICATION_GAP" | "TOOLING_FAILURE" | "INVARIANT_MISMATCH" | "ENVIRONMENTAL";
  readonly explanation: string;
  readonly confidence: number;
  readonly amendmentScope: "modify-atom" | "add-atom" | "none";
  readonly instruction: string;
  /** For a run verdict and nothing else: the one of its three causes that fits what failed. */
  readonly runVerdict?: "criterion" | "integration" | "specification";
};

/** Checks that the platform adds of its own; every other one follows from what the order states. */
const PLATFORM_CHECKS: ReadonlySet<string> = new Set(["file-exists"]);

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
  if (divergence.divergenceType === "run-verdict-failure") return runVerdict(parsed.data);
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

/** What no claim asks for is too strict; a claim that nobody carries cannot hold; everything else does not fit together. */
function runVerdict({ divergence, trace }: z.infer<typeof evidence>): ReturnType<typeof formHypothesis> {
  const { observed } = divergence;
  const failed = (trace?.checks ?? []).filter(({ ok }) => !ok);
  const base = { confidence: 0.6, instruction: "" } as const;
  if (failed.length === 0 || failed.some(({ kind }) => kind === "claims")) {
    const explanation = `What is asked for cannot hold as a whole: ${observed}`;
    return {
      ok: true,
      hypothesis: { ...base, faultAttribution: "SPECIFICATION_GAP", explanation, amendmentScope: "none", runVerdict: "specification" },
    };
  }
  if (failed.every(({ kind, claimId }) => claimId === undefined && PLATFORM_CHECKS.has(kind))) {
    const explanation = `Every claim holds and the run is judged by more than any claim asks for: ${observed}`;
    return { ok: true, hypothesis: { ...base, faultAttribution: "TOOLING_FAILURE", explanation, amendmentScope: "modify-atom", runVerdict: "criterion" } };
  }
  const explanation = `Every molecule passed alone and the whole does not: ${observed}`;
  const instruction = `The parts were each checked and do not fit together. Observed on the whole: ${observed}`;
  return {
    ok: true,
    hypothesis: { ...base, faultAttribution: "SPECIFICATION_GAP", explanation, amendmentScope: "add-atom", instruction, runVerdict: "integration" },
  };
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
