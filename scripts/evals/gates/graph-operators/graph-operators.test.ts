import { beforeAll, describe, expect, test } from "vitest";
import type { CoherenceInput } from "@factory/compiler";
import { readCorpus } from "../corpus.ts";
import { graphOf, judgeGraph } from "../gates-under-test.ts";
import { graphOperators } from "./index.ts";

let sound: CoherenceInput;
beforeAll(() => {
  const order = readCorpus("no golden set").find(({ id }) => id === "seed-ticket-desk");
  if (order === undefined) throw new Error("The corpus has no ticket desk.");
  sound = graphOf(order);
});

const ID_FIELDS = {
  claims: "claimId",
  atoms: "atomId",
  molecules: "moleculeId",
  invariants: "invariantId",
  validations: "validationId",
  contracts: "contractId",
} as const;
type Collection = keyof typeof ID_FIELDS;
type Row = { readonly [field: string]: unknown };

function rowsOf(input: CoherenceInput, collection: Collection): Map<unknown, Row> {
  return new Map(input[collection].map((row: Row) => [row[ID_FIELDS[collection]], row]));
}

/** What differs: `+atoms` and `-atoms` for rows that are new or gone, `atoms.owns` for a field; `*` where it is so of several rows. */
function differences(before: CoherenceInput, after: CoherenceInput): string[] {
  const found: string[] = [];
  for (const collection of Object.keys(ID_FIELDS) as Collection[]) {
    const [old, now] = [rowsOf(before, collection), rowsOf(after, collection)];
    for (const id of old.keys()) if (!now.has(id)) found.push(`-${collection}`);
    for (const [id, row] of now) {
      const was = old.get(id);
      if (was === undefined) found.push(`+${collection}`);
      else for (const field of new Set([...Object.keys(was), ...Object.keys(row)])) if (!same(was[field], row[field])) found.push(`${collection}.${field}`);
    }
  }
  for (const field of ["order", "baseTree", "repository", "gears", "registry", "subjectId"] as const) if (!same(before[field], after[field])) found.push(field);
  return [...new Set(found)].map((name) => (found.filter((one) => one === name).length > 1 ? `${name}*` : name)).sort();
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const ADDED_CLAIM = ["+claims", "+validations", "atoms.claimRefs*", "atoms.owns"];

/** What each operator changes at its first site, and nothing else. */
const CHANGES: { readonly [operator: string]: readonly string[] } = {
  "orphan-claim": ["atoms.claimRefs*", "atoms.owns"],
  "disown-claim": ["atoms.owns"],
  "own-claim-twice": ["atoms.claimRefs", "atoms.owns"],
  "drop-criterion": ["-claims", "-validations", "atoms.claimRefs*", "atoms.owns"],
  "invent-requirement": ADDED_CLAIM,
  "repeat-claim": ADDED_CLAIM,
  "weaken-threshold": ["claims.text"],
  "reword-claim": ["claims.text"],
  "deny-constraint": ADDED_CLAIM,
  "demote-constraint": ["claims.kind"],
  "miscast-claim": ["claims.functionName"],
  "swap-claim-texts": ["claims.text*"],
  "wrong-citation": ["claims.line"],
  "remove-test-file": ["claims.testFiles"],
  "change-expected-value": ["claims.visible"],
  "change-hidden-value": ["claims.holdout"],
  "change-arguments": ["claims.visible"],
  "drop-example": ["claims.visible"],
  "leak-holdout": ["claims.visible"],
  "show-holdouts": ["claims.holdout", "claims.visible"],
  "hide-too-many": ["claims.holdout", "claims.visible"],
  "swap-holdout": ["claims.holdout", "claims.visible"],
  "drop-detector": ["-invariants", "validations.invariantIds"],
  "wrong-detector": ["invariants.detector"],
  "detector-to-person": ["invariants.detector", "invariants.matched"],
  "person-to-detector": ["invariants.detector", "invariants.matched"],
  "weaken-invariant": ["invariants.regressionPolicy", "invariants.violationImpact"],
  "stale-detector": ["invariants.freshForMs"],
  "forge-matched-words": ["invariants.matched"],
  "loosen-invariant": ["invariants.statement"],
  "remove-validation": ["-validations"],
  "optional-validation": ["validations.priority"],
  "unexecuted-validation": ["validations.check", "validations.decidedBy", "validations.kind"],
  "validate-another-claim": ["validations.check"],
  "unwatched-validation": ["validations.invariantIds"],
  "unjudged-validation": ["validations.decidedBy"],
  "weaken-success-check": ["atoms.check"],
  "hollow-success-check": ["atoms.check"],
  "check-another-claim": ["atoms.check"],
  "widen-tool-policy": ["atoms.permitted"],
  "invent-tool": ["atoms.permitted"],
  "narrow-tool-policy": ["atoms.permitted"],
  "overlap-write-scopes": ["atoms.writes"],
  "widen-write-scope": ["atoms.writes"],
  "redirect-write": ["atoms.writes"],
  "starve-reads": ["atoms.reads"],
  "forget-read": ["atoms.reads"],
  "pretend-known-imports": ["repository"],
  "widen-read-scope": ["atoms.reads"],
  "swap-gear": ["atoms.gear"],
  "swap-mode": ["atoms.mode"],
  "move-ownership": ["atoms.claimRefs", "atoms.owns*"],
  "drop-atom": ["-atoms", "atoms.dependsOn", "molecules.atomIds"],
  "dangle-dependency": ["atoms.dependsOn"],
  "drop-dependency": ["atoms.dependsOn"],
  "invert-dependency": ["atoms.dependsOn*"],
  "make-cycle": ["atoms.dependsOn"],
  "second-terminal": ["atoms.dependsOn"],
  "drop-outcome-atom": ["-atoms", "atoms.dependsOn*"],
  "duplicate-atom": ["+atoms", "atoms.dependsOn", "molecules.atomIds"],
  "wrong-outcome": ["molecules.outcomeAtomId"],
  "strand-atom": ["molecules.atomIds"],
  "move-contract": ["contracts.file"],
  "change-signature": ["contracts.returnType", "contracts.statement"],
  "change-parameter": ["contracts.params"],
  "drop-contract": ["-contracts"],
};

test("every operator is described here, and no two have the same name", () => {
  expect(graphOperators().map(({ name }) => name)).toEqual(Object.keys(CHANGES));
});

describe.each(Object.entries(CHANGES))("%s", (name, changes) => {
  const defects = () =>
    graphOperators()
      .find((operator) => operator.name === name)
      ?.defects(sound) ?? [];

  test("changes what it says and nothing else", () => {
    const [first] = defects();
    if (first === undefined) throw new Error(`${name} finds no site in the ticket desk.`);
    expect(differences(sound, first.damaged)).toEqual([...changes].sort());
  });

  test("damages something at every site, differently, and says what", () => {
    const all = defects();
    expect(new Set(all.map(({ site }) => site)).size).toBe(all.length);
    expect(new Set(all.map(({ damaged }) => JSON.stringify(damaged))).size).toBe(all.length);
    for (const { names, damaged } of all) {
      expect(names.length).toBeGreaterThan(0);
      expect(same(damaged, sound)).toBe(false);
    }
  });

  test("leaves the sound work graph as it is", () => {
    const before = JSON.stringify(sound);
    defects();
    expect(JSON.stringify(sound)).toBe(before);
  });
});

test("gate 1 passes the sound work graph", () => {
  expect(judgeGraph(sound)).toMatchObject({ outcome: "PASS", findings: [] });
});
