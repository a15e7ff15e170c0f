import { canonicalJson, contentId } from "@factory/schemas";
import type { CompileRequest, InheritedSpecification } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkCoherence } from "./coherence.ts";
import { coherenceInput, compileWorkGraph } from "./compile.ts";
import type { CompiledRun } from "./compile.ts";
import { orderDigest } from "./split.ts";
import { aBase } from "./testing/bases.ts";
import { anOrder } from "./testing/orders.ts";
import type { OrderParts } from "./testing/orders.ts";
import { aCompileRequest } from "./testing/requests.ts";

function compiledOn(files: { readonly [path: string]: string }, parts: OrderParts = {}): CompiledRun {
  const { tree, repository } = aBase(files);
  return compileWorkGraph(aCompileRequest(anOrder(parts), { baseTree: tree, repository }));
}

function directiveOf(run: CompiledRun, title: string) {
  const found = run.seed?.beads.find((bead) => bead.title === title)?.directive;
  if (found === undefined)
    throw new Error(`${title} is not among ${run.seed?.beads.map((bead) => bead.title).join(", ") ?? run.report.remediation.join("\n")}`);
  return found;
}

const taskOf = ({ instructions }: { readonly instructions: string }) => JSON.parse(/```json task\n([\s\S]*?)\n```/.exec(instructions)?.[1] ?? "null");
const planOf = (run: CompiledRun, key: string) => run.atoms.find(({ plan }) => plan.key === key)?.plan;

const NUMBERS = 'import { check } from "./check.ts";\n\nexport function twice(n: number): number {\n  return check(n);\n}\n\nexport const LIMIT = 9;\n';
const CHECK = 'import type { Rule } from "./rule.ts";\n\nexport function check(n: number): number {\n  return n;\n}\n';
const RULE = "export type Rule = string;\n";
const BASE = {
  "src/numbers/basic.ts": NUMBERS,
  "src/numbers/check.ts": CHECK,
  "src/numbers/rule.ts": RULE,
  "src/unrelated.ts": "export const unrelated = 1;\n",
};

describe("a function that the starting tree has", () => {
  const run = compiledOn(BASE);
  const directive = directiveOf(run, "Change twice");

  test("is changed in its own file, which keeps everything else", () => {
    expect(directive.fileScope.write).toEqual(["src/numbers/basic.ts"]);
    expect(directive.instructions).toContain(
      "Change the function `twice` in `src/numbers/basic.ts`, which exists: read it first. It is in line 3 now: `export function twice(n: number): number`.",
    );
    expect(directive.instructions).toContain("its other exports: `LIMIT`");
    expect(taskOf(directive)).toMatchObject({ mode: "modify", file: "src/numbers/basic.ts", keeps: ["LIMIT"] });
  });

  test("is read with what its file imports, and nothing else", () => {
    expect(directive.fileScope.read).toEqual(["src/numbers/basic.ts", "src/numbers/check.ts", "src/numbers/rule.ts"]);
  });

  test("is found in that file by everybody: its claims, its contract, its examples, the integrator and the outcome say so", () => {
    expect(run.claims[0]?.file).toBe("src/numbers/basic.ts");
    expect(run.artifacts.find(({ node }) => node.type === "Contract")?.node.data["file"]).toBe("src/numbers/basic.ts");
    expect(JSON.parse(directive.specFiles[1]?.content ?? "null")).toMatchObject({ functionName: "twice", file: "src/numbers/basic.ts" });
    expect(directiveOf(run, "Integrate the parts").instructions).toContain('`export { twice } from "./numbers/basic.ts"`');
    expect(JSON.stringify(planOf(run, "outcome")?.check)).toContain("src/numbers/basic.ts");
  });

  test("that is in the index itself is not re-exported from there", () => {
    const inIndex = compiledOn({ "src/index.ts": "export function twice(n: number): number {\n  return n;\n}\n" });
    expect(directiveOf(inIndex, "Change twice").fileScope.write).toEqual(["src/index.ts"]);
    expect(taskOf(directiveOf(inIndex, "Integrate the parts")).exports).toEqual([]);
  });

  test("is the conventional file's when several have it", () => {
    const again = { "src/twice.ts": "export const twice = (n: number): number => n;\n", ...BASE };
    expect(directiveOf(compiledOn(again), "Change twice").fileScope.write).toEqual(["src/twice.ts"]);
  });

  test("is changed after the one before it in the same file", () => {
    const both = { "src/all.ts": "export function twice(n: number): number { return n; }\nexport function half(n: number): number { return n; }\n" };
    const parts = {
      criteria: ["`half` halves.", "`twice` doubles."],
      functions: ["function half(n: number): number", "function twice(n: number): number"],
      examples: ["half(2) => 1", "twice(1) => 2"],
    };
    expect(planOf(compiledOn(both, parts), "function:half")?.dependsOn).toEqual([]);
    expect(planOf(compiledOn(both, parts), "function:twice")?.dependsOn).toEqual(["function:half"]);
    const turned = { ...parts, criteria: ["`half` undoes `twice`.", "`twice` doubles."] };
    expect(planOf(compiledOn(both, turned), "function:twice")?.dependsOn).toEqual([]);
    expect(planOf(compiledOn(both, turned), "function:half")?.dependsOn).toEqual(["function:twice"]);
  });
});

describe("creating a file is refused", () => {
  test.each<[string, { readonly [path: string]: string }, RegExp]>([
    [
      "where a file of that name does not have the function",
      { "src/twice.ts": "export const other = 1;\n" },
      /src\/twice\.ts is in the starting tree already.*it exports other\).*Rename the function/,
    ],
    [
      "where two files seem to have the function and cannot be read",
      { "src/a.ts": "export function twice(", "src/b.ts": "export function twice(" },
      /src\/a\.ts and src\/b\.ts of the starting tree each declare twice/,
    ],
    ["where a folder has that name", { "src/twice.ts/deep.ts": "export const other = 1;\n" }, /src\/twice\.ts\/deep\.ts is in the starting tree/],
    [
      "where two files have the function",
      { "src/a.ts": "export function twice() {}", "src/b.ts": "export function twice() {}" },
      /src\/a\.ts and src\/b\.ts of the starting tree each declare twice/,
    ],
  ])("%s", (_why, files, remediation) => {
    const run = compiledOn(files);
    expect(run.seed).toBeNull();
    expect(run.report.checked.find(({ check }) => check === "targets")?.outcome).toBe("FAIL");
    expect(run.report.remediation.join("\n")).toMatch(remediation);
  });

  test("where nothing is known of a file but its path", () => {
    const { tree } = aBase({ "src/twice.ts": "export function twice() {}" });
    expect(compileWorkGraph(aCompileRequest(anOrder(), { baseTree: tree })).report.remediation.join()).toMatch(/src\/twice\.ts .*what it exports is not known/);
  });
});

describe("an attached file that cannot be read", () => {
  const BROKEN = "export function twice(n: number): number {\n  return n *\n";

  test.each<[string, string, { readonly [path: string]: string }]>([
    ["has the function's own name", "src/twice.ts", { "src/twice.ts": "export const nothing = (" }],
    ["seems to declare the function", "src/numbers.ts", { "src/numbers.ts": BROKEN, "src/other.ts": "export const other = 1;\n" }],
  ])("is repaired where it %s", (_why, file, files) => {
    const run = compiledOn(files);
    expect(run.report.remediation).toEqual([]);
    const directive = directiveOf(run, "Change twice");
    expect(directive.fileScope).toEqual({ read: ["**"], write: [file] });
    expect(directive.instructions).toMatch(/which exists: read it first\. As it is, it cannot be read \(Unexpected token .*\): repair it\./);
    expect(taskOf(directive)).toMatchObject({ mode: "modify", file, keeps: [] });
  });

  const parts: OrderParts = {
    criteria: [
      "`twice` doubles, using `check`, as docs/rules.md says, and passes tests/twice.test.ts.",
      "`half` halves, using `twice`, and passes tests/später.test.ts.",
      "`alone` is 1.",
      "All of it passes tests/all.test.ts.",
    ],
    constraints: ["Strict types.", "Nothing else than `limit` states a limit."],
    functions: ["function twice(n: number): number", "function half(n: number): number", "function alone(): number"],
    examples: ["twice(1) => 2", "half(2) => 1", "alone() => 1"],
  };
  const files: { readonly [path: string]: string } = {
    "src/twice.ts": 'import { check } from "./check.ts";\nexport function twice(n: number): number {\n  return check(n);\n}\n',
    "src/check.ts": "export function check(n: number): number {\n  return n;\n}\n",
    "src/limit.ts": "export function limit(): number {\n  return 9;\n}\n",
    "src/index.ts": 'export { twice } from "./twice.ts";\n',
    "src/unrelated.ts": "export const unrelated = 1;\n",
    "tests/twice.test.ts": 'import { twice } from "../src/twice.ts";\n',
    "tests/später.test.ts": 'import { half } from "../src/index.ts";\n',
    "tests/all.test.ts": 'import * as all from "../src/index.ts";\n',
    "docs/rules.md": "# Rules\n",
    "tsconfig.json": "{}\n",
  };
  const modules = Object.keys(files).filter((path) => path.endsWith(".ts"));

  test("never makes gate 1 refuse what the compiler plans, whichever files it is and whatever the order asks for", () => {
    const criteria = fc.subarray(parts.criteria?.slice(1) ?? []).map((some) => [parts.criteria?.[0] ?? "", ...some]);
    fc.assert(
      fc.property(fc.subarray(modules), criteria, fc.boolean(), (broken, asked, typed) => {
        const tree = Object.fromEntries(
          Object.entries(files).map(([path, content]) => [path, broken.includes(path) ? `${content}\nexport const broken = (` : content]),
        );
        const { "tsconfig.json": _settings, ...untyped } = tree;
        const run = compiledOn(typed ? tree : untyped, { ...parts, criteria: asked });
        expect(run.report.remediation).toEqual([]);
      }),
    );
  });

  test("leaves nothing in a scope that gate 1 would not miss", () => {
    const { tree, repository } = aBase(files);
    const input = coherenceInput(aCompileRequest(anOrder({ ...parts, criteria: parts.criteria?.slice(0, 3) ?? [] }), { baseTree: tree, repository }));
    expect(checkCoherence(input).remediation).toEqual([]);
    const scoped = input.atoms.flatMap((atom) => atom.reads.filter((path) => path !== "**").map((path) => ({ atom, path })));
    expect(scoped.map(({ path }) => path)).toEqual(expect.arrayContaining(["docs/rules.md", "tsconfig.json", "src/limit.ts", "tests/später.test.ts"]));
    for (const { atom, path } of scoped) {
      const atoms = input.atoms.map((one) => (one === atom ? { ...one, reads: one.reads.filter((other) => other !== path) } : one));
      expect(checkCoherence({ ...input, atoms }).remediation).toEqual([expect.stringContaining(`may not read ${path}, which it needs`)]);
    }
  });
});

describe("tests of a starting tree", () => {
  const parts: OrderParts = {
    criteria: ["`twice` passes tests/twice.test.ts.", "`half` passes tests/half.test.ts."],
    functions: ["function twice(n: number): number", "function half(n: number): number"],
    examples: ["twice(1) => 2", "half(2) => 1"],
  };
  const importing = (...paths: string[]): string =>
    `import { test } from "vitest";\n${paths.map((path, index) => `import * as m${index} from "${path}";`).join("\n")}\ntest("it", () => {});\n`;

  test("are read with everything they import", () => {
    const run = compiledOn(
      {
        "tests/twice.test.ts": importing("../src/twice", "./helper"),
        "tests/helper.ts": importing("./data.json"),
        "tests/data.json": "{}",
        "tests/half.test.ts": importing("../src/half.js"),
      },
      parts,
    );
    expect(planOf(run, "function:twice")?.reads).toEqual(["src/twice.ts", "tests/data.json", "tests/helper.ts", "tests/twice.test.ts"]);
    expect(planOf(run, "function:half")?.reads).toEqual(["src/half.ts", "tests/half.test.ts"]);
    expect(run.report.outcome).toBe("PASS");
  });

  test("put a function behind the new ones that they import", () => {
    const run = compiledOn({ "tests/twice.test.ts": importing("../src/twice", "../src/half"), "tests/half.test.ts": importing("../src/half") }, parts);
    expect(planOf(run, "function:twice")).toMatchObject({
      dependsOn: ["function:half"],
      uses: [],
      tests: ["tests/twice.test.ts"],
      reads: ["src/half.ts", "src/twice.ts", "tests/twice.test.ts"],
    });
    expect(run.report.outcome).toBe("PASS");
  });

  test("that need two functions of each other run when both are there", () => {
    const run = compiledOn({ "tests/twice.test.ts": importing("../src/half"), "tests/half.test.ts": importing("../src/twice") }, parts);
    expect(planOf(run, "function:half")).toMatchObject({ tests: [], laterTests: ["tests/half.test.ts"] });
    expect(planOf(run, "outcome:parts")?.tests).toEqual(["tests/twice.test.ts", "tests/half.test.ts"]);
    expect(run.report.outcome).toBe("PASS");
  });

  test("that go through the index run once it is written", () => {
    const run = compiledOn({ "tests/twice.test.ts": importing("../src/index.ts"), "tests/half.test.ts": importing("../src/half") }, parts);
    expect(planOf(run, "function:twice")).toMatchObject({ tests: [], laterTests: ["tests/twice.test.ts"] });
    expect(planOf(run, "outcome:parts")?.tests).toEqual(["tests/half.test.ts"]);
    expect(planOf(run, "integrate")?.tests).toEqual(["tests/twice.test.ts", "tests/half.test.ts"]);
    expect(directiveOf(run, "Write twice").instructions).toContain("Tests that run later");
    expect(run.report.outcome).toBe("PASS");
  });

  test("of which nothing is known are read with everything", () => {
    const { tree } = aBase({ "tests/twice.test.ts": importing("../src/twice"), "tests/half.test.ts": importing("../src/half") });
    const run = compileWorkGraph(aCompileRequest(anOrder(parts), { baseTree: tree }));
    expect(planOf(run, "function:twice")?.reads).toEqual(["**"]);
    expect(run.report.outcome).toBe("PASS");
  });
});

test("code of the starting tree that a criterion names may be read and imported, with its signature as data", () => {
  const run = compiledOn(
    { "src/math/round.ts": "export function roundTo(n: number, digits?: number): number {\n  return n;\n}\n" },
    { criteria: ["`twice` doubles and rounds with `roundTo`."] },
  );
  const directive = directiveOf(run, "Write twice");
  expect(directive.fileScope.read).toEqual(["src/math/round.ts", "src/twice.ts"]);
  expect(directive.instructions).toContain('`import { roundTo } from "./math/round.ts"`: export function roundTo(n: number, digits?: number): number');
  expect(taskOf(directive).dependencies).toEqual([
    {
      name: "roundTo",
      params: [
        { name: "n", type: "number", optional: false },
        { name: "digits", type: "number", optional: true },
      ],
      returnType: "number",
      file: "src/math/round.ts",
    },
  ]);
});

test("the integrator reads the index, what it re-exports now and will, and every test; everything only where it is alone", () => {
  const run = compiledOn({ "src/index.ts": 'export { old } from "./old.ts";\n', "src/old.ts": "export const old = 1;\n", "src/unrelated.ts": "" });
  expect(planOf(run, "integrate")?.reads).toEqual(["src/index.ts", "src/old.ts", "src/twice.ts"]);
  expect(planOf(compiledOn({}, { criteria: ["A person confirms that the page is pretty."], functions: [], examples: [] }), "integrate")?.reads).toEqual(["**"]);
});

describe("the same input gives the same bytes", () => {
  const files = { ...BASE, "tests/t.test.ts": 'import { twice } from "../src/numbers/basic.ts";\n', "tsconfig.json": "{}" };
  const { tree, repository } = aBase(files);
  const order = anOrder({
    criteria: ["`twice` passes tests/t.test.ts.", "All of it passes tests/t.test.ts."],
    constraints: ["Pure functions.", "At most 9 lines."],
  });
  const inherited: InheritedSpecification = {
    specificationId: contentId("SPEC", { kind: "Specification", org: "acme", content: {}, parents: [] }),
    orderDigest: orderDigest(order),
    revealed: [
      { claimId: "C-1", lines: [1, 2] },
      { claimId: "C-2", lines: [3] },
    ],
    notes: [{ claimId: "C-1", note: "Mind the sign." }],
  };
  const bytesOf = (request: CompileRequest): string => JSON.stringify([compileWorkGraph(request), coherenceInput(request)]);
  const expected = bytesOf(aCompileRequest(order, { baseTree: tree, repository, inherited }));

  test("in whatever order the files of the starting tree and what was revealed come", () => {
    const shuffled = <T>(items: readonly T[]): fc.Arbitrary<T[]> => fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
    fc.assert(
      fc.property(shuffled(Object.entries(tree)), shuffled(Object.entries(repository)), shuffled(inherited.revealed), (paths, modules, revealed) => {
        const request = aCompileRequest(order, {
          baseTree: Object.fromEntries(paths),
          repository: Object.fromEntries(modules),
          inherited: { ...inherited, revealed },
        });
        expect(bytesOf(request)).toBe(bytesOf(aCompileRequest(order, { baseTree: tree, repository, inherited: { ...inherited, revealed } })));
        expect(compileWorkGraph(request).artifacts).toEqual(compileWorkGraph(aCompileRequest(order, { baseTree: tree, repository, inherited })).artifacts);
      }),
      { numRuns: 20 },
    );
  });

  test("again and again, from a copy with its fields in another order", () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .toReversed()
          .map(([key, item]) => [key, turned(item)]),
      );
    };
    const request = aCompileRequest(order, { baseTree: tree, repository, inherited });
    expect(bytesOf(structuredClone(request))).toBe(expected);
    // The copy has every field of the request.
    const other = compileWorkGraph(turned(request) as CompileRequest);
    expect(canonicalJson(other.artifacts)).toBe(canonicalJson(compileWorkGraph(request).artifacts));
    expect(canonicalJson(other.seed)).toBe(canonicalJson(compileWorkGraph(request).seed));
  });
});
