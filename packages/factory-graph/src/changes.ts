/** What an amendment changes of a specification, and what its successor is. */
import type { AdoptionSubject, Elucidation, FormedHypothesis, RejectedOption, Successor } from "@factory/loop-closure";
import type { Claim } from "@factory/schemas";
import type { DivergenceReport, StoredNode } from "@factory/schemas/rpc";
import { z } from "zod";
import { parseClaims } from "./claim-nodes.ts";
import { isRunVerdictGap } from "./hypothesis-rules.ts";
import type { Hypothesis } from "./hypothesis-rules.ts";
import { runVerdictChange } from "./run-verdicts.ts";

/**
 * What an amendment changes. `reveal`: failed hidden examples become visible. `criterion`: only the criterion is told,
 * since the last hidden example is never revealed. `note`: an added instruction. `retry`: the same again. Of a run verdict,
 * `rejudge`: it is taken again without checks that nobody asked for; `integrate`: one new bead closes a gap before that.
 */
export const CHANGE_MODES = ["reveal", "criterion", "note", "retry", "rejudge", "integrate"] as const;
export type ChangeMode = (typeof CHANGE_MODES)[number];

const amendmentChange = z.strictObject({
  mode: z.enum(CHANGE_MODES),
  claimId: z.string(),
  /** Lines of the order whose hidden examples become visible; empty but for `reveal`. */
  revealedLines: z.array(z.number()).readonly(),
  /** Added to the instructions; never a hidden value. */
  note: z.string(),
  /** For `rejudge` what is dropped, for `integrate` what failed; by the names that plans give checks. */
  checks: z.array(z.string()).readonly().optional(),
});
export type AmendmentChange = Readonly<z.infer<typeof amendmentChange>>;

/** What an Amendment node changes of its specification; null when it changes only the knowing-state. @throws ZodError when it is none of the factory's */
export function changeOf({ data }: Pick<StoredNode, "data">): AmendmentChange | null {
  return data["change"] === null ? null : amendmentChange.parse(data["change"]);
}

/**
 * What a hypothesis on a divergence changes; null where only a person may change anything.
 *
 * @param trace - data of the divergence's execution trace
 */
export function formChange(
  { hypothesis, author }: FormedHypothesis<Hypothesis>,
  divergence: DivergenceReport,
  claim: Claim,
  trace: { readonly [key: string]: unknown },
): AmendmentChange | null {
  const { claimId } = claim;
  if (author.kind !== "person" && isRunVerdictGap(divergence)) return runVerdictChange(hypothesis, claimId, trace);
  const noted = (note: string): AmendmentChange => ({ mode: note === "" ? "retry" : "note", claimId, revealedLines: [], note });
  if (author.kind === "person" || divergence.divergenceType === "approval-rejected") return noted(hypothesis.instruction);
  const revealed = revealable(claim, divergence.failedHoldoutLines);
  if (revealed !== null) {
    return {
      mode: "reveal",
      claimId,
      revealedLines: [revealed],
      note: `The example on line ${revealed} of the order is visible now; the earlier result failed it.`,
    };
  }
  if (divergence.failedHoldoutLines.length > 0) {
    return {
      mode: "criterion",
      claimId,
      revealedLines: [],
      note: `The earlier result passed every visible example and still breaks this criterion: ${claim.text}`,
    };
  }
  return { mode: "note", claimId, revealedLines: [], note: hypothesis.instruction };
}

/**
 * The failed hidden example to reveal: the first by line, and only while another hidden example of the claim stays
 * hidden.
 */
export function revealable(claim: Pick<Claim, "holdout">, failedLines: readonly number[]): number | null {
  if (claim.holdout.length < 2) return null;
  const hidden = new Set(claim.holdout.map(({ line }) => line));
  return [...failedLines].sort((a, b) => a - b).find((line) => hidden.has(line)) ?? null;
}

/** The claims of the successor: revealed examples move from hidden to visible, in line order. */
export function amendClaims(claims: readonly Claim[], change: AmendmentChange): Claim[] {
  const revealed = new Set(change.revealedLines);
  return claims.map((claim) => {
    if (claim.claimId !== change.claimId || revealed.size === 0) return claim;
    const moved = claim.holdout.filter(({ line }) => revealed.has(line));
    return {
      ...claim,
      visible: [...claim.visible, ...moved].sort((a, b) => a.line - b.line),
      holdout: claim.holdout.filter(({ line }) => !revealed.has(line)),
    };
  });
}

/** The specification that an adopted amendment makes of its target. @throws ZodError when the amendment is none of the factory's */
export function successorSpecification({ target, claims, amendment }: Pick<AdoptionSubject, "target" | "claims" | "amendment">): Successor {
  const parsed = changeOf(amendment);
  if (parsed === null) throw new TypeError(`${amendment.id} changes no specification.`);
  const version = typeof target.data["version"] === "number" ? target.data["version"] : 1;
  const notes = Array.isArray(target.data["notes"]) ? target.data["notes"] : [];
  const added = parsed.note === "" ? [] : [{ claimId: parsed.claimId, note: parsed.note }];
  const dropped: readonly unknown[] = Array.isArray(target.data["droppedChecks"]) ? target.data["droppedChecks"] : [];
  const drops = parsed.mode === "rejudge" ? { droppedChecks: [...dropped, ...(parsed.checks ?? [])] } : {};
  return {
    data: { ...target.data, version: version + 1, notes: [...notes, ...added], ...drops },
    claims: amendClaims(parseClaims(claims), parsed).map((claim) => ({ claimId: claim.claimId, data: { ...claim } })),
  };
}

/** A hypothesis that is a person's answer. */
const authorship = z.looseObject({ kind: z.literal("person") });

/** Why an amendment was adopted, with what else could have been done and why it was not. */
export function elucidationOf({
  amendment,
  knowingState,
  hypothesis,
  divergence,
  claims,
}: Omit<AdoptionSubject, "change" | "target" | "reviewer">): Elucidation {
  const parsed = changeOf(amendment);
  const learnt =
    knowingState === null
      ? []
      : [knowingState.target === "policy" ? `guidance: ${knowingState.guidance}` : `trust of ${knowingState.subjectId}: ${knowingState.score}`];
  const accept = { option: "accept the result as it is", reason: "A required check failed; unknown or failed is not pass." };
  const explanation = String(hypothesis.data["explanation"]);
  if (parsed === null) {
    const spare = { option: "leave what governs the agent as it is", reason: explanation };
    return { selected: learnt.join("; "), rejected: [accept, spare], assumptions: [], risksAccepted: [] };
  }
  return {
    selected: [`${parsed.mode}: ${[parsed.note, ...(parsed.checks ?? [])].filter((word) => word !== "").join(", ")}`, ...learnt].join("; "),
    rejected: [
      accept,
      ...lostOptions(parsed, {
        byPerson: authorship.safeParse(hypothesis.data["author"]).success,
        explanation,
        failedHoldoutLines: linesOf(divergence.data["failedHoldoutLines"]),
        claims,
      }),
    ],
    assumptions: [],
    risksAccepted: risksOf(parsed),
  };
}

function risksOf({ mode, checks = [] }: AmendmentChange): string[] {
  if (mode === "reveal") return ["One hidden example fewer judges the claim."];
  return mode === "rejudge" ? [`The run is judged without ${checks.join(", ")}, which no claim asks for.`] : [];
}

function lostOptions(
  { mode, claimId }: AmendmentChange,
  of: { readonly byPerson: boolean; readonly explanation: string; readonly failedHoldoutLines: readonly number[]; readonly claims: AdoptionSubject["claims"] },
): RejectedOption[] {
  const options: RejectedOption[] = [
    { option: "ask a person", reason: of.byPerson ? "A person was asked; this is the answer." : "The evidence decides and the depth allows another cycle." },
  ];
  if (mode !== "retry") options.push({ option: "run the bead again unchanged", reason: `The same facts give the same result: ${of.explanation}` });
  if (mode === "reveal" && of.failedHoldoutLines.length > 1) {
    options.push({ option: "reveal every failed hidden example", reason: "One counterexample a cycle keeps the most hidden." });
  }
  if (mode === "rejudge") options.push({ option: "another bead that makes the checks pass", reason: "No claim asks for what they look at." });
  if (mode === "integrate") options.push({ option: "run the failed units again", reason: "Each of them has passed its molecule's verdict." });
  if (mode === "criterion") {
    const hidden = parseClaims(of.claims).find((claim) => claim.claimId === claimId)?.holdout.length ?? 0;
    options.push({ option: "reveal the failed hidden example", reason: `It is the last hidden one of ${hidden}; it is never revealed.` });
  }
  return options;
}

function linesOf(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((line) => typeof line === "number") : [];
}
