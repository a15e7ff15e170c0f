/** What may be wrong with the examples of a claim, visible and hidden. */
import type { Example } from "@factory/schemas";
import { perClaim, withClaim } from "./damage.ts";
import type { GraphOperator } from "./damage.ts";

/** Operators on examples: changed, dropped, or hidden and shown as the order does not have it. */
export const EXAMPLE_OPERATORS: readonly GraphOperator[] = [
  perClaim(
    "change-expected-value",
    "a visible example expects another value than the order",
    ({ visible }) => visible.length > 0,
    (input, { claimId }) => withClaim(input, claimId, (claim) => ({ ...claim, visible: claim.visible.map((one, at) => (at === 0 ? otherValue(one) : one)) })),
  ),
  perClaim(
    "change-hidden-value",
    "a hidden example expects another value than the order",
    ({ holdout }) => holdout.length > 0,
    (input, { claimId }) => withClaim(input, claimId, (claim) => ({ ...claim, holdout: claim.holdout.map((one, at) => (at === 0 ? otherValue(one) : one)) })),
  ),
  perClaim(
    "change-arguments",
    "a visible example passes another argument than the order",
    ({ visible }) => (visible[0]?.args.length ?? 0) > 0,
    (input, { claimId }) =>
      withClaim(input, claimId, (claim) => ({ ...claim, visible: claim.visible.map((one, at) => (at === 0 ? otherArgument(one) : one)) })),
  ),
  perClaim(
    "drop-example",
    "an example of the order is run nowhere",
    ({ visible }) => visible.length > 1,
    (input, { claimId }) => withClaim(input, claimId, (claim) => ({ ...claim, visible: claim.visible.slice(1) })),
  ),
  perClaim(
    "leak-holdout",
    "a hidden example is visible as well",
    ({ holdout }) => holdout.length > 0,
    (input, { claimId }) => withClaim(input, claimId, (claim) => ({ ...claim, visible: [...claim.visible, ...claim.holdout.slice(0, 1)] })),
  ),
  perClaim(
    "show-holdouts",
    "nothing is hidden any more",
    ({ holdout }) => holdout.length > 0,
    (input, { claimId }) => withClaim(input, claimId, (claim) => ({ ...claim, visible: [...claim.visible, ...claim.holdout], holdout: [] })),
  ),
  perClaim(
    "hide-too-many",
    "more examples are hidden than the rule hides",
    ({ visible }) => visible.length > 1,
    (input, { claimId }) =>
      withClaim(input, claimId, (claim) => ({ ...claim, visible: claim.visible.slice(1), holdout: [...claim.holdout, ...claim.visible.slice(0, 1)] })),
  ),
  perClaim(
    "swap-holdout",
    "another example is hidden than the order's digest chose",
    ({ visible, holdout }) => visible.length > 0 && holdout.length > 0,
    (input, { claimId }) =>
      withClaim(input, claimId, (claim) => ({
        ...claim,
        visible: [...claim.visible.slice(1), ...claim.holdout.slice(0, 1)],
        holdout: [...claim.holdout.slice(1), ...claim.visible.slice(0, 1)],
      })),
  ),
];

/** An argument that no example of the order passes. */
function otherArgument(example: Example): Example {
  const [, ...rest] = example.args;
  return { ...example, args: [{ kind: "json", value: `not what line ${example.line} passes` }, ...rest] };
}

/** A value that no example of the order states: the original's place in the text goes into it. */
function otherValue(example: Example): Example {
  return { ...example, expected: { kind: "json", value: `not what line ${example.line} says` } };
}
