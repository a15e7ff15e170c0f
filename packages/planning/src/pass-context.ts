/** What each planning pass gets to see: what it needs to answer, and nothing else of the order. */
import { orderForPrompt } from "@factory/compiler";
import type { PromptOrder } from "@factory/compiler";
import type { PASSES, PassName, WorkOrder } from "@factory/schemas";

/** The artifacts of the passes before, by type. */
export type Upstream = { readonly [type: string]: unknown };

/** The order and the artifacts before it, as one pass sees them. */
export type PassView = {
  readonly order: Partial<Omit<PromptOrder, "functions">> & { readonly functions?: readonly object[] };
  readonly upstream: Upstream;
};

/** Types of the artifacts that a pass rests on. The last one reads the order itself, not what earlier passes said about it. */
const RESTS_ON: { readonly [P in PassName]: readonly (typeof PASSES)[number]["type"][] } = {
  "synthesize-pressure": [],
  "map-capability": ["Pressure"],
  "propose-function": ["Capability"],
  "write-intent-specification": ["FunctionProposal"],
};

/** Cuts an order and the artifacts before down to what a pass needs. Examples that may be hidden from coders are in no view. */
export function passView(pass: PassName, order: WorkOrder, upstream: Upstream): PassView {
  const rests = new Set<string>(RESTS_ON[pass]);
  return { order: orderOf(pass, orderForPrompt(order)), upstream: Object.fromEntries(Object.entries(upstream).filter(([type]) => rests.has(type))) };
}

function orderOf(pass: PassName, order: PromptOrder): PassView["order"] {
  const { title, priority, problem, goal, constraints, acceptanceCriteria, successMetrics, functions } = order;
  switch (pass) {
    case "synthesize-pressure":
      // Where an order states no problem, its criteria are the evidence of what is missing.
      return { title, priority, problem, goal, successMetrics, ...(problem === "" ? { acceptanceCriteria } : {}) };
    case "map-capability":
      return { title, goal, constraints, successMetrics };
    case "propose-function":
      return { title, functions: functions.map(({ name, params, returnType }) => ({ name, params, returnType })) };
    case "write-intent-specification":
      return order;
    default:
      return pass satisfies never;
  }
}
