import { atomDirective, claim, contentId, digestOf, invariant, prefixOf, verificationReport } from "@factory/schemas";
import type { ArtifactNode, Example, WorkOrder } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amendRun } from "./amend.ts";
import type { AmendableRun } from "./amend.ts";
import { compileWorkGraph } from "./compile.ts";
import type { CompiledRun } from "./compile.ts";
import { DEFAULT_BEAD_BUDGET_USD } from "./directive-context.ts";
import { MAX_SLOTS } from "./draft.ts";
import { anOrder } from "./testing/orders.ts";
import { aCompileRequest } from "./testing/requests.ts";

const order = anOrder({
  criteria: ["`lineTotal` multiplies.", "`cartTotal` sums `lineTotal`.", "The README is friendly."],
  constraints: ["Pure functions.", "Strict types."],
  metrics: ["Fewer complaints."],
  functions: ["function lineTotal(price: number, quantity?: number): number", "function cartTotal(prices: number[]): number"],
  examples: [
    "lineTotal(2, 3) => 6",
    "lineTotal(5) => 5",
    "lineTotal(0, 9) => 0",
    "lineTotal(7, 2) => 14",
    "lineTotal(4, 4) => 16",
    "lineTotal(9, 9) => 81",
    "cartTotal([1]) => 1",
    "cartTotal([]) => throws RangeError",
  ],
});
const compiled = compileWorkGraph(aCompileRequest(order));

function seedOf(run: CompiledRun) {
  if (run.seed === null) throw new Error(run.report.remediation.join("\n"));
  return run.seed;
}

const textOf = (value: unknown): string => JSON.stringify(value);
/** Numbers that no other part of an order holds, to look for in what operatives see. */
const telling = (examples: readonly Example[]): string[] => examples.map(({ text }) => text);

describe("a compiled order", () => {
  test("passes gate 1 and has the artifacts of its words", () => {
    expect(compiled.report.outcome).toBe("PASS");
    const count = new Map<string, number>();
    for (const { node } of compiled.artifacts) count.set(node.type, (count.get(node.type) ?? 0) + 1);
    expect(Object.fromEntries(count)).toEqual({
      Specification: 1,
      Claim: 6,
      Contract: 2,
      Invariant: 2,
      Validation: 6,
      RequirementAtom: 5,
      WorkGraph: 1,
      VerificationReport: 1,
      AtomDirective: 5,
    });
  });

  test("gives every node an id that follows from its content, and knows every edge's ends before it is written", () => {
    const { intentSpecificationId, elucidationArtifactId } = aCompileRequest(order);
    const known = new Set<string>([intentSpecificationId, elucidationArtifactId]);
    const recompute = (node: ArtifactNode): string => {
      const prefix = prefixOf(node.id);
      if (
        prefix === undefined ||
        prefix === "WO" ||
        prefix === "BCO" ||
        prefix === "EVT" ||
        prefix === "EXE" ||
        prefix === "REV" ||
        prefix === "APR" ||
        prefix === "CLR" ||
        prefix === "CRP" ||
        prefix === "ESC" ||
        prefix === "TRC"
      )
        throw new Error(node.id);
      return contentId(prefix, { kind: node.type, org: "acme", content: node.data, parents: node.parents });
    };
    for (const { node, edges } of compiled.artifacts) {
      if (node.type !== "Claim") expect(recompute(node)).toBe(node.id);
      for (const parent of node.parents) expect(known).toContain(parent);
      known.add(node.id);
      for (const { source, target } of edges) {
        expect(known).toContain(source);
        expect(known).toContain(target);
        expect([source, target]).toContain(node.id);
      }
      expect(edges.length).toBeGreaterThan(0);
    }
    expect(known.size).toBe(compiled.artifacts.length + 2);
  });

  test("uses the relations of the domain in their directions", () => {
    const typeOf = new Map(compiled.artifacts.map(({ node }) => [node.id, node.type]));
    const seen = new Set(
      compiled.artifacts
        .flatMap(({ edges }) => edges)
        .map(({ source, rel, target }) => `${typeOf.get(source) ?? "IntentSpecification"} ${rel} ${typeOf.get(target) ?? "outside"}`),
    );
    expect([...seen].sort()).toEqual([
      "Contract derived_from Claim",
      "IntentSpecification compiles_to WorkGraph",
      "Invariant derived_from Claim",
      "RequirementAtom derived_from Claim",
      "RequirementAtom derived_from Contract",
      "RequirementAtom dispatched_as AtomDirective",
      "Specification composed_of Claim",
      "Specification source_ref outside",
      "Validation derived_from Claim",
      "Validation derived_from Invariant",
      "WorkGraph gate_result VerificationReport",
      "WorkGraph source_ref RequirementAtom",
      "WorkGraph source_ref Specification",
    ]);
  });

  test("fits the schemas of what is exchanged", () => {
    const seed = seedOf(compiled);
    for (const one of seed.claims) expect(claim.parse(one)).toEqual(one);
    for (const { invariantId, ...one } of seed.invariants) expect([prefixOf(invariantId), invariant.parse(one)]).toEqual(["INV", one]);
    for (const { directive } of seed.beads) expect(atomDirective.parse(directive)).toEqual(directive);
    expect(verificationReport.parse(compiled.report)).toEqual(compiled.report);
  });

  test("seeds beads whose dependencies are beads of the seed: two molecules with an outcome bead each, and one end", () => {
    const { beads, slots, typesRequired } = seedOf(compiled);
    const ids = beads.map(({ beadId }) => beadId);
    expect(beads.map(({ title, role, outcome, dependsOn }) => [title, role, outcome, dependsOn.map(({ beadId }) => ids.indexOf(beadId))])).toEqual([
      ["Write lineTotal", "coder", false, []],
      ["Write cartTotal", "coder", false, [0]],
      ["Verify parts", "verifier:outcome", true, [0, 1]],
      ["Integrate the parts", "integrator", false, [2]],
      ["Verify the outcome", "verifier:outcome", true, [3]],
    ]);
    const molecules = beads.map(({ moleculeId }) => moleculeId);
    expect(molecules.map((id) => molecules.indexOf(id))).toEqual([0, 0, 0, 3, 3]);
    for (const id of molecules) expect(prefixOf(id)).toBe("MOL");
    expect(slots).toBe(3);
    expect(slots).toBeLessThanOrEqual(MAX_SLOTS);
    expect(typesRequired).toBe(true);
  });

  test("lists its molecules in the work graph, each with its atoms and the outcome atom that ends it", () => {
    const graph = compiled.artifacts.find(({ node }) => node.type === "WorkGraph")?.node.data;
    const ids = compiled.atoms.map(({ atomId }) => atomId);
    expect(graph?.["molecules"]).toEqual([
      { moleculeId: compiled.atoms[0]?.moleculeId, key: "parts", title: "Parts", atomIds: ids.slice(0, 2), outcomeAtomId: ids[2] },
      { moleculeId: compiled.atoms[3]?.moleculeId, key: "integration", title: "Integration", atomIds: ids.slice(3, 4), outcomeAtomId: ids[4] },
    ]);
  });

  test("says of each requirement atom who does what to what, on which conditions, within which limits", () => {
    const atoms = compiled.artifacts.filter(({ node }) => node.type === "RequirementAtom").map(({ node }) => node.data);
    expect(atoms[1]).toMatchObject({
      category: "business_rule",
      subject: "src/cart-total.ts",
      action: "must export",
      object: "cartTotal",
      conditions: ["`cartTotal` sums `lineTotal`."],
      qualifiers: ["Pure functions.", "Strict types."],
      successCondition: { kind: "all" },
      owns: ["C-2"],
      mode: "create",
      molecule: "parts",
      explicitness: "inferred",
    });
    expect(atoms.map(({ owns }) => owns)).toEqual([["C-1"], ["C-2"], [], ["C-3", "C-4", "C-5", "C-6"], []]);
  });

  test("says of each invariant how bad a breach is, where evidence comes from and for how long it counts", () => {
    expect(
      seedOf(compiled).invariants.map(({ detector, violationImpact, regressionPolicy, freshForMs }) => [
        detector,
        violationImpact,
        regressionPolicy,
        freshForMs,
      ]),
    ).toEqual([
      ["no-ambient-access", "high", "regressed", 15 * 60_000],
      ["types", "medium", "degraded", 60 * 60_000],
    ]);
  });

  test("names what a person has to decide", () => {
    expect(compiled.personClaims).toEqual([{ claimId: "C-3", text: "The README is friendly." }]);
  });

  test("tells a coder the signature, the file, the examples and what it may import, in prose and as data", () => {
    const directive = seedOf(compiled).beads[1]?.directive;
    const task = JSON.parse(/```json task\n([\s\S]*?)\n```/.exec(directive?.instructions ?? "")?.[1] ?? "null");
    expect(task).toEqual({
      task: "write-code",
      mode: "create",
      function: {
        name: "cartTotal",
        params: [{ name: "prices", type: "number[]", optional: false }],
        returnType: "number",
        signature: "export function cartTotal(prices: number[]): number",
      },
      file: "src/cart-total.ts",
      criteria: [{ claimId: "C-2", text: "`cartTotal` sums `lineTotal`." }],
      examples: [
        { args: [[1]], expected: 1 },
        { args: [[]], throws: "RangeError" },
      ],
      dependencies: [
        {
          name: "lineTotal",
          params: [
            { name: "price", type: "number", optional: false },
            { name: "quantity", type: "number", optional: true },
          ],
          returnType: "number",
          file: "src/line-total.ts",
        },
      ],
      checks: ["file-exists", "examples", "typecheck"],
      tests: [],
      notes: [],
    });
    expect(directive?.instructions).toContain('import { lineTotal } from "./line-total.ts"');
    expect(directive?.fileScope).toEqual({ read: ["src/cart-total.ts", "src/line-total.ts"], write: ["src/cart-total.ts"] });
    expect(directive?.specFiles.map(({ path }) => path)).toEqual(["spec/claims.json", "spec/examples/C-2.json"]);
  });

  test("tells the integrator what to re-export", () => {
    const directive = seedOf(compiled).beads[3]?.directive;
    const task = JSON.parse(/```json task\n([\s\S]*?)\n```/.exec(directive?.instructions ?? "")?.[1] ?? "null");
    expect(task).toMatchObject({
      task: "write-index",
      file: "src/index.ts",
      exports: [
        { name: "lineTotal", file: "src/line-total.ts" },
        { name: "cartTotal", file: "src/cart-total.ts" },
      ],
      criteria: [{ claimId: "C-3" }],
    });
  });
});

describe("hidden examples", () => {
  test("are in no directive, no report and no artifact but their own claim", () => {
    const hidden = telling(compiled.claims.flatMap(({ holdout }) => holdout));
    expect(hidden).toHaveLength(2);
    for (const { node } of compiled.artifacts) {
      if (node.type === "Claim") continue;
      for (const text of hidden) expect(textOf(node.data)).not.toContain(text);
    }
    for (const { directive } of seedOf(compiled).beads) {
      for (const example of compiled.claims.flatMap(({ holdout }) => holdout)) {
        expect(directive.instructions).not.toContain(example.text);
        expect(textOf(directive.specFiles)).not.toContain(`"line":${example.line}`);
      }
    }
  });
});

describe("refusal", () => {
  const circular = compileWorkGraph(
    aCompileRequest(
      anOrder({
        criteria: ["`aOne` undoes `bTwo`.", "`bTwo` undoes `aOne`."],
        functions: ["function aOne(n: number): number", "function bTwo(n: number): number"],
        examples: [],
      }),
    ),
  );

  test("seeds nothing and makes no directive, but keeps the report and its subject", () => {
    expect(circular.seed).toBeNull();
    expect(circular.report.remediation.join()).toMatch(/depend on each other.*Write aOne.*Write bTwo/);
    expect(circular.artifacts.map(({ node }) => node.type)).not.toContain("AtomDirective");
    expect(circular.artifacts.at(-1)?.node).toMatchObject({ type: "VerificationReport", parents: [circular.workGraphId] });
  });

  test("names acceptance tests that were not attached, and accepts them once they are", () => {
    const withTests = anOrder({ criteria: ["`twice` passes tests/t.test.ts."] });
    expect(compileWorkGraph(aCompileRequest(withTests)).report.remediation.join()).toMatch(/tests\/t\.test\.ts.*Attach it/);
    expect(compileWorkGraph(aCompileRequest(withTests, { baseTree: { "tests/t.test.ts": "0".repeat(64) } })).seed).not.toBeNull();
  });
});

describe("what the request decides", () => {
  test("a starting tree with tsconfig.json has to type-check", () => {
    expect(seedOf(compileWorkGraph(aCompileRequest(anOrder()))).typesRequired).toBe(false);
    expect(seedOf(compileWorkGraph(aCompileRequest(anOrder(), { baseTree: { "tsconfig.json": "0".repeat(64) } }))).typesRequired).toBe(true);
  });

  test("the budget is shared by the beads that work", () => {
    const budget = (budgetUsd?: number) =>
      seedOf(compileWorkGraph(aCompileRequest(order, { config: { reviewMode: "auto", ...(budgetUsd === undefined ? {} : { budgetUsd }) } }))).beads[0]
        ?.directive.budgetUsd;
    expect(budget()).toBe(DEFAULT_BEAD_BUDGET_USD);
    expect(budget(3)).toBe(1);
    expect(budget(0)).toBe(0);
    const seed = seedOf(compileWorkGraph(aCompileRequest({ ...order, priority: "urgent" }, { config: { reviewMode: "auto", budgetUsd: 3 } })));
    expect([seed.budgetUsd, seed.priority]).toEqual([3, "urgent"]);
    expect(seedOf(compiled).budgetUsd).toBeNull();
  });

  test("another org or session is another run", () => {
    const other = compileWorkGraph(aCompileRequest(order, { org: "other" }));
    expect(other.runId).not.toBe(compiled.runId);
    expect(other.artifacts.some(({ node }) => compiled.artifacts.some((mine) => mine.node.id === node.id))).toBe(false);
  });

  test("the model's intent specification decides nothing: another one compiles to the same bytes", () => {
    expect(textOf(compileWorkGraph(aCompileRequest(order, { intent: { title: "quite another", acceptanceCriteria: [] } })))).toBe(textOf(compiled));
  });
});

/** Orders of any shape that the parser accepts. */
const orders: fc.Arbitrary<WorkOrder> = fc
  .record({
    functions: fc.integer({ min: 1, max: 6 }),
    examples: fc.nat(9),
    uses: fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { maxLength: 6 }),
    constraints: fc.subarray(["Pure functions.", "No dependencies.", "Be kind.", "Strict types."]),
  })
  .map((shape) => {
    const names = Array.from({ length: shape.functions }, (_, index) => `fnNumber${index}`);
    return anOrder({
      criteria: names.map(
        (name, index) =>
          `\`${name}\` builds on ${
            shape.uses
              .filter(([from]) => from === index)
              .map(([, to]) => `\`fnNumber${to}\``)
              .join(", ") || "nothing"
          }.`,
      ),
      constraints: shape.constraints,
      functions: names.map((name) => `function ${name}(n: number): number`),
      examples: names.flatMap((name) => Array.from({ length: shape.examples }, (_, index) => `${name}(${index}) => ${index}`)),
    });
  });

test("the same input gives the same bytes, and a seed exactly when the gate passes", () => {
  fc.assert(
    fc.property(orders, (any) => {
      const first = compileWorkGraph(aCompileRequest(any));
      expect(textOf(compileWorkGraph(aCompileRequest(structuredClone(any))))).toBe(textOf(first));
      expect(first.seed === null).toBe(first.report.outcome === "FAIL");
      const holdouts = first.claims.flatMap(({ holdout }) => holdout).map(({ text }) => text);
      for (const { directive } of first.seed?.beads ?? []) for (const text of holdouts) expect(directive.instructions.split("\n")).not.toContain(`- ${text}`);
    }),
    { numRuns: 40 },
  );
});

describe("an amendment", () => {
  const run: AmendableRun = {
    request: aCompileRequest(order),
    runId: compiled.runId,
    workGraphId: compiled.workGraphId,
    claims: compiled.claims,
    atoms: compiled.atoms,
    notes: [],
  };
  const main = compiled.claims[0];
  if (main === undefined) throw new Error("The order has claims.");
  const revealedLine = main.holdout[0]?.line ?? 0;
  const beadIds = compiled.atoms.filter(({ plan }) => plan.key !== "function:cartTotal").map(({ beadId }) => beadId);
  const request = {
    org: "acme",
    sessionId: run.request.sessionId,
    amendmentId: contentId("AMD", { kind: "Amendment", org: "acme", content: {}, parents: [] }),
    specificationId: contentId("SPEC", { kind: "Specification", org: "acme", content: { version: 2 }, parents: [] }),
    claimId: "C-1",
    revealedLines: [revealedLine],
    note: "The example on that line is visible now.",
    beadIds,
    verdictChange: { kind: "none" as const },
  };

  function amended(changes: Partial<typeof request> = {}, from: AmendableRun = run) {
    const result = amendRun(from, { ...request, ...changes });
    if (!result.ok) throw new Error(result.message);
    return result;
  }

  test("makes a revealed example visible and keeps the other one hidden", () => {
    const claims = amended().reopen.claims;
    expect(claims[0]?.holdout).toEqual(main.holdout.slice(1));
    expect(claims[0]?.visible.map(({ line }) => line)).toEqual([...main.visible.map(({ line }) => line), revealedLine].toSorted((a, b) => a - b));
    expect(claims.slice(1)).toEqual(compiled.claims.slice(1));
  });

  test("gives each affected bead a new directive that carries the example and the note where a coder can act on it", () => {
    const { directives } = amended().reopen;
    const before = new Set(seedOf(compiled).beads.map(({ directive }) => directive.directiveId));
    expect(directives.map(({ title }) => title)).toEqual(["Write lineTotal", "Verify parts", "Integrate the parts", "Verify the outcome"]);
    for (const directive of directives) {
      expect(before.has(directive.directiveId)).toBe(false);
      expect(atomDirective.parse(directive)).toEqual(directive);
    }
    const revealed = main.holdout[0]?.text ?? "";
    expect(directives[0]?.instructions).toContain(revealed);
    expect(directives[0]?.instructions).toContain(request.note);
    expect(directives[0]?.instructions).not.toContain(main.holdout[1]?.text ?? "");
    expect(directives[2]?.instructions).not.toContain(request.note);
  });

  test("takes a run that was stored before atoms had molecules and scopes of their own", () => {
    const stored: AmendableRun = {
      ...run,
      atoms: run.atoms.map((atom) => {
        const { molecule: _molecule, owns: _owns, uses: _uses, existing: _existing, laterTests: _later, reads: _reads, ...plan } = atom.plan;
        return { ...atom, plan };
      }),
    };
    const ids = compiled.atoms.filter(({ plan }) => plan.key === "function:cartTotal").map(({ beadId }) => beadId);
    const [directive] = amended({ claimId: "C-2", revealedLines: [], beadIds: ids }, stored).reopen.directives;
    expect(directive?.fileScope.read).toEqual(["**"]);
    expect(directive?.instructions).toContain('import { lineTotal } from "./line-total.ts"');
  });

  test("links every new directive to its atom, the amendment and the successor specification", () => {
    for (const { node, edges } of amended().artifacts) {
      expect(contentId("DIR", { kind: node.type, org: "acme", content: node.data, parents: node.parents })).toBe(node.id);
      expect(edges.map(({ rel, source, target }) => [rel, source === node.id ? target : "from atom"])).toEqual([
        ["dispatched_as", "from atom"],
        ["source_ref", request.amendmentId],
        ["source_ref", request.specificationId],
      ]);
    }
  });

  test("keeps the notes of earlier amendments", () => {
    const first = amended();
    const second = amended(
      {
        revealedLines: [],
        note: "Read the criterion again.",
        amendmentId: contentId("AMD", { kind: "Amendment", org: "acme", content: { second: true }, parents: [] }),
      },
      first.run,
    );
    const text = second.reopen.directives[0]?.instructions ?? "";
    expect(text.indexOf(request.note)).toBeGreaterThan(0);
    expect(text.indexOf("Read the criterion again.")).toBeGreaterThan(text.indexOf(request.note));
    expect(second.reopen.directives[0]?.directiveId).not.toBe(first.reopen.directives[0]?.directiveId);
  });

  test.each<[string, Partial<typeof request>, RegExp]>([
    ["an unknown claim", { claimId: "C-99" }, /no claim/],
    ["an unknown bead", { beadIds: [...beadIds.slice(0, 1), contentId("BEAD", { kind: "Bead", org: "x", content: {}, parents: [] })] }, /no bead/],
    ["no bead", { beadIds: [] }, /names no bead/],
    ["a line that is not hidden", { revealedLines: [1] }, /hides no example of line 1/],
    ["the last hidden example", { revealedLines: main.holdout.map(({ line }) => line) }, /would keep no hidden example/],
  ])("is refused for %s", (_name, changes, expected) => {
    const result = amendRun(run, { ...request, ...changes });
    expect(result.ok ? "accepted" : result.message).toMatch(expected);
  });

  test("is deterministic", () => {
    expect(digestOf(JSON.parse(textOf(amended())))).toBe(digestOf(JSON.parse(textOf(amended()))));
  });
});
