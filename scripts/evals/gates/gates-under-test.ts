/** The product's own gates 0 and 1, asked in its own order. */
import { checkCoherence, coherenceInput, intakeReport, parseWorkOrder } from "@factory/compiler";
import type { CoherenceInput } from "@factory/compiler";
import type { VerificationReport } from "@factory/schemas";
import { compileRequestOf } from "./corpus.ts";
import type { CorpusOrder } from "./corpus.ts";
import type { Judge, Judgement } from "./defects.ts";
import type { OrderSource } from "./order-operators.ts";

/** Asks gate 1 about a work graph. */
export const judgeGraph: Judge<CoherenceInput> = (input) => judgementOf("coherence", checkCoherence(input));

/** Asks the parser, gate 0 and gate 1 about an order, in this order; the first that refuses answers. */
export function judgeOrder(id: string): Judge<OrderSource> {
  return ({ text, baseTree }) => {
    const parsed = parseWorkOrder(text);
    if (!parsed.ok) return { gate: "parser", outcome: "FAIL", findings: parsed.faults.map(({ line, fix }) => `Line ${line}: ${fix}`) };
    const intake = judgementOf("intake", intakeReport({ order: parsed.order, baseTree }, id));
    if (intake.outcome !== "PASS") return intake;
    return judgeGraph(graphOf({ id, order: parsed.order, baseTree }));
  };
}

/** The work graph that an order compiles to, as gate 1 sees it. */
export function graphOf(order: Pick<CorpusOrder, "id" | "order" | "baseTree">): CoherenceInput {
  return coherenceInput(compileRequestOf(order));
}

function judgementOf(gate: Judgement["gate"], { outcome, remediation }: VerificationReport): Judgement {
  return { gate, outcome, findings: remediation };
}
