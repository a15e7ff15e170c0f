import { describe, expect, test } from "vitest";
import { formHypothesis } from "./hypothesis.ts";

const INDEX = { kind: "file-exists", ok: false, holdout: false, command: "file-exists:src/index.ts" };
const EXAMPLES = { kind: "examples", ok: false, holdout: false, claimId: "C-1", command: "examples:C-1" };

function asked(checks: readonly { readonly [key: string]: unknown }[], divergence: { readonly [key: string]: unknown } = {}) {
  const formed = formHypothesis({
    divergence: {
      divergenceType: "run-verdict-failure",
      status: "COMPLETE",
      outcome: "FAILURE",
      blockers: [],
      observed: "the whole failed",
      failedHoldouts: 0,
      ...divergence,
    },
    claim: { claimId: "C-1", text: "`double` doubles" },
    trace: { checks },
  });
  if (!formed.ok) throw new Error(formed.message);
  return formed.hypothesis;
}

describe("the offline hypothesis on a run verdict", () => {
  test.each([
    ["criterion", "only files that no claim asks for are missing", [INDEX, { ...EXAMPLES, ok: true }], "modify-atom"],
    ["integration", "what a claim asks for fails on the whole", [INDEX, EXAMPLES], "add-atom"],
    ["integration", "the types of the whole do not fit", [{ kind: "typecheck", ok: false }], "add-atom"],
    ["specification", "a claim is carried by nobody", [{ kind: "claims", ok: false }, EXAMPLES], "none"],
    ["specification", "nothing is known to have failed", [{ ...EXAMPLES, ok: true }], "none"],
  ] as const)("is %s where %s", (cause, _, checks, scope) => {
    expect(asked(checks)).toMatchObject({ runVerdict: cause, amendmentScope: scope });
  });

  test("tells an integration bead what was seen, and is the same every time", () => {
    expect(asked([EXAMPLES]).instruction).toContain("the whole failed");
    expect(asked([EXAMPLES])).toEqual(asked([EXAMPLES]));
  });

  test("names no cause for any other divergence, nor for hidden examples, nor where there was no result", () => {
    expect(asked([EXAMPLES], { divergenceType: "atom-failure" })).not.toHaveProperty("runVerdict");
    expect(asked([EXAMPLES], { failedHoldouts: 2 })).not.toHaveProperty("runVerdict");
    expect(asked([], { outcome: "INFRASTRUCTURE" })).toMatchObject({ faultAttribution: "ENVIRONMENTAL", amendmentScope: "none" });
  });
});
