import type { DivergenceReport } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { formChange, successorSpecification } from "./changes.ts";
import { hypothesisByRule, hypothesisOfModel, hypothesisOfPerson, isRunVerdictGap, modelRunVerdictHypothesis } from "./hypothesis-rules.ts";
import type { ModelHypothesis, RunVerdictCause } from "./hypothesis-rules.ts";
import { planBeadOutcome } from "./outcome.ts";
import { aClaim } from "./testing/assembly.ts";
import { aBeadOutcome, aFailedCheck } from "./testing/bead-outcome.ts";

const INDEX = aFailedCheck({ kind: "file-exists", command: "file-exists:src/index.ts", summary: "src/index.ts exists: 1 failed" });
const EXAMPLES = aFailedCheck({ kind: "examples", command: "examples:C-1", claimId: "C-1" });

/** The outcome bead's divergence on the whole, with its trace. */
function aGap(checks = [INDEX, EXAMPLES]): { readonly divergence: DivergenceReport; readonly trace: { readonly [key: string]: unknown } } {
  const ending = { outcome: "FAILURE", exhausted: true, outcomeBead: true, runVerdict: true, checks, role: "verifier:outcome" } as const;
  const { divergences, writes } = planBeadOutcome(aBeadOutcome({ ...ending, executedUnder: "AMD-1" }));
  const [divergence] = divergences;
  const trace = writes.flatMap((write) => (write.kind === "artifacts" ? write.nodes : [])).find(({ type }) => type === "ExecutionTrace");
  if (divergence === undefined || trace === undefined) throw new Error("The outcome did not diverge.");
  return { divergence, trace: trace.data };
}

function answer(runVerdict: RunVerdictCause): ModelHypothesis {
  const base = { faultAttribution: "SPECIFICATION_GAP", explanation: "the parts do not fit", confidence: 0.6, amendmentScope: "add-invariant" } as const;
  return { ...base, instruction: "Export double.", runVerdict };
}

function changeFor(runVerdict: RunVerdictCause, checks = [INDEX, EXAMPLES]) {
  const { divergence, trace } = aGap(checks);
  const hypothesis = hypothesisOfModel(answer(runVerdict), divergence);
  return { hypothesis, change: formChange({ hypothesis, author: { kind: "model", id: "m" } }, divergence, aClaim(), trace) };
}

describe("a run verdict that failed although every molecule had passed", () => {
  test("is a divergence of its own kind that says under which amendment its execution ran", () => {
    const { divergence, trace } = aGap();
    expect(divergence).toMatchObject({ divergenceType: "run-verdict-failure", executedUnder: "AMD-1", failedHoldoutLines: [] });
    expect(isRunVerdictGap(divergence)).toBe(true);
    expect(isRunVerdictGap({ ...divergence, failedHoldoutLines: [15] })).toBe(false);
    expect(trace).toMatchObject({ executedUnder: "AMD-1", checks: [{ command: "file-exists:src/index.ts" }, { command: "examples:C-1" }] });
  });

  test("is decided by no rule, even where nothing but a detector fired, and a model has to choose a cause", () => {
    const { divergence, trace } = aGap([aFailedCheck({ kind: "detector", claimId: "C-1" })]);
    const { holdout: _hidden, ...claim } = aClaim();
    expect(hypothesisByRule({ divergence, outcome: "FAILURE", claim, trace, agent: null })).toBeNull();
    const { runVerdict: _cause, ...without } = answer("criterion");
    expect(modelRunVerdictHypothesis.safeParse(without).success).toBe(false);
    expect(modelRunVerdictHypothesis.safeParse(answer("integration")).success).toBe(true);
    expect(modelRunVerdictHypothesis.safeParse({ ...answer("integration"), runVerdict: "luck" }).success).toBe(false);
  });

  test("for a criterion that is too strict drops what the platform added itself and nothing that a claim asks for", () => {
    const { hypothesis, change } = changeFor("criterion");
    expect(hypothesis).toMatchObject({ runVerdict: "criterion", amendmentScope: "modify-atom" });
    expect(change).toEqual({ mode: "rejudge", claimId: "C-1", revealedLines: [], note: "", checks: ["file-exists:src/index.ts"] });
    expect(changeFor("criterion", [EXAMPLES]).change).toBeNull();
  });

  test("for a gap between the parts asks for one new bead with all that failed and the instruction", () => {
    const { hypothesis, change } = changeFor("integration");
    expect(hypothesis.amendmentScope).toBe("add-atom");
    expect(change).toMatchObject({ mode: "integrate", note: "Export double.", checks: ["file-exists:src/index.ts", "examples:C-1"] });
  });

  test("for a wrong specification changes nothing: its scope is none, and a person's words are a note like any other", () => {
    const { hypothesis, change } = changeFor("specification");
    expect(hypothesis.amendmentScope).toBe("none");
    expect(change).toBeNull();
    const { divergence, trace } = aGap();
    const said = hypothesisOfPerson({ by: "ann", note: "it is about triples" }, divergence);
    expect(formChange({ hypothesis: said, author: { kind: "person", id: "ann" } }, divergence, aClaim(), trace)).toMatchObject({
      mode: "note",
      note: "it is about triples",
    });
  });

  test("leaves in the successor what is no longer looked at, after what was dropped before", () => {
    const { change } = changeFor("criterion");
    const node = (type: string, data: { readonly [key: string]: unknown }) => ({ id: type, type, data, parents: [], namespace: "pricing", createdAt: 0 });
    const target = node("Specification", { version: 2, droppedChecks: ["file-exists:src/old.ts"] });
    const successor = successorSpecification({ target, claims: [node("Claim", { ...aClaim() })], amendment: node("Amendment", { change }) });
    expect(successor.data).toMatchObject({ version: 3, droppedChecks: ["file-exists:src/old.ts", "file-exists:src/index.ts"], notes: [] });
    expect(successor.claims).toMatchObject([{ claimId: "C-1", data: aClaim() }]);
  });
});
