import type { AdoptionSubject } from "@factory/loop-closure";
import type { Claim } from "@factory/schemas";
import type { DivergenceReport, StoredNode } from "@factory/schemas/rpc";
import { sha256Hex } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import type { AmendmentChange } from "./changes.ts";
import { aClaim, anExample, Assembly } from "./testing/assembly.ts";
import { ProcessSandbox } from "./testing/process-sandbox.ts";
import { verifyAmendment } from "./verifier.ts";

/** Right for what is visible in {@link aClaim}, wrong for what is hidden. */
const OVERFIT = "export const double = (n: number): number => (n < 15 ? 2 * n : 0);\n";

const REVEAL: AmendmentChange = { mode: "reveal", claimId: "C-1", revealedLines: [15], note: "The example on line 15 of the order is visible now." };

function aNode(type: string, data: { readonly [key: string]: unknown }): StoredNode {
  return { id: type, type, data, parents: [], namespace: "pricing", createdAt: 0 };
}

type Case = {
  readonly change?: AmendmentChange | null;
  readonly claims?: readonly Claim[];
  readonly knowingState?: AdoptionSubject["knowingState"];
  readonly reviewer?: AdoptionSubject["reviewer"];
  readonly recorded?: readonly number[];
  readonly divergence?: Partial<DivergenceReport>;
  readonly outcome?: string;
  readonly checks?: readonly { readonly [key: string]: unknown }[];
};

/** Outcomes of the checks by their name. */
async function verdictOn(of: Case = {}): Promise<{ readonly [check: string]: string }> {
  const assembly = new Assembly();
  const { claims = [aClaim()], change = REVEAL, knowingState = null, recorded = [15, 16] } = of;
  const target = assembly.specify("WO-1", claims);
  const stored = assembly.graph.get(target.id);
  if (stored === null) throw new Error("The target is not there.");
  const divergence: DivergenceReport = {
    divergenceId: "DIV-1",
    divergenceType: "run-verdict-failure",
    severity: "high",
    role: "coder",
    traceId: "ET-1",
    specificationId: target.id,
    claimId: "C-1",
    claimRefs: ["C-1"],
    beadId: "BEAD-1",
    atomId: "ATOM-1",
    affectedBeadIds: ["BEAD-1"],
    status: "COMPLETE",
    observed: "2 hidden failed",
    expected: "every hidden example holds",
    blockers: [],
    failedHoldoutLines: [...recorded],
    hiddenLeft: 2,
    cycle: 0,
    executedUnder: null,
    failedTree: { "src/double.ts": sha256Hex(OVERFIT) },
    ...of.divergence,
  };
  const checks = await verifyAmendment(
    {
      graph: assembly.port,
      sandbox: new ProcessSandbox(),
      readTree: async () => new Map([["src/double.ts", OVERFIT]]),
      mayTryAgain: () => false,
      judge: async () => ({ verdict: "unknown", reason: "nobody judges" }),
    },
    {
      amendment: aNode("Amendment", { change, knowingState }),
      hypothesis: aNode("Hypothesis", {}),
      divergence: aNode("Divergence", { failedHoldoutLines: [...recorded] }),
      target: stored,
      claims: claims.map((claim) => aNode("Claim", { ...claim })),
      change,
      knowingState,
      reviewer: of.reviewer ?? { id: "policy:verifier", authority: "verifier" },
    },
    {
      divergence,
      trace: aNode("ExecutionTrace", {
        outcome: of.outcome ?? "SUCCESS",
        checks: of.checks ?? [{ kind: "examples", ok: false, holdout: true, claimId: "C-1" }],
        firings: [],
      }),
    },
  );
  return Object.fromEntries(checks.map(({ check, outcome }) => [check, outcome]));
}

describe("an amendment that reveals a failed hidden example", () => {
  test("passes every check", async () => {
    expect(await verdictOn()).toEqual({
      "claim-exists": "passed",
      "nothing-hidden-told": "passed",
      "revealed-example-failed": "passed",
      "holdout-remains": "passed",
      coherence: "passed",
      replay: "passed",
      conflicts: "passed",
    });
  });

  test("that by the record of the divergence did not fail is refused", async () => {
    expect(await verdictOn({ recorded: [16] })).toMatchObject({ "revealed-example-failed": "failed" });
    expect(await verdictOn({ change: { ...REVEAL, revealedLines: [11] } })).toMatchObject({ "revealed-example-failed": "failed" });
  });

  test("and would leave none hidden is refused", async () => {
    expect(await verdictOn({ claims: [aClaim({ holdout: [anExample(15)] })] })).toMatchObject({ "holdout-remains": "failed" });
  });

  test("of a claim that the specification does not have is refused at once", async () => {
    expect(await verdictOn({ divergence: { claimId: "C-9" } })).toEqual({ "claim-exists": "failed" });
  });

  test("on claims that cannot be compiled again is refused", async () => {
    expect(await verdictOn({ claims: [aClaim(), aClaim()] })).toMatchObject({ coherence: "failed" });
  });
});

describe("words that quote a hidden example", () => {
  const quoting: AmendmentChange = { mode: "note", claimId: "C-1", revealedLines: [], note: "Mind that double(16) => 32." };

  test("are refused in a note and in guidance, and are a person's to say", async () => {
    expect(await verdictOn({ change: quoting })).toMatchObject({ "nothing-hidden-told": "failed" });
    const guidance = { target: "policy", scope: "role:coder", guidance: "double(16) => 32" } as const;
    expect(await verdictOn({ knowingState: guidance })).toMatchObject({ "nothing-hidden-told": "failed" });
    expect(await verdictOn({ change: quoting, reviewer: { id: "key:ann", authority: "person" } })).toMatchObject({ "nothing-hidden-told": "passed" });
  });
});

describe("a change of the knowing-state alone", () => {
  const lower = { target: "trust", subjectId: "agent:coder", score: 0.75 } as const;

  test("of trust rests on a breach that the trace records", async () => {
    expect(await verdictOn({ change: null, knowingState: lower, outcome: "GOVERNANCE" })).toEqual({
      "claim-exists": "passed",
      "nothing-hidden-told": "passed",
      evidence: "passed",
    });
    expect(await verdictOn({ change: null, knowingState: lower, outcome: "FAILURE" })).toMatchObject({ evidence: "failed" });
  });
});

describe("a run verdict that is taken again without a check", () => {
  const index = { kind: "file-exists", ok: false, holdout: false, command: "file-exists:src/index.ts" };
  const examples = { kind: "examples", ok: true, holdout: false, claimId: "C-1", command: "examples:C-1" };
  const gap: Partial<DivergenceReport> = { role: "verifier:outcome", failedHoldoutLines: [] };
  const without = (checks: readonly string[]): AmendmentChange => ({ mode: "rejudge", claimId: "C-1", revealedLines: [], note: "", checks });
  const dropped = without(["file-exists:src/index.ts"]);

  test("is adopted when no claim asks for the check and everything else holds", async () => {
    expect(await verdictOn({ change: dropped, divergence: gap, checks: [index, examples] })).toEqual({
      "claim-exists": "passed",
      "nothing-hidden-told": "passed",
      "nothing-stated-dropped": "passed",
      "rest-holds": "passed",
    });
  });

  test.each([
    ["that a claim asks for", ["examples:C-1"], [index, { ...examples, ok: false }], "nothing-stated-dropped"],
    ["that did not fail", ["file-exists:src/other.ts"], [index, examples], "nothing-stated-dropped"],
    ["that the starting tree asks for", ["typecheck"], [{ ...index, kind: "typecheck", command: "typecheck" }], "nothing-stated-dropped"],
    ["while another one fails", ["file-exists:src/index.ts"], [index, { ...examples, ok: false }], "rest-holds"],
    ["of nothing", [], [index, examples], "nothing-stated-dropped"],
  ])("%s is refused", async (_, checks, traced, fault) => {
    expect(await verdictOn({ change: without(checks), divergence: gap, checks: traced })).toMatchObject({ [fault]: "failed" });
  });
});
