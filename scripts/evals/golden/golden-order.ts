/** The orders of the golden set on disk: what is submitted, what is expected of it, and what is never attached. */
import { existsSync, globSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { readSubmission, type Submission } from "@factory/cli";
import { z } from "zod";
import { REPOSITORY } from "../../lib/repository.ts";

/** Where the orders are, one folder each. */
export const GOLDEN_FOLDER = join(REPOSITORY, "evals", "golden");

/** Fields of knowledge an order is about; the set has at least eight. */
export const DOMAINS = [
  "brownfield change",
  "collections",
  "dates",
  "encoding",
  "money",
  "numbers",
  "parsing",
  "refactor",
  "scheduling",
  "state machines",
  "text",
  "units",
  "validation",
] as const;

const GATE_OUTCOMES = ["PASS", "FAIL", "INCONCLUSIVE"] as const;
const count = z.number().int().min(0);

/**
 * What is expected of an order. `end` holds for any model that is up to the task: `PERSON` is a finished work that waits
 * for a person's decision, `REFUSED` an order that no coder sees. `offline` is how it ends with the offline model, which is
 * `BLOCKED` where the program search cannot find a function.
 */
export const goldenExpectation = z
  .strictObject({
    domains: z.array(z.enum(DOMAINS)).min(1),
    end: z.enum(["COMPLETED", "PERSON", "REFUSED"]),
    offline: z.enum(["COMPLETED", "PERSON", "REFUSED", "BLOCKED"]),
    /** Why it does not complete; absent where it does. */
    because: z.string().min(1).optional(),
    functions: z.array(z.string()),
    /** Paths that the order attaches. */
    files: z.array(z.string()),
    /** Claims by kind; null where the order does not parse. */
    claims: z.strictObject({ criterion: count, constraint: count, metric: count }).nullable(),
    /** Claims that a person decides, such as `C-3`. */
    personClaims: z.array(z.string()),
    /** The last outcome of each gate that must have spoken, with the offline model. */
    gates: z.partialRecord(z.enum(["INTAKE", "COHERENCE", "ACCEPTANCE"]), z.enum(GATE_OUTCOMES)),
    /** For a refused order: where it is refused, by which rule, and the lines that the answer names. */
    refusal: z.strictObject({ at: z.enum(["parser", "intake"]), rule: z.string(), lines: z.array(z.number().int().positive()).min(1) }).optional(),
  })
  .refine(({ end, refusal }) => (end === "REFUSED") === (refusal !== undefined), "a refused order has a refusal, no other has one")
  .refine(({ offline, because }) => (offline === "COMPLETED") === (because === undefined), "an order that does not complete says why");

/** @see goldenExpectation */
export type GoldenExpectation = z.infer<typeof goldenExpectation>;

/** File contents by path. */
export type Files = { readonly [path: string]: string };

/** One order of the set. */
export type GoldenOrder = {
  readonly name: string;
  /** Path of the Markdown file. */
  readonly path: string;
  readonly submission: Submission;
  readonly expected: GoldenExpectation;
  /** Acceptance tests by path below the order's folder, such as `hidden/prices.test.ts`; they import `../src/...`. */
  readonly hidden: Files;
  /** The reference solution by path, such as `src/index.ts`. */
  readonly solution: Files;
};

/** Names of all orders, in order. */
export function goldenNames(folder: string = GOLDEN_FOLDER): string[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "order.md")))
    .sort();
}

/** Reads one order. @throws Error, naming the file, when a part of it is absent or not of its form */
export function readGoldenOrder(name: string, folder: string = GOLDEN_FOLDER): GoldenOrder {
  const directory = join(folder, name);
  const path = join(directory, "order.md");
  const expected = goldenExpectation.safeParse(JSON.parse(readFileSync(join(directory, "expected.json"), "utf8")));
  if (!expected.success) throw new Error(`${join(directory, "expected.json")}: ${z.prettifyError(expected.error)}`);
  const order: GoldenOrder = {
    name,
    path,
    submission: readSubmission(path),
    expected: expected.data,
    hidden: filesOf(directory, "hidden/*.test.ts"),
    solution: filesOf(join(directory, "solution"), "src/**/*.ts"),
  };
  const wantsCode = expected.data.end !== "REFUSED";
  for (const part of ["hidden", "solution"] as const) {
    if (Object.keys(order[part]).length > 0 !== wantsCode)
      throw new Error(`${directory} ${wantsCode ? "has no" : "needs no"} ${part}: ${basename(directory)}.`);
  }
  return order;
}

/** Reads every order of the set. */
export function readGoldenSet(folder: string = GOLDEN_FOLDER): GoldenOrder[] {
  return goldenNames(folder).map((name) => readGoldenOrder(name, folder));
}

function filesOf(directory: string, pattern: string): Files {
  const paths = globSync(pattern, { cwd: directory }).sort();
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(directory, path), "utf8")]));
}

/** The tree the reference solution makes: the attached files with the solution's in their place. */
export function solvedTree({ submission, solution }: GoldenOrder): Files {
  return { ...Object.fromEntries(submission.files.map(({ path, content }) => [path, content])), ...solution };
}
