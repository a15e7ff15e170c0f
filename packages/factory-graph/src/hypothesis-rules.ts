/**
 * What went wrong with a bead, as a hypothesis. Where the evidence alone decides, no model is asked; otherwise a model
 * answers in {@link modelHypothesis}, from the evidence and never from ids alone.
 */
import { FAULT_ATTRIBUTIONS } from "@factory/loop-closure";
import type { Hypothesis as CoreHypothesis, KnowingStateChange } from "@factory/loop-closure";
import type { Claim } from "@factory/schemas";
import type { DivergenceReport } from "@factory/schemas/rpc";
import { z } from "zod";
import { OUTCOMES } from "./detectors.ts";
import type { Outcome } from "./detectors.ts";

/** How much of a specification an amendment touches. */
export const AMENDMENT_SCOPES = ["add-atom", "modify-atom", "add-invariant", "modify-invariant", "none"] as const;
export type AmendmentScope = (typeof AMENDMENT_SCOPES)[number];

/** How far a breach of what governs an agent lowers its trust. */
export const TRUST_STEP = 0.05;

/**
 * Why a whole fails whose molecules have passed. `criterion`: it is judged by more than anybody asked for. `integration`: the
 * parts do not fit together. `specification`: what was asked for cannot hold as a whole; that is for a person.
 */
export const RUN_VERDICT_CAUSES = ["criterion", "integration", "specification"] as const;
export type RunVerdictCause = (typeof RUN_VERDICT_CAUSES)[number];

const hypothesisFields = {
  faultAttribution: z.enum(FAULT_ATTRIBUTIONS),
  explanation: z.string().min(8),
  confidence: z.number().min(0).max(1),
  amendmentScope: z.enum(AMENDMENT_SCOPES),
  /** What the next attempt is told beside its instructions; empty when there is nothing to say. */
  instruction: z.string(),
};

function environmentHasNoScope({
  faultAttribution,
  amendmentScope,
}: Pick<z.infer<z.ZodObject<typeof hypothesisFields>>, "faultAttribution" | "amendmentScope">): boolean {
  return faultAttribution !== "ENVIRONMENTAL" || amendmentScope === "none";
}
const NO_SCOPE_FAULT = { message: "ENVIRONMENTAL has the amendment scope none", path: ["amendmentScope"] };

/** What a model answers; an ENVIRONMENTAL fault changes no specification. Severity and knowing-state are not a model's to say. */
export const modelHypothesis = z.strictObject(hypothesisFields).refine(environmentHasNoScope, NO_SCOPE_FAULT);

/** What a model answers on a run verdict: it has to choose one cause. */
export const modelRunVerdictHypothesis = z
  .strictObject({ ...hypothesisFields, runVerdict: z.enum(RUN_VERDICT_CAUSES) })
  .refine(environmentHasNoScope, NO_SCOPE_FAULT);
export type ModelHypothesis = z.infer<typeof modelHypothesis> & { readonly runVerdict?: RunVerdictCause };

/** A hypothesis of the factory; `runVerdict` is there for a run verdict and nothing else. */
export type Hypothesis = CoreHypothesis & { readonly amendmentScope: AmendmentScope; readonly runVerdict?: RunVerdictCause };

/** Whether every molecule had passed and the visible checks of the whole did not: a hidden example that fails is another matter. */
export function isRunVerdictGap({ divergenceType, failedHoldoutLines }: Pick<DivergenceReport, "divergenceType" | "failedHoldoutLines">): boolean {
  return divergenceType === "run-verdict-failure" && failedHoldoutLines.length === 0;
}

/** What a rule looks at. Hidden examples are left out: what is said of them could reach an operative. */
export type RuleEvidence = {
  readonly divergence: DivergenceReport;
  readonly outcome: Outcome | null;
  readonly claim: Omit<Claim, "holdout">;
  readonly trace: { readonly [key: string]: unknown };
  /** The agent of the bead's role with its present trust score; null where it could not be read or there is none. */
  readonly agent: { readonly subjectId: string; readonly trustScore: number } | null;
};

/** What a model is told. */
export type HypothesisEvidence = Omit<RuleEvidence, "agent"> & {
  readonly specification: { readonly [key: string]: unknown };
  /** Elucidations of earlier adoptions: for the same bead, and for the same function elsewhere. */
  readonly elucidations: readonly { readonly [key: string]: unknown }[];
  /** Divergences of other beads under the same specification: one may be the cause of another. */
  readonly concurrent: readonly ConcurrentDivergence[];
};

/** Another divergence of the run that nothing had been amended for when this one was found. */
export type ConcurrentDivergence = Pick<DivergenceReport, "divergenceId" | "divergenceType" | "beadId" | "atomId" | "claimId" | "observed" | "expected"> & {
  /** True when the bead in question waits for that one, so that its fault may be a consequence. */
  readonly comesBefore: boolean;
};

/** A person's answer that takes the place of a rule or a model. An empty note means: the same again. */
export type PersonDecision = { readonly by: string; readonly note: string };

/** A hypothesis that follows from the evidence alone, or null when judgement is needed. */
export function hypothesisByRule(evidence: RuleEvidence): Hypothesis | null {
  const { divergence, outcome } = evidence;
  if (divergence.divergenceType === "approval-rejected") return refusedByPerson(divergence);
  if (divergence.failedHoldoutLines.length > 0) return specificationGap(evidence);
  if (divergence.status === "BLOCKED") return withoutMeans(divergence);
  switch (outcome) {
    case "TIMEOUT":
    case "INFRASTRUCTURE":
      return environmental(divergence, outcome);
    case "GOVERNANCE":
      return notPermitted(evidence);
    case "FAILURE":
      // Which of its three causes a run verdict has is a judgement, whatever fired.
      return !isRunVerdictGap(divergence) && firedAlone(evidence) ? invariantMismatch(evidence) : null;
    case "SUCCESS":
    case "BLOCKED":
      return null;
    case null:
      return divergence.status === "ERROR" ? environmental(divergence, "INFRASTRUCTURE") : null;
    default:
      return outcome satisfies never;
  }
}

/** What a person decided, as a hypothesis. */
export function hypothesisOfPerson({ note }: PersonDecision, { divergenceId, severity }: DivergenceReport): Hypothesis {
  const asked = note === "" ? "the same again" : `a further instruction: ${note}`;
  return {
    faultAttribution: note === "" ? "ENVIRONMENTAL" : "SPECIFICATION_GAP",
    explanation: `A person decided on ${divergenceId}: ${asked}.`,
    confidence: 1,
    severity,
    amendmentScope: note === "" ? "none" : "modify-atom",
    instruction: note,
  };
}

/** A model's answer as a hypothesis: how grave it is says the divergence, and what of a run verdict may be changed says its cause. */
export function hypothesisOfModel({ runVerdict, ...answer }: ModelHypothesis, { severity }: Pick<DivergenceReport, "severity">): Hypothesis {
  if (runVerdict === undefined) return { ...answer, severity };
  return { ...answer, severity, runVerdict, amendmentScope: answer.faultAttribution === "ENVIRONMENTAL" ? "none" : SCOPE_OF_CAUSE[runVerdict] };
}

/** A wrong specification is amended by a person alone. */
const SCOPE_OF_CAUSE = { criterion: "modify-atom", integration: "add-atom", specification: "none" } as const satisfies Record<RunVerdictCause, AmendmentScope>;

/** The normalised outcome a trace records; null when the trace does not say. */
export function outcomeOfTrace(trace: { readonly [key: string]: unknown }): Outcome | null {
  const parsed = z.enum(OUTCOMES).safeParse(trace["outcome"]);
  return parsed.success ? parsed.data : null;
}

/** A trace without the results of hidden checks, whose messages may hold hidden values. */
export function visibleTrace(trace: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } {
  return { ...trace, checks: checksOf(trace).filter(({ holdout }) => !holdout) };
}

const tracedCheck = z.looseObject({
  kind: z.string(),
  ok: z.boolean(),
  holdout: z.boolean(),
  claimId: z.string().optional(),
  command: z.string().optional(),
});

/** Checks that a trace records; one that does not say whether it was hidden counts as hidden. */
export function checksOf(trace: { readonly [key: string]: unknown }): z.infer<typeof tracedCheck>[] {
  const checks: readonly unknown[] = Array.isArray(trace["checks"]) ? trace["checks"] : [];
  return checks.flatMap((check) => {
    const parsed = tracedCheck.safeParse(check);
    return parsed.success ? [parsed.data] : [];
  });
}

/** True when everything that failed in sight was a watched invariant: the task as such was done. */
function firedAlone({ trace }: RuleEvidence): boolean {
  const failed = checksOf(trace).filter(({ ok, holdout }) => !ok && !holdout);
  return failed.length > 0 && failed.every(({ kind }) => kind === "detector");
}

/** A sentence that later operatives of the role read; of a claim's own words, never of a hidden value. */
function guidance({ role }: DivergenceReport, text: string): { readonly knowingState: KnowingStateChange } {
  return { knowingState: { target: "policy", scope: `role:${role}`, guidance: text } };
}

function specificationGap({ divergence, claim }: RuleEvidence): Hypothesis {
  const lines = divergence.failedHoldoutLines;
  return {
    faultAttribution: "SPECIFICATION_GAP",
    explanation: `The result passed every visible example of ${divergence.claimId} and failed ${lines.length} hidden one${lines.length === 1 ? "" : "s"} (line ${lines.join(", ")} of the order): what was visible does not pin the criterion down.`,
    confidence: 1,
    severity: divergence.severity,
    amendmentScope: "modify-atom",
    instruction: `The earlier result passed every visible example and still breaks this criterion: ${claim.text}`,
    ...guidance(divergence, `Passing the visible examples was not enough for this criterion: ${claim.text}`),
  };
}

function refusedByPerson(divergence: DivergenceReport): Hypothesis {
  return {
    faultAttribution: "SPECIFICATION_GAP",
    explanation: `A person refused what the bead for ${divergence.claimId} did: ${divergence.observed}`,
    confidence: 1,
    severity: divergence.severity,
    amendmentScope: "modify-atom",
    instruction: divergence.observed,
  };
}

function invariantMismatch({ divergence, claim }: RuleEvidence): Hypothesis {
  return {
    faultAttribution: "INVARIANT_MISMATCH",
    explanation: `Every check of the task passed and a watched constraint was broken in every attempt: ${divergence.observed}`,
    confidence: 0.9,
    severity: divergence.severity,
    amendmentScope: "modify-invariant",
    instruction: `Keep this constraint, which every earlier attempt broke: ${claim.text}`,
    ...guidance(divergence, `Keep this constraint from the first attempt on: ${claim.text}`),
  };
}

function withoutMeans(divergence: DivergenceReport): Hypothesis {
  return {
    faultAttribution: "TOOLING_FAILURE",
    explanation: `The operative stopped for lack of means: ${divergence.blockers.join("; ") || divergence.observed}`,
    confidence: 1,
    severity: divergence.severity,
    amendmentScope: "none",
    instruction: "",
  };
}

function notPermitted({ divergence, agent }: RuleEvidence): Hypothesis {
  return {
    faultAttribution: "TOOLING_FAILURE",
    explanation: `Consent or policy does not allow what the bead needs: ${divergence.observed}`,
    confidence: 1,
    severity: divergence.severity,
    amendmentScope: "none",
    instruction: "",
    ...(agent === null ? {} : { knowingState: { target: "trust" as const, subjectId: agent.subjectId, score: lowered(agent.trustScore) } }),
  };
}

/** One step down, to two decimals: binary fractions would make a score like 0.7500000000000001. */
function lowered(score: number): number {
  return Math.max(0, Math.floor(Math.round((score - TRUST_STEP) * 1e6) / 1e4) / 100);
}

function environmental(divergence: DivergenceReport, outcome: "TIMEOUT" | "INFRASTRUCTURE"): Hypothesis {
  const cause = outcome === "TIMEOUT" ? "The time ran out" : "The surroundings failed";
  return {
    faultAttribution: "ENVIRONMENTAL",
    explanation: `${cause} before there was a result that could be judged: ${divergence.observed}`,
    confidence: 0.9,
    severity: divergence.severity,
    amendmentScope: "none",
    instruction: "",
  };
}
