/** The form of a pass's answer, and what the platform makes of it: an artifact, a choice among options, or a question. */
import { testabilityOf, vagueWords } from "@factory/compiler";
import { alternative, capability, functionProposal, intentSpecification, isLeftOpen, pressure, uncertainty } from "@factory/schemas";
import type { CandidateSet, IntentSpecification, PassName, Statement, Uncertainty, WorkOrder } from "@factory/schemas";
import { z } from "zod";
import { candidatesAnswer, chooseCandidate } from "./pass-candidates.ts";

/** An answer in the schema of its pass. */
export type PassAnswer = { readonly [key: string]: unknown };

/** What an answer comes to. */
export type PassResult =
  | { readonly kind: "uncertain"; readonly uncertainty: Uncertainty }
  | { readonly kind: "artifact"; readonly data: { readonly [key: string]: unknown } }
  | { readonly kind: "chosen"; readonly data: { readonly [key: string]: unknown }; readonly candidateSet: CandidateSet };

const uncertaintyAnswer = z.strictObject({ uncertainty });

/** Texts that name a field and leave it empty all the same. */
const PLACEHOLDER = /^[\s\p{P}\p{S}]*(?:n\/?a|none|unknown|not applicable|not specified|see above|as above|same|todo|yes|ok(?:ay)?)?[\s\p{P}\p{S}]*$/iu;
const NUMBER = /\d/;

/**
 * The schema a pass answers in: its artifact, its options, or the question it cannot answer from the order. The last pass
 * has to keep every criterion of the order, and to say of each that no executed check decides how it is measured.
 */
export function passSchema(pass: PassName, order: WorkOrder): z.ZodType<PassAnswer> {
  return z.union([resultSchema(pass, order), uncertaintyAnswer]);
}

/** An answer names at least one alternative that was considered. */
const considered = { alternativesConsidered: z.array(alternative).min(1) };
const pressureAnswer = pressure.extend(considered);
const capabilityAnswer = capability.extend(considered);
const intentAnswer = intentSpecification.extend(considered);

function resultSchema(pass: PassName, order: WorkOrder): z.ZodType<PassAnswer> {
  switch (pass) {
    case "synthesize-pressure":
      return pressureAnswer;
    case "map-capability":
      return capabilityAnswer;
    case "propose-function":
      return candidatesAnswer;
    case "write-intent-specification":
      return intentAnswer.superRefine((answer, context) => requireMeasures(answer, order, context));
    default:
      return pass satisfies never;
  }
}

function requireMeasures({ acceptanceCriteria }: IntentSpecification, order: WorkOrder, context: z.RefinementCtx): void {
  const wanted = order.acceptanceCriteria.length;
  if (acceptanceCriteria.length !== wanted) {
    const message = `must have exactly ${wanted} entries, one for each criterion of the order`;
    context.addIssue({ code: "custom", path: ["acceptanceCriteria"], message });
    return;
  }
  order.acceptanceCriteria.forEach((criterion, index) => {
    const measured = acceptanceCriteria[index];
    if (measured === undefined || isExecuted(testabilityOf(criterion, order).how)) return;
    for (const field of ["metric", "method", "threshold"] as const) {
      const fault = measureFault(measured[field]);
      if (fault !== undefined) context.addIssue({ code: "custom", path: ["acceptanceCriteria", index, field], message: fault });
    }
  });
}

const isExecuted = (how: string): boolean => how === "examples" || how === "tests";

/** What is wrong with a metric, method or threshold; undefined when it says something that can be looked at. */
export function measureFault(text: string): string | undefined {
  if (PLACEHOLDER.test(text)) return "is empty: say what is measured, how, or what must come out";
  if (isLeftOpen(text)) return "is left open: answer with an uncertainty instead";
  const vague = vagueWords(text);
  if (vague.length === 0 || NUMBER.test(text)) return undefined;
  return `is vague: ${vague.map((word) => `"${word}"`).join(", ")} needs a number or something that can be seen`;
}

/**
 * Puts the platform's facts over an answer: what the order says is not the model's to change, and an executed criterion
 * is measured by its check. Among options the platform chooses.
 *
 * @param answer - in the schema of the pass
 * @param constraints - those of the order, and what a person added to them since
 */
export function readPassAnswer(pass: PassName, answer: PassAnswer, order: WorkOrder, constraints: readonly Statement[] = order.constraints): PassResult {
  const asked = uncertaintyAnswer.safeParse(answer);
  if (asked.success) return { kind: "uncertain", uncertainty: asked.data.uncertainty };
  switch (pass) {
    case "synthesize-pressure":
    case "map-capability":
      return { kind: "artifact", data: answer };
    case "propose-function": {
      const candidateSet = chooseCandidate(pass, candidatesAnswer.parse(answer));
      const winner = candidateSet.candidates.find(({ outcome }) => outcome === "selected");
      return { kind: "chosen", data: functionProposal.parse(winner?.proposal), candidateSet };
    }
    case "write-intent-specification":
      return { kind: "artifact", data: overlayIntent(intentSpecification.parse(answer), order, constraints) };
    default:
      return pass satisfies never;
  }
}

function overlayIntent(answer: IntentSpecification, order: WorkOrder, constraints: readonly Statement[]): IntentSpecification {
  return {
    ...answer,
    constraints: constraints.map(({ text }) => text),
    outOfScope: order.outOfScope.map(({ text }) => text),
    acceptanceCriteria: order.acceptanceCriteria.map((criterion, index) => {
      const judged = answer.acceptanceCriteria[index];
      if (judged === undefined) throw new Error("The answer has fewer criteria than the order.");
      const { text, functionName } = criterion;
      return { text, ...(functionName === undefined ? {} : { functionName }), ...measureOf(criterion, order, judged) };
    }),
  };
}

type Measured = Pick<IntentSpecification["acceptanceCriteria"][number], "metric" | "method" | "threshold">;

function measureOf(criterion: WorkOrder["acceptanceCriteria"][number], order: WorkOrder, judged: Measured): Measured {
  const decided = testabilityOf(criterion, order);
  const { metric, method, threshold } = decided.how === "examples" || decided.how === "tests" ? decided : judged;
  return { metric, method, threshold };
}
