/** How an order ended, in the words of the golden set, and whether that is what was expected. Pure. */
import { outcomeOf, reasonOf, type SessionView } from "@factory/cli";
import type { GoldenExpectation, GoldenOrder } from "./golden-order.ts";
import type { HiddenResult } from "./hidden-tests.ts";
import type { Measures } from "./measures.ts";

/** `PERSON`: the work is done and a person has to decide claims. `BLOCKED`: a person is asked because the work is not done. */
export type End = "COMPLETED" | "PERSON" | "BLOCKED" | "REFUSED" | "FAILED" | "CANCELLED" | "REJECTED" | "TIMEOUT";

/** What came of one order. */
export type OrderResult = {
  readonly name: string;
  readonly end: End;
  /** What the session or the gateway said at its end. */
  readonly reason: string;
  readonly durationMs: number;
  /** Null where no session was made: the gateway refused the order. */
  readonly measures: Measures | null;
  /** Null where nothing was delivered. */
  readonly hidden: HiddenResult | null;
};

/** The end of a session that was followed until it ended or asked a person. */
export function endOf(view: SessionView): { readonly end: End; readonly reason: string } {
  const outcome = outcomeOf(view);
  const reason = reasonOf(view);
  if (outcome !== "IN_REVIEW") return { end: outcome, reason };
  return { end: view.openReview?.matter === "acceptance" ? "PERSON" : "BLOCKED", reason };
}

/** A completed order whose hidden tests do not all pass; a completion that delivered nothing to test is one as well. */
export function isFalselyCompleted({ end, hidden }: OrderResult): boolean {
  return end === "COMPLETED" && (hidden === null || hidden.failed > 0 || hidden.passed === 0);
}

/** What is otherwise than expected, one line each; empty when everything is. */
export function deviations({ expected }: Pick<GoldenOrder, "expected">, result: OrderResult, offline: boolean): string[] {
  if (!offline) return result.end === expected.end ? [] : [`ended ${result.end}, a model that is up to the task ends ${expected.end}`];
  return [
    ...(result.end === expected.offline ? [] : [`ended ${result.end}, expected ${expected.offline}`]),
    ...(result.end === expected.offline ? [...gateDeviations(expected, result), ...reasonDeviations(expected, result)] : []),
  ];
}

function gateDeviations({ gates }: GoldenExpectation, { measures }: OrderResult): string[] {
  const said = measures?.gates ?? {};
  return Object.entries(gates)
    .filter(([gate, outcome]) => said[gate] !== outcome)
    .map(([gate, outcome]) => `gate ${gate} said ${said[gate] ?? "nothing"}, expected ${outcome}`);
}

/** A refusal names its lines, a question to a person its claims; and a refused order costs no model call. */
function reasonDeviations({ refusal, personClaims }: GoldenExpectation, { end, reason, measures }: OrderResult): string[] {
  const found: string[] = [];
  if (refusal !== undefined) {
    found.push(...refusal.lines.filter((line) => !new RegExp(`\\bline ${line}\\b`, "i").test(reason)).map((line) => `the refusal does not name line ${line}`));
    if ((measures?.modelCalls ?? 0) > 0) found.push(`${measures?.modelCalls} model calls before the refusal`);
  }
  if (end === "PERSON") found.push(...personClaims.filter((claim) => !reason.includes(claim)).map((claim) => `nobody is asked about ${claim}`));
  return found;
}
