/** Seeded defects of specifications, and when a gate counts as having found one. */
import { sha256Hex } from "@factory/schemas";
import type { VerificationReport } from "@factory/schemas";
import { sample } from "./sampling.ts";

/** A sound specification with one thing wrong. */
export type Defect<S> = {
  /** Which of several places of the operator: unique within operator and specification. */
  readonly site: string;
  /**
   * What the damaged artifact may be called in a report: its id, its path, or `line N` of the order. Where an artifact was
   * taken away, what it stood for.
   */
  readonly names: readonly string[];
  readonly damaged: S;
};

/** A kind of defect: every way it can be seeded into a specification. It never yields one that means what the original means. */
export type Operator<S> = {
  readonly name: string;
  /** What is wrong afterwards, as a clause. */
  readonly says: string;
  defects(sound: S): readonly Defect<S>[];
};

/** What the gates said of a specification; the first gate that refuses ends it. */
export type Judgement = {
  readonly gate: "parser" | "intake" | "coherence";
  readonly outcome: VerificationReport["outcome"];
  readonly findings: readonly string[];
};
/** The gates under measurement. */
export type Judge<S> = (specification: S) => Judgement;

/** What became of one defect. `misnamed`: refused, and the report does not name what was damaged. */
export type DefectResult = {
  readonly operator: string;
  readonly orderId: string;
  readonly site: string;
  readonly names: readonly string[];
  readonly verdict: "killed" | "misnamed" | "missed";
  /** The gate that refused it; absent where none did. */
  readonly gate?: Judgement["gate"];
  /** What the gate said, for the list of survivors. */
  readonly findings: readonly string[];
};

/** How defects are chosen where there are many. */
export type Choice = { readonly seed: string; /** Most defects of one operator in one specification. */ readonly perOperator: number };

/**
 * Seeds every operator into a specification and asks the gates.
 *
 * @throws Error when the gates refuse the sound specification: what they say of a damaged one would prove nothing.
 */
export function measureDefects<S>(orderId: string, sound: S, operators: readonly Operator<S>[], judge: Judge<S>, choice: Choice): DefectResult[] {
  const before = judge(sound);
  if (before.outcome !== "PASS") throw new Error(`${orderId} is refused as it is by the ${before.gate} gate: ${before.findings.join(" ")}`);
  return operators.flatMap((operator) => {
    const seeded = sample(operator.defects(sound), ({ site }) => `${orderId}\0${operator.name}\0${site}`, choice.seed, choice.perOperator);
    return seeded.map((defect) => resultOf(operator.name, orderId, defect, judge(defect.damaged)));
  });
}

function resultOf<S>(operator: string, orderId: string, { site, names }: Defect<S>, { gate, outcome, findings }: Judgement): DefectResult {
  const base = { operator, orderId, site, names, findings };
  if (outcome === "PASS") return { ...base, verdict: "missed" };
  const named = findings.some((finding) => names.some((name) => mentions(finding, name)));
  return { ...base, gate, verdict: named ? "killed" : "misnamed" };
}

/**
 * Whether a finding names an artifact: the whole id or path, not a part of a longer one (`C-1` is not in `C-12`). A line of
 * the order is named alone or in a list (`Lines 4, 5 and 9`).
 */
export function mentions(finding: string, name: string): boolean {
  const line = /^line (\d+)$/.exec(name);
  if (line !== null) {
    const lists = finding.matchAll(/\blines? ((?:\d+(?:, | and |, and )?)+)/gi);
    return [...lists].some(([, list]) => list?.match(/\d+/g)?.includes(line[1] ?? ""));
  }
  const literal = name.replace(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![\w/-])${literal}(?![\w/-]|\.\w)`).test(finding);
}

/** An id as the compiler makes them, of nothing that exists. */
export function strangerId(prefix: string, of: string): string {
  return `${prefix}-${sha256Hex(of).toUpperCase().slice(0, 26)}`;
}
