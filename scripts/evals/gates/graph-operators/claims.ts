/** What may be wrong with the claims of a work graph. */
import type { CoherenceAtom, CoherenceInput } from "@factory/compiler";
import type { Claim } from "@factory/schemas";
import { strangerId } from "../defects.ts";
import { isOutcome, NUMBER, perClaim, withAtom, withClaim, without } from "./damage.ts";
import type { GraphOperator } from "./damage.ts";

/** Operators on claims: lost, invented, reworded, owned by none or by two. */
export const CLAIM_OPERATORS: readonly GraphOperator[] = [
  perClaim(
    "orphan-claim",
    "no atom refers to the claim",
    () => true,
    (input, { claimId }) => ({
      ...input,
      atoms: input.atoms.map((atom) => ({ ...atom, claimRefs: without(atom.claimRefs, claimId), owns: without(atom.owns, claimId) })),
    }),
  ),
  perClaim(
    "disown-claim",
    "atoms touch the claim and none answers for it",
    () => true,
    (input, { claimId }) => ({ ...input, atoms: input.atoms.map((atom) => ({ ...atom, owns: without(atom.owns, claimId) })) }),
  ),
  {
    name: "own-claim-twice",
    says: "two atoms answer for one claim",
    defects: (input) =>
      input.claims.flatMap(({ claimId }) => {
        const second = input.atoms.find((atom) => !isOutcome(atom) && !atom.owns.includes(claimId));
        if (second === undefined) return [];
        const own = (atom: CoherenceAtom): CoherenceAtom => ({
          ...atom,
          owns: [...atom.owns, claimId],
          claimRefs: [...new Set([...atom.claimRefs, claimId])],
        });
        return [{ site: claimId, names: [claimId], damaged: withAtom(input, second.atomId, own) }];
      }),
  },
  perClaim(
    "drop-criterion",
    "a statement of the order has no claim",
    () => true,
    (input, { claimId }) => forgetClaim(input, claimId),
    ({ claimId, line }) => [claimId, `line ${line}`],
  ),
  {
    name: "invent-requirement",
    says: "a claim is in no line of the order",
    defects: (input) => {
      const claimId = nextClaimId(input);
      const invented: Claim = {
        claimId,
        kind: "criterion",
        text: "A person confirms that every result is also written to the audit trail.",
        line: 1,
        visible: [],
        holdout: [],
        testFiles: [],
      };
      return [{ site: claimId, names: [claimId], damaged: addClaim(input, invented) }];
    },
  },
  {
    name: "repeat-claim",
    says: "a statement of the order has two claims",
    defects: (input) =>
      input.claims.map((claim) => {
        const claimId = nextClaimId(input);
        const damaged = addClaim(input, { ...claim, claimId, visible: [], holdout: [] });
        return { site: claim.claimId, names: [claim.claimId, claimId], damaged };
      }),
  },
  perClaim(
    "weaken-threshold",
    "a number of the claim is not the order's",
    ({ text }) => NUMBER.test(text),
    (input, { claimId }) => withClaim(input, claimId, (claim) => ({ ...claim, text: claim.text.replace(NUMBER, (number) => String(Number(number) * 10 + 1)) })),
  ),
  perClaim(
    "reword-claim",
    "the claim says less than the order",
    ({ text }) => text.trim().split(/\s+/).length > 3,
    (input, { claimId }) => withClaim(input, claimId, (claim) => ({ ...claim, text: `${claim.text.trim().split(/\s+/).slice(0, -2).join(" ")}.` })),
  ),
  perClaim(
    "deny-constraint",
    "a claim denies a constraint of the order",
    ({ kind }) => kind === "constraint",
    (input, claim) => addClaim(input, { ...claim, claimId: nextClaimId(input), text: `It does not matter whether this holds: ${claim.text}` }),
    ({ claimId }, input) => [claimId, nextClaimId(input)],
  ),
  perClaim(
    "demote-constraint",
    "a constraint has become a metric",
    ({ kind }) => kind === "constraint",
    (input, { claimId }) => withClaim(input, claimId, (claim) => ({ ...claim, kind: "metric" })),
  ),
  {
    name: "miscast-claim",
    says: "a criterion is about another function than in the order",
    defects: (input) =>
      input.claims.flatMap((claim) => {
        const other = input.order.functions.find(({ name }) => claim.functionName !== undefined && name !== claim.functionName);
        if (other === undefined || claim.kind !== "criterion") return [];
        return [{ site: claim.claimId, names: [claim.claimId], damaged: withClaim(input, claim.claimId, (one) => ({ ...one, functionName: other.name })) }];
      }),
  },
  {
    name: "swap-claim-texts",
    says: "two claims have each other's text",
    defects: (input) =>
      input.claims.slice(1).flatMap((claim, at) => {
        const before = input.claims[at];
        if (before === undefined || before.text === claim.text) return [];
        const damaged = withClaim(
          withClaim(input, claim.claimId, (one) => ({ ...one, text: before.text })),
          before.claimId,
          (one) => ({ ...one, text: claim.text }),
        );
        return [{ site: `${before.claimId} ${claim.claimId}`, names: [before.claimId, claim.claimId], damaged }];
      }),
  },
  perClaim(
    "wrong-citation",
    "a claim cites another line than the one it is from",
    () => true,
    (input, { claimId }) => withClaim(input, claimId, (claim) => ({ ...claim, line: claim.line + 1 })),
  ),
  perClaim(
    "remove-test-file",
    "a criterion has lost a test that the order names",
    ({ testFiles }) => testFiles.length > 0,
    (input, { claimId }) => withClaim(input, claimId, (claim) => ({ ...claim, testFiles: claim.testFiles.slice(1) })),
  ),
];

/** Takes a claim out of everything that refers to it. */
function forgetClaim(input: CoherenceInput, claimId: string): CoherenceInput {
  return {
    ...input,
    claims: input.claims.filter((claim) => claim.claimId !== claimId),
    atoms: input.atoms.map((atom) => ({ ...atom, claimRefs: without(atom.claimRefs, claimId), owns: without(atom.owns, claimId) })),
    validations: input.validations.filter(({ claimRefs }) => !claimRefs.includes(claimId)),
    invariants: input.invariants.filter((invariant) => invariant.claimId !== claimId),
  };
}

/** Adds a claim with everything a claim needs: an atom that owns it and a person who decides it. */
function addClaim(input: CoherenceInput, claim: Claim): CoherenceInput {
  const owner = input.atoms.find((atom) => !isOutcome(atom))?.atomId;
  return {
    ...input,
    claims: [...input.claims, claim],
    atoms: input.atoms.map((atom) => ({
      ...atom,
      claimRefs: [...atom.claimRefs, claim.claimId],
      owns: atom.atomId === owner ? [...atom.owns, claim.claimId] : atom.owns,
    })),
    validations: [
      ...input.validations,
      {
        validationId: strangerId("VAL", claim.text),
        kind: "scenario",
        statement: `A person decides whether this holds: ${claim.text}`,
        priority: "required",
        claimRefs: [claim.claimId],
        invariantIds: [],
        decidedBy: "person",
      },
    ],
  };
}

const nextClaimId = ({ claims }: CoherenceInput): string => `C-${claims.length + 1}`;
