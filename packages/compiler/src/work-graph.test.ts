import { ROLES, successCheckSchema } from "@factory/schemas";
import type { SuccessCheck } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { claimsOfOrder } from "./claims.ts";
import { anOrder } from "./testing/orders.ts";
import type { OrderParts } from "./testing/orders.ts";
import { findCycle } from "./find-cycle.ts";
import { allOf } from "./success-checks.ts";
import type { BaseTree } from "./targets.ts";
import { aBase } from "./testing/bases.ts";
import { planGraph } from "./work-graph.ts";

function planOf(parts: OrderParts, typesRequired = false, base: BaseTree = aBase({})) {
  const order = anOrder(parts);
  return planGraph({ order, claims: claimsOfOrder(order), typesRequired, base });
}

function plan(parts: OrderParts, typesRequired = false, base: BaseTree = aBase({})) {
  return planOf(parts, typesRequired, base).atoms;
}

const signature = (name: string): string => `function ${name}(n: number): number`;

describe("planning atoms", () => {
  test("each function is one coder's, their molecule is judged, the integrator follows, the outcome ends it", () => {
    const atoms = plan({
      criteria: ["`lineTotal` multiplies.", "`cartTotal` sums `lineTotal`."],
      functions: [signature("lineTotal"), signature("cartTotal")],
      examples: ["lineTotal(1) => 1", "cartTotal(1) => 1"],
      constraints: ["Pure functions."],
    });
    expect(atoms.map(({ key, role, writes, dependsOn, claimRefs, owns }) => ({ key, role, writes, dependsOn, claimRefs, owns }))).toEqual([
      { key: "function:lineTotal", role: "coder", writes: ["src/line-total.ts"], dependsOn: [], claimRefs: ["C-1", "C-3"], owns: ["C-1"] },
      { key: "function:cartTotal", role: "coder", writes: ["src/cart-total.ts"], dependsOn: ["function:lineTotal"], claimRefs: ["C-2", "C-3"], owns: ["C-2"] },
      {
        key: "outcome:parts",
        role: "verifier:outcome",
        writes: [],
        dependsOn: ["function:lineTotal", "function:cartTotal"],
        claimRefs: ["C-1", "C-2", "C-3"],
        owns: [],
      },
      { key: "integrate", role: "integrator", writes: ["src/index.ts"], dependsOn: ["outcome:parts"], claimRefs: ["C-1", "C-2", "C-3"], owns: ["C-3"] },
      { key: "outcome", role: "verifier:outcome", writes: [], dependsOn: ["integrate"], claimRefs: ["C-1", "C-2", "C-3"], owns: [] },
    ]);
    expect(atoms[1]?.check).toEqual({
      kind: "all",
      checks: [
        { kind: "file-exists", path: "src/cart-total.ts" },
        { kind: "examples", claim: "C-2" },
      ],
    });
    expect(atoms[2]?.check).toEqual({
      kind: "all",
      checks: [
        { kind: "file-exists", path: "src/line-total.ts" },
        { kind: "file-exists", path: "src/cart-total.ts" },
        { kind: "examples", claim: "C-1" },
        { kind: "examples", claim: "C-2" },
      ],
    });
    expect(atoms[3]?.check).toEqual({
      kind: "all",
      checks: [
        { kind: "file-exists", path: "src/index.ts" },
        { kind: "examples", claim: "C-1" },
        { kind: "examples", claim: "C-2" },
      ],
    });
  });

  test("types are part of every check when they are required", () => {
    for (const { check } of plan({}, true)) expect(JSON.stringify(check)).toContain('"typecheck"');
    for (const { check } of plan({}, false)) expect(JSON.stringify(check)).not.toContain('"typecheck"');
  });

  test("criteria with tests and no function share a coder by test set, each a molecule, in a row behind the functions", () => {
    const atoms = plan({
      criteria: ["`twice` doubles.", "A passes tests/a.test.ts.", "B passes tests/b.test.ts and tests/c.test.ts.", "A2 passes tests/a.test.ts too."],
    });
    expect(atoms.map(({ key, dependsOn, tests, writes }) => ({ key, dependsOn, tests, writes })).slice(1, 5)).toEqual([
      { key: "outcome:parts", dependsOn: ["function:twice"], tests: [], writes: [] },
      { key: "tests:C-2", dependsOn: ["outcome:parts"], tests: ["tests/a.test.ts"], writes: ["src/**"] },
      { key: "outcome:tests:C-2", dependsOn: ["tests:C-2"], tests: ["tests/a.test.ts"], writes: [] },
      { key: "tests:C-3", dependsOn: ["outcome:tests:C-2"], tests: ["tests/b.test.ts", "tests/c.test.ts"], writes: ["src/**"] },
    ]);
    expect(atoms.find(({ key }) => key === "integrate")?.dependsOn).toEqual(["outcome:parts", "outcome:tests:C-2", "outcome:tests:C-3"]);
  });

  test("a function whose criterion names tests has to pass them too", () => {
    expect(JSON.stringify(plan({ criteria: ["`twice` passes tests/t.test.ts."] })[0]?.check)).toContain("tests/t.test.ts");
  });

  test("an order without functions and tests is the integrator's alone", () => {
    expect(plan({ criteria: ["The page is pretty."], functions: [], examples: [] }).map(({ key, writes }) => [key, writes])).toEqual([
      ["integrate", ["src/**"]],
      ["outcome", []],
    ]);
  });

  test("fifty functions keep every check inside its bounds", () => {
    const names = Array.from({ length: 50 }, (_, index) => `fn${index}Of`);
    const { atoms, molecules } = planOf({
      criteria: names.map((name) => `\`${name}\` works.`),
      functions: names.map(signature),
      examples: names.map((name) => `${name}(1) => 1`),
    });
    expect(molecules.map((molecule) => molecule.atoms.length)).toEqual([8, 8, 8, 8, 8, 8, 2, 1]);
    expect(atoms).toHaveLength(50 + 7 + 2);
    for (const { check, role } of atoms) {
      expect(successCheckSchema.safeParse(check).success).toBe(true);
      expect(ROLES).toContain(role);
    }
  });
});

describe("molecules", () => {
  const chain = (count: number): OrderParts => {
    const names = Array.from({ length: count }, (_, index) => `fn${index}Of`);
    return {
      criteria: names.map((name, index) => `\`${name}\` builds on ${index === 0 ? "nothing" : `\`fn${index - 1}Of\``}.`),
      functions: names.map(signature),
      examples: names.map((name) => `${name}(1) => 1`),
    };
  };

  test("never take apart what needs each other: a chain longer than a molecule has room for is one", () => {
    expect(planOf(chain(12)).molecules.map(({ key, atoms }) => [key, atoms.length])).toEqual([
      ["parts", 12],
      ["integration", 1],
    ]);
  });

  test("of any shape partition the atoms, wait for their own atoms alone, and own every claim once", () => {
    const shapes = fc.record({ size: fc.integer({ min: 1, max: 24 }), edges: fc.array(fc.tuple(fc.nat(23), fc.nat(23)), { maxLength: 30 }) });
    fc.assert(
      fc.property(shapes, ({ size, edges }) => {
        const names = Array.from({ length: size }, (_, index) => `fn${index}Of`);
        const order = anOrder({
          criteria: names.map(
            (name, index) =>
              `\`${name}\` needs ${edges.flatMap(([from, to]) => (from === index && to < index ? [`\`fn${to}Of\``] : [])).join(", ") || "nothing"}.`,
          ),
          constraints: ["Pure functions."],
          functions: names.map(signature),
          examples: names.map((name) => `${name}(1) => 1`),
        });
        const claims = claimsOfOrder(order);
        const { atoms, molecules } = planGraph({ order, claims, typesRequired: false, base: aBase({}) });
        expect(molecules.flatMap(({ atoms: members, outcome }) => [...members, outcome]).sort()).toEqual(atoms.map(({ key }) => key).sort());
        expect(atoms.flatMap(({ owns }) => owns).sort()).toEqual(claims.map(({ claimId }) => claimId).sort());
        expect(findCycle(atoms)).toBeUndefined();
        const moleculeOf = new Map(atoms.map(({ key, molecule }) => [key, molecule]));
        for (const { key, role, molecule, dependsOn } of atoms) {
          for (const parent of dependsOn) if (moleculeOf.get(parent) !== molecule) expect([key, parent.startsWith("outcome:")]).toEqual([key, true]);
          if (role === "verifier:outcome") expect(dependsOn).toEqual(molecules.find((one) => one.key === molecule)?.atoms);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("a check of several", () => {
  const leaves = (check: SuccessCheck): number => (check.kind === "all" ? check.checks.reduce((sum, one) => sum + leaves(one), 0) : 1);

  test("keeps all of them and stays inside its bounds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), (count) => {
        const check = allOf(Array.from({ length: count }, (_, index) => ({ kind: "file-exists" as const, path: `src/${index}.ts` })));
        expect(leaves(check)).toBe(count);
        expect(successCheckSchema.safeParse(check).success).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test("is never empty", () => {
    expect(() => allOf([])).toThrow(TypeError);
  });
});

describe("finding a cycle", () => {
  const graph = fc
    .integer({ min: 1, max: 12 })
    .chain((size) =>
      fc
        .array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 24 })
        .map((edges) =>
          Array.from({ length: size }, (_, key) => ({ key: `${key}`, dependsOn: edges.filter(([from]) => from === key).map(([, to]) => `${to}`) })),
        ),
    );

  test("finds one exactly when no order of the nodes respects every dependency", () => {
    fc.assert(
      fc.property(graph, (nodes) => {
        const cycle = findCycle(nodes);
        expect(cycle === undefined).toBe(canBeSorted(nodes));
        if (cycle === undefined) return;
        expect(cycle[0]).toBe(cycle.at(-1));
        for (const [index, key] of cycle.slice(0, -1).entries()) expect(nodes.find((node) => node.key === key)?.dependsOn).toContain(cycle[index + 1]);
      }),
    );
  });

  test("takes a chain longer than the stack", () => {
    const chain = Array.from({ length: 50_000 }, (_, index) => ({ key: `${index}`, dependsOn: [`${index + 1}`] }));
    expect(findCycle(chain)).toBeUndefined();
    expect(findCycle([...chain, { key: "50000", dependsOn: ["0"] }])).toHaveLength(50_002);
  });

  /** Kahn's algorithm, as an independent judge. */
  function canBeSorted(nodes: readonly { readonly key: string; readonly dependsOn: readonly string[] }[]): boolean {
    const left = new Set(nodes.map(({ key }) => key));
    for (let moved = true; moved;) {
      moved = false;
      for (const { key, dependsOn } of nodes) {
        if (!left.has(key) || dependsOn.some((parent) => left.has(parent))) continue;
        left.delete(key);
        moved = true;
      }
    }
    return left.size === 0;
  }
});
