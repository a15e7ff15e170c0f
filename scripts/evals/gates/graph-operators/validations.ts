/** What may be wrong with the validations that show a claim. */
import type { CoherenceInput, CoherenceValidation } from "@factory/compiler";
import { changed } from "./damage.ts";
import type { GraphDefect, GraphOperator } from "./damage.ts";

/** Operators on validations: removed, not required, or showing something else. */
export const VALIDATION_OPERATORS: readonly GraphOperator[] = [
  {
    name: "remove-validation",
    says: "nothing shows that a claim holds",
    defects: (input) =>
      input.validations.map(({ validationId, claimRefs }) => ({
        site: claimRefs.join(" "),
        names: [validationId, ...claimRefs],
        damaged: { ...input, validations: input.validations.filter((one) => one.validationId !== validationId) },
      })),
  },
  perValidation(
    "optional-validation",
    "a required validation has become optional",
    ({ priority }) => priority === "required",
    (validation) => ({ ...validation, priority: "optional" }),
  ),
  perValidation(
    "unexecuted-validation",
    "a person decides what an executed check would",
    ({ decidedBy }) => decidedBy === "platform",
    ({ check: _check, ...validation }) => ({ ...validation, kind: "scenario", decidedBy: "person" }),
  ),
  {
    name: "validate-another-claim",
    says: "a claim is shown by the examples of another",
    defects: (input) =>
      input.validations.flatMap(({ validationId, claimRefs, check }) => {
        const other = input.claims.find(({ claimId, visible }) => check?.kind === "examples" && visible.length > 0 && claimId !== check.claim);
        if (other === undefined) return [];
        const damaged = withValidation(input, validationId, (one) => ({ ...one, check: { kind: "examples", claim: other.claimId } }));
        return [{ site: claimRefs.join(" "), names: [validationId], damaged }];
      }),
  },
  perValidation(
    "unwatched-validation",
    "a validation does not cover the invariant of its constraint",
    ({ invariantIds }) => invariantIds.length > 0,
    (validation) => ({ ...validation, invariantIds: validation.invariantIds.slice(1) }),
  ),
  perValidation(
    "unjudged-validation",
    "nobody decides what a person has to",
    ({ decidedBy }) => decidedBy === "person",
    (validation) => ({ ...validation, decidedBy: "nobody" }),
  ),
];

/** One defect a validation. */
function perValidation(
  name: string,
  says: string,
  pick: (validation: CoherenceValidation) => boolean,
  damage: (validation: CoherenceValidation) => CoherenceValidation,
): GraphOperator {
  return {
    name,
    says,
    defects: (input) =>
      input.validations.filter(pick).map((validation): GraphDefect => ({
        site: validation.claimRefs.join(" "),
        names: [validation.validationId],
        damaged: withValidation(input, validation.validationId, damage),
      })),
  };
}

const withValidation = (input: CoherenceInput, id: string, change: (validation: CoherenceValidation) => CoherenceValidation): CoherenceInput => ({
  ...input,
  validations: changed(input.validations, ({ validationId }) => validationId === id, change),
});
