/** What may be wrong with the invariants of a work graph, which its constraints become. */
import type { CoherenceInput } from "@factory/compiler";
import { changed, NUMBER, without } from "./damage.ts";
import type { GraphDefect, GraphOperator } from "./damage.ts";

type KeyedInvariant = CoherenceInput["invariants"][number];

/** Operators on invariants: dropped, loosened, or watched by what does not see a breach. */
export const INVARIANT_OPERATORS: readonly GraphOperator[] = [
  {
    name: "drop-detector",
    says: "a detector that a constraint calls for is gone",
    defects: (input) =>
      input.invariants.map(({ invariantId, claimId, detector }) => ({
        site: siteOf({ claimId, detector }),
        names: [invariantId, claimId],
        damaged: {
          ...input,
          invariants: input.invariants.filter((one) => one.invariantId !== invariantId),
          validations: input.validations.map((one) => ({ ...one, invariantIds: without(one.invariantIds, invariantId) })),
        },
      })),
  },
  perInvariant(
    "wrong-detector",
    "another detector watches a constraint",
    ({ detector }) => detector !== "person",
    (invariant) => ({ ...invariant, detector: invariant.detector === "types" ? "no-imports" : "types" }),
  ),
  perInvariant(
    "detector-to-person",
    "a person decides what a detector would",
    ({ detector }) => detector !== "person",
    (invariant) => ({ ...invariant, detector: "person", matched: [] }),
  ),
  perInvariant(
    "person-to-detector",
    "a detector decides what only a person can",
    ({ detector }) => detector === "person",
    (invariant) => ({ ...invariant, detector: "no-imports", matched: ["no imports"] }),
  ),
  perInvariant(
    "weaken-invariant",
    "a breach of the invariant weighs less",
    ({ violationImpact }) => violationImpact !== "low",
    (invariant) => ({ ...invariant, violationImpact: "low", regressionPolicy: "watch" }),
  ),
  perInvariant(
    "stale-detector",
    "the detector's last report counts a hundred times as long",
    ({ freshForMs }) => freshForMs !== undefined,
    (invariant) => ({ ...invariant, freshForMs: (invariant.freshForMs ?? 0) * 100 }),
  ),
  perInvariant(
    "forge-matched-words",
    "the words that called for the detector are not the constraint's",
    ({ matched }) => matched.length > 0,
    (invariant) => ({ ...invariant, matched: ["whatever the constraint says"] }),
  ),
  perInvariant(
    "loosen-invariant",
    "the invariant states another bound than the order",
    ({ statement }) => NUMBER.test(statement),
    (invariant) => ({ ...invariant, statement: invariant.statement.replace(NUMBER, (number) => String(Number(number) * 10 + 1)) }),
  ),
];

const siteOf = ({ claimId, detector }: Pick<KeyedInvariant, "claimId" | "detector">): string => `${claimId} ${detector}`;

/** One defect an invariant. */
function perInvariant(
  name: string,
  says: string,
  pick: (invariant: KeyedInvariant) => boolean,
  damage: (invariant: KeyedInvariant) => KeyedInvariant,
): GraphOperator {
  return {
    name,
    says,
    defects: (input) =>
      input.invariants.filter(pick).map((invariant): GraphDefect => {
        const invariants = changed(input.invariants, ({ invariantId }) => invariantId === invariant.invariantId, damage);
        return { site: siteOf(invariant), names: [invariant.invariantId], damaged: { ...input, invariants } };
      }),
  };
}
