/** Defects of compiled work graphs: what a compiler, an amendment or a hand may get wrong between the order and gate 1. */
import type { CoherenceAtom, CoherenceInput, CoherenceValidation } from "@factory/compiler";
import type { Claim, Example, SuccessCheck } from "@factory/schemas";
import { strangerId } from "./defects.ts";
import type { Defect, Operator } from "./defects.ts";

type GraphOperator = Operator<CoherenceInput>;
type GraphDefect = Defect<CoherenceInput>;

/** Every operator on compiled work graphs. */
export function graphOperators(): readonly GraphOperator[] {
  return [
    ...CLAIM_OPERATORS,
    ...EXAMPLE_OPERATORS,
    ...INVARIANT_OPERATORS,
    ...VALIDATION_OPERATORS,
    ...ATOM_OPERATORS,
    ...SHAPE_OPERATORS,
    ...CONTRACT_OPERATORS,
  ];
}

const isOutcome = ({ role }: CoherenceAtom): boolean => role === "verifier:outcome";

/** A copy in which the members that `pick` accepts are changed. */
function changed<T>(list: readonly T[], pick: (item: T) => boolean, change: (item: T) => T): T[] {
  return list.map((item) => (pick(item) ? change(item) : item));
}

const withClaim = (input: CoherenceInput, claimId: string, change: (claim: Claim) => Claim): CoherenceInput => ({
  ...input,
  claims: changed(input.claims, (claim) => claim.claimId === claimId, change),
});
const withAtom = (input: CoherenceInput, atomId: string, change: (atom: CoherenceAtom) => CoherenceAtom): CoherenceInput => ({
  ...input,
  atoms: changed(input.atoms, (atom) => atom.atomId === atomId, change),
});
const withValidation = (input: CoherenceInput, id: string, change: (validation: CoherenceValidation) => CoherenceValidation): CoherenceInput => ({
  ...input,
  validations: changed(input.validations, ({ validationId }) => validationId === id, change),
});
const without = (list: readonly string[], ...gone: readonly string[]): string[] => list.filter((item) => !gone.includes(item));

/** One defect a claim. */
function perClaim(
  name: string,
  says: string,
  pick: (claim: Claim, input: CoherenceInput) => boolean,
  damage: (input: CoherenceInput, claim: Claim) => CoherenceInput,
  names: (claim: Claim, input: CoherenceInput) => readonly string[] = ({ claimId }) => [claimId],
): GraphOperator {
  return {
    name,
    says,
    defects: (input) =>
      input.claims
        .filter((claim) => pick(claim, input))
        .map((claim): GraphDefect => ({ site: claim.claimId, names: names(claim, input), damaged: damage(input, claim) })),
  };
}

/** One defect an atom. */
function perAtom(
  name: string,
  says: string,
  pick: (atom: CoherenceAtom, input: CoherenceInput) => boolean,
  damage: (atom: CoherenceAtom, input: CoherenceInput) => CoherenceAtom,
): GraphOperator {
  return {
    name,
    says,
    defects: (input) =>
      input.atoms
        .filter((atom) => pick(atom, input))
        .map((atom): GraphDefect => ({ site: atom.key, names: [atom.atomId], damaged: withAtom(input, atom.atomId, () => damage(atom, input)) })),
  };
}

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
const NUMBER = /\d+(?:\.\d+)?/;

const CLAIM_OPERATORS: readonly GraphOperator[] = [
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

/** An argument that no example of the order passes. */
function otherArgument(example: Example): Example {
  const [, ...rest] = example.args;
  return { ...example, args: [{ kind: "json", value: `not what line ${example.line} passes` }, ...rest] };
}

/** A value that no example of the order states: the original's place in the text goes into it. */
function otherValue(example: Example): Example {
  return { ...example, expected: { kind: "json", value: `not what line ${example.line} says` } };
}

const EXAMPLE_OPERATORS: readonly GraphOperator[] = [
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

type KeyedInvariant = CoherenceInput["invariants"][number];

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

const INVARIANT_OPERATORS: readonly GraphOperator[] = [
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

const VALIDATION_OPERATORS: readonly GraphOperator[] = [
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

/** Ways to ask less: each drops one check of several, or all but one that says little. */
function weakerChecks(check: SuccessCheck): { readonly site: string; readonly check: SuccessCheck }[] {
  if (check.kind !== "all" || check.checks.length < 2) return [];
  const { checks } = check;
  const leaves = leavesOf(check).map((leaf) => JSON.stringify(leaf));
  return checks.flatMap((part, index) => {
    // A part that is asked for elsewhere in the same check is not missed.
    const gone = leavesOf(part).map((leaf) => JSON.stringify(leaf));
    if (gone.every((leaf) => leaves.filter((one) => one === leaf).length > 1)) return [];
    const rest = checks.filter((_, at) => at !== index);
    return [{ site: `${part.kind}-${index}`, check: { kind: "all" as const, checks: rest } }];
  });
}

function leavesOf(check: SuccessCheck): SuccessCheck[] {
  return check.kind === "all" ? check.checks.flatMap(leavesOf) : [check];
}

/** The check with the examples of one claim in place of another's. */
function withExamplesOf(check: SuccessCheck, from: string, to: string): SuccessCheck {
  if (check.kind === "all") return { kind: "all", checks: check.checks.map((part) => withExamplesOf(part, from, to)) };
  return check.kind === "examples" && check.claim === from ? { kind: "examples", claim: to } : check;
}

const ATOM_OPERATORS: readonly GraphOperator[] = [
  {
    name: "weaken-success-check",
    says: "an atom is done with less than it has to show",
    defects: (input) =>
      input.atoms.flatMap((atom) =>
        weakerChecks(atom.check).map(({ site, check }) => ({
          site: `${atom.key} ${site}`,
          names: [atom.atomId],
          damaged: withAtom(input, atom.atomId, (one) => ({ ...one, check })),
        })),
      ),
  },
  perAtom(
    "hollow-success-check",
    "an atom is done when a file exists",
    ({ check, writes }) => check.kind === "all" && writes.length > 0,
    (atom) => ({ ...atom, check: { kind: "file-exists", path: atom.writes[0] ?? "src/index.ts" } }),
  ),
  {
    name: "check-another-claim",
    says: "an atom is done with the examples of a claim that is not its own",
    defects: (input) =>
      input.atoms.flatMap((atom) => {
        const own = leavesOf(atom.check).flatMap((leaf) => (leaf.kind === "examples" ? [leaf.claim] : []));
        const other = input.claims.find(({ claimId, visible }) => visible.length > 0 && !own.includes(claimId));
        const [first] = own;
        if (other === undefined || first === undefined) return [];
        const damaged = withAtom(input, atom.atomId, (one) => ({ ...one, check: withExamplesOf(one.check, first, other.claimId) }));
        return [{ site: atom.key, names: [atom.atomId], damaged }];
      }),
  },
  perAtom(
    "widen-tool-policy",
    "an atom may use a tool that its gear does not permit",
    (atom, { registry }) => registry.some((tool) => !atom.permitted.includes(tool)),
    (atom, { registry }) => ({ ...atom, permitted: [...atom.permitted, ...registry.filter((tool) => !atom.permitted.includes(tool)).slice(0, 1)] }),
  ),
  perAtom(
    "invent-tool",
    "an atom may use a tool that does not exist",
    () => true,
    (atom) => ({ ...atom, permitted: [...atom.permitted, "run_anything"] }),
  ),
  perAtom(
    "narrow-tool-policy",
    "an atom lacks a tool that it works with",
    ({ permitted }) => permitted.length > 0,
    (atom) => ({ ...atom, permitted: atom.permitted.slice(1) }),
  ),
  {
    name: "overlap-write-scopes",
    says: "two atoms may write one file",
    defects: (input) => {
      const writers = input.atoms.filter(({ functionName }) => functionName !== undefined);
      return writers.flatMap((atom) => {
        const other = writers.find(({ atomId }) => atomId !== atom.atomId);
        if (other === undefined) return [];
        const widen = (one: CoherenceAtom): CoherenceAtom => ({ ...one, writes: [...one.writes, ...other.writes] });
        return [{ site: atom.key, names: [atom.atomId], damaged: withAtom(input, atom.atomId, widen) }];
      });
    },
  },
  perAtom(
    "widen-write-scope",
    "an atom of one function may write the whole tree",
    ({ functionName }) => functionName !== undefined,
    (atom) => ({ ...atom, writes: ["**"] }),
  ),
  perAtom(
    "redirect-write",
    "an atom may write another file than that of its function",
    ({ functionName }) => functionName !== undefined,
    (atom) => ({ ...atom, writes: ["src/somewhere-else.ts"] }),
  ),
  perAtom(
    "starve-reads",
    "an atom may not read what it works on",
    ({ reads, functionName }) => functionName !== undefined && reads.length > 0,
    (atom) => ({ ...atom, reads: [] }),
  ),
  {
    name: "forget-read",
    says: "an atom may not read one of the files that its task, its code or its tests need",
    defects: (input) =>
      input.atoms.flatMap(({ atomId, key, reads }) =>
        reads
          .filter((path) => !path.includes("*"))
          .map((path) => ({
            site: `${key} ${path}`,
            names: [atomId],
            damaged: withAtom(input, atomId, (one) => ({ ...one, reads: without(one.reads, path) })),
          })),
      ),
  },
  {
    name: "pretend-known-imports",
    says: "an atom reads as if it were known what an attached file imports, which cannot be parsed",
    defects: (input) =>
      Object.entries(input.repository).flatMap(([path, module]): GraphDefect[] => {
        const readers = input.atoms.filter(({ reads }) => reads.includes(path));
        if (!module.readable || readers.length === 0) return [];
        const broken = { readable: false, reason: "Unexpected token (1:1)", functions: module.functions.map(({ name }) => name), types: module.types } as const;
        return [{ site: path, names: readers.map(({ atomId }) => atomId), damaged: { ...input, repository: { ...input.repository, [path]: broken } } }];
      }),
  },
  perAtom(
    "widen-read-scope",
    "an atom of one function may read the whole tree",
    ({ functionName, reads }) => functionName !== undefined && !reads.includes("**"),
    (atom) => ({ ...atom, reads: ["**"] }),
  ),
  perAtom(
    "swap-gear",
    "an atom has the gear of another role",
    ({ gear, role }, { gears }) => Object.entries(gears).some(([name, other]) => name !== gear && other.role !== role),
    (atom, { gears }) => ({ ...atom, gear: Object.entries(gears).find(([name, { role }]) => name !== atom.gear && role !== atom.role)?.[0] ?? atom.gear }),
  ),
  perAtom(
    "swap-mode",
    "an atom creates what is there, or changes what is not",
    ({ mode }) => mode !== undefined,
    (atom) => ({ ...atom, mode: atom.mode === "create" ? "modify" : "create" }),
  ),
  {
    name: "move-ownership",
    says: "another atom answers for a claim than the one that carries it out",
    defects: (input) =>
      input.claims.flatMap(({ claimId }) => {
        const owner = input.atoms.find(({ owns }) => owns.includes(claimId));
        const other = input.atoms.find((atom) => !isOutcome(atom) && atom.functionName !== undefined && atom !== owner && !atom.claimRefs.includes(claimId));
        if (owner?.functionName === undefined || other === undefined) return [];
        const take = (atom: CoherenceAtom): CoherenceAtom => ({ ...atom, owns: [...atom.owns, claimId], claimRefs: [...atom.claimRefs, claimId] });
        const damaged = withAtom(
          withAtom(input, owner.atomId, (one) => ({ ...one, owns: without(one.owns, claimId) })),
          other.atomId,
          take,
        );
        return [{ site: claimId, names: [claimId], damaged }];
      }),
  },
  {
    name: "drop-atom",
    says: "a function of the order has no atom",
    defects: (input) =>
      input.atoms
        .filter(({ functionName }) => functionName !== undefined)
        .map((atom) => ({ site: atom.key, names: [atom.atomId, atom.functionName ?? atom.atomId, ...atom.owns], damaged: forgetAtom(input, atom.atomId) })),
  },
];

/** Takes an atom out of the graph; who waited for it waits for what it waited for. */
function forgetAtom(input: CoherenceInput, atomId: string): CoherenceInput {
  const gone = input.atoms.find((atom) => atom.atomId === atomId);
  const instead = gone?.dependsOn ?? [];
  return {
    ...input,
    atoms: input.atoms
      .filter((atom) => atom.atomId !== atomId)
      .map((atom) =>
        atom.dependsOn.includes(atomId) ? { ...atom, dependsOn: [...new Set(atom.dependsOn.flatMap((id) => (id === atomId ? instead : [id])))] } : atom,
      ),
    molecules: input.molecules.map((molecule) => ({ ...molecule, atomIds: without(molecule.atomIds, atomId) })),
  };
}

const keyOf = (input: CoherenceInput, atomId: string): string => input.atoms.find((atom) => atom.atomId === atomId)?.key ?? atomId;

/** Ids of everything that an atom waits for, directly or not. */
function ancestorsOf(input: CoherenceInput, atomId: string): Set<string> {
  const parents = new Map(input.atoms.map((atom) => [atom.atomId, atom.dependsOn]));
  const found = new Set<string>();
  const waiting = [...(parents.get(atomId) ?? [])];
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    if (found.has(id)) continue;
    found.add(id);
    waiting.push(...(parents.get(id) ?? []));
  }
  return found;
}

const SHAPE_OPERATORS: readonly GraphOperator[] = [
  {
    name: "dangle-dependency",
    says: "an atom waits for one that is not in the graph",
    defects: (input) =>
      input.atoms
        .filter(({ dependsOn }) => dependsOn.length > 0)
        .map((atom) => ({
          site: atom.key,
          names: [atom.atomId],
          damaged: withAtom(input, atom.atomId, (one) => ({ ...one, dependsOn: [...one.dependsOn.slice(1), strangerId("ATOM", one.atomId)] })),
        })),
  },
  {
    name: "drop-dependency",
    says: "an atom does not wait for what it builds on",
    defects: (input) =>
      input.atoms.flatMap((atom) =>
        atom.dependsOn.flatMap((parent) => {
          const damaged = withAtom(input, atom.atomId, (one) => ({ ...one, dependsOn: without(one.dependsOn, parent) }));
          // What is waited for on another way is waited for.
          return ancestorsOf(damaged, atom.atomId).has(parent) ? [] : [{ site: `${atom.key} ${keyOf(input, parent)}`, names: [atom.atomId], damaged }];
        }),
      ),
  },
  {
    name: "invert-dependency",
    says: "what is built on waits for what builds on it",
    defects: (input) =>
      input.atoms.flatMap((atom) =>
        input.atoms
          .filter((parent) => atom.functionName !== undefined && parent.functionName !== undefined && atom.dependsOn.includes(parent.atomId))
          .map((parent) => ({
            site: `${atom.key} ${parent.key}`,
            names: [atom.atomId, parent.atomId],
            damaged: withAtom(
              withAtom(input, atom.atomId, (one) => ({ ...one, dependsOn: without(one.dependsOn, parent.atomId) })),
              parent.atomId,
              (one) => ({ ...one, dependsOn: [...one.dependsOn, atom.atomId] }),
            ),
          })),
      ),
  },
  {
    name: "make-cycle",
    says: "an atom waits for one that waits for it",
    defects: (input) =>
      input.atoms.flatMap((atom) =>
        [...ancestorsOf(input, atom.atomId)].slice(0, 1).map((ancestor) => ({
          site: `${keyOf(input, ancestor)} ${atom.key}`,
          names: [ancestor],
          damaged: withAtom(input, ancestor, (one) => ({ ...one, dependsOn: [...one.dependsOn, atom.atomId] })),
        })),
      ),
  },
  {
    name: "second-terminal",
    says: "nothing waits for an atom that does not end the graph",
    defects: (input) => {
      const needed = new Set(input.atoms.flatMap(({ dependsOn }) => dependsOn));
      return input.atoms
        .filter(({ atomId }) => needed.has(atomId))
        .map(({ atomId, key }) => ({
          site: key,
          names: [atomId],
          damaged: { ...input, atoms: input.atoms.map((atom) => ({ ...atom, dependsOn: without(atom.dependsOn, atomId) })) },
        }));
    },
  },
  {
    name: "drop-outcome-atom",
    says: "nothing verifies the outcome of a molecule",
    defects: (input) =>
      input.atoms.filter(isOutcome).map(({ atomId, key, moleculeId }) => ({
        site: key,
        names: [atomId, moleculeId],
        damaged: forgetAtom(input, atomId),
      })),
  },
  {
    name: "duplicate-atom",
    says: "two atoms do the same",
    defects: (input) =>
      input.atoms
        .filter((atom) => !isOutcome(atom))
        .map((atom) => {
          const twin = { ...atom, atomId: strangerId("ATOM", atom.atomId), owns: [] };
          return {
            site: atom.key,
            names: [atom.atomId, twin.atomId],
            damaged: {
              ...input,
              atoms: [...input.atoms.map((one) => (one.dependsOn.includes(atom.atomId) ? { ...one, dependsOn: [...one.dependsOn, twin.atomId] } : one)), twin],
              molecules: input.molecules.map((molecule) =>
                molecule.atomIds.includes(atom.atomId) ? { ...molecule, atomIds: [...molecule.atomIds, twin.atomId] } : molecule,
              ),
            },
          };
        }),
  },
  {
    name: "wrong-outcome",
    says: "the outcome of a molecule is verified by an atom that does not verify",
    defects: (input) =>
      input.molecules.flatMap(({ moleculeId, key, atomIds: [first] }) =>
        first === undefined
          ? []
          : [
              {
                site: key,
                names: [moleculeId, first],
                damaged: {
                  ...input,
                  molecules: input.molecules.map((one) => (one.moleculeId === moleculeId ? { ...one, outcomeAtomId: first } : one)),
                },
              },
            ],
      ),
  },
  {
    name: "strand-atom",
    says: "an atom is in no molecule",
    defects: (input) =>
      input.molecules.flatMap(({ moleculeId, atomIds }) =>
        atomIds.map((atomId) => ({
          site: keyOf(input, atomId),
          names: [atomId],
          damaged: {
            ...input,
            molecules: input.molecules.map((one) => (one.moleculeId === moleculeId ? { ...one, atomIds: without(one.atomIds, atomId) } : one)),
          },
        })),
      ),
  },
];

const CONTRACT_OPERATORS: readonly GraphOperator[] = [
  {
    name: "move-contract",
    says: "a contract puts its function into another file",
    defects: (input) =>
      input.contracts.map(({ contractId, functionName }) => ({
        site: functionName,
        names: [contractId],
        damaged: {
          ...input,
          contracts: changed(
            input.contracts,
            (one) => one.contractId === contractId,
            (one) => ({ ...one, file: "src/somewhere-else.ts" }),
          ),
        },
      })),
  },
  {
    name: "change-signature",
    says: "a contract states another signature than the order",
    defects: (input) =>
      input.contracts.map(({ contractId, functionName }) => ({
        site: functionName,
        names: [contractId],
        damaged: {
          ...input,
          contracts: changed(
            input.contracts,
            (one) => one.contractId === contractId,
            (one) => ({ ...one, returnType: "unknown", statement: one.statement.replace(/: [^:]*$/, ": unknown") }),
          ),
        },
      })),
  },
  {
    name: "change-parameter",
    says: "a contract takes another parameter than the order",
    defects: (input) =>
      input.contracts
        .filter(({ params }) => params.length > 0)
        .map(({ contractId, functionName }) => ({
          site: functionName,
          names: [contractId],
          damaged: {
            ...input,
            contracts: changed(
              input.contracts,
              (one) => one.contractId === contractId,
              (one) => ({ ...one, params: one.params.map((param, at) => (at === 0 ? { ...param, optional: !param.optional } : param)) }),
            ),
          },
        })),
  },
  {
    name: "drop-contract",
    says: "a function has no contract",
    defects: (input) =>
      input.contracts.map(({ contractId, functionName }) => ({
        site: functionName,
        names: [contractId, functionName],
        damaged: { ...input, contracts: input.contracts.filter((one) => one.contractId !== contractId) },
      })),
  },
];
