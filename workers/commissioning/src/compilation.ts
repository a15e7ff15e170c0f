/** The way from an approved intent specification to mediation, and the end of one that is not compiled. */
import { approvalBasis } from "./approval-basis.ts";
import type { SessionContext } from "./context.ts";
import { endWith } from "./context.ts";
import { askDispatch, denialText, recordOf } from "./dispatch-policy.ts";
import { followSuspensions } from "./standing-suspensions.ts";

/** Asks policy and hands the approved specification to mediation. @throws RetryableError while policy does not answer */
export async function startCompilation(context: SessionContext): Promise<void> {
  const { store, ledger, governance, deps } = context;
  await followSuspensions(context);
  if (governance.holdsClearance()) return;
  const basis = approvalBasis(context);
  const decision = await askDispatch(context, { basis, beads: null, askedFor: null });
  store.transaction(() => {
    const { ending, mediation } = store.requireSession();
    if (ending !== null || mediation !== "none" || governance.holdsClearance()) return;
    if (!decision.allowed) {
      failCompilation(context, "POLICY_DENIED", [denialText(decision)]);
      return;
    }
    store.patch({ mediation: "compiling", stuck: null }, deps.now());
    ledger.compile({ ...basis, policy: recordOf(decision) });
  });
}

/** Ends a session whose intent could not be compiled; event 6 precedes the terminal one. */
export function failCompilation(context: SessionContext, code: string, remediation: readonly string[]): void {
  const { store, ledger } = context;
  const { state, ending } = store.requireSession();
  if (ending !== null) return;
  const message = `The intent specification was not compiled: ${remediation.join(" ")}`;
  ledger.event("COMPILATION_FAILED", { code, message, details: { remediation: [...remediation] }, retryable: false, fromState: state, toState: "FAILED" });
  endWith(context, { state: "FAILED", reason: message, reasonCode: code });
}
