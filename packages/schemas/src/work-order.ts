/** A work order as data: what the parser in `packages/compiler` makes of the Markdown. See `domain.md` 2. */
import { z } from "zod";
import { workspacePath } from "./checks.ts";
import { REVIEW_MODES } from "./states.ts";

/** One fault of a malformed order. */
export const orderFault = z.strictObject({
  /** 1-based line in the order. */
  line: z.number().int().positive(),
  rule: z.string(),
  fix: z.string(),
});
export type OrderFault = z.infer<typeof orderFault>;

/** One parameter of a function block; the type is TypeScript source text. */
export const functionParam = z.strictObject({ name: z.string().min(1), type: z.string().min(1), optional: z.boolean() });
export type FunctionParam = z.infer<typeof functionParam>;

export const functionBlock = z.strictObject({
  name: z.string().min(1),
  /** Normalised signature: `export function name(a: T): U`. */
  signature: z.string().min(1),
  params: z.array(functionParam),
  returnType: z.string().min(1),
  line: z.number().int().positive(),
});
export type FunctionBlock = z.infer<typeof functionBlock>;

/** A literal of an example. JSON cannot say `undefined`, so it is spelled out. */
export const exampleValue = z.union([z.strictObject({ kind: z.literal("json"), value: z.json() }), z.strictObject({ kind: z.literal("undefined") })]);
export type ExampleValue = z.infer<typeof exampleValue>;

/** `call(args) => value`, or `call(args) => throws Name`. */
export const example = z.strictObject({
  functionName: z.string().min(1),
  args: z.array(exampleValue),
  expected: z.union([exampleValue, z.strictObject({ kind: z.literal("throws"), name: z.string().min(1) })]),
  /** The line's own text, for people. */
  text: z.string(),
  line: z.number().int().positive(),
});
export type Example = z.infer<typeof example>;

export const acceptanceCriterion = z.strictObject({
  text: z.string().min(1),
  /** The function block it names, if it names one. */
  functionName: z.string().optional(),
  /** The test files it names. */
  tests: z.array(workspacePath),
  line: z.number().int().positive(),
});
export type AcceptanceCriterion = z.infer<typeof acceptanceCriterion>;

/** A statement of a section with its line. */
export const statement = z.strictObject({ text: z.string().min(1), line: z.number().int().positive() });
export type Statement = z.infer<typeof statement>;

export const PRIORITIES = ["low", "normal", "high", "urgent"] as const;
export type Priority = (typeof PRIORITIES)[number];

export const workOrder = z.strictObject({
  title: z.string().min(1),
  priority: z.enum(PRIORITIES),
  /** Absent when the front matter does not say; `resolveConfig` then lets the envelope decide, and `human` last. */
  reviewMode: z.enum(REVIEW_MODES).optional(),
  targetRuntime: z.string().optional(),
  language: z.string().optional(),
  budgetUsd: z.number().nonnegative().optional(),
  assembly: z.string().optional(),
  /** Paths or globs relative to the order; the command line attaches them. */
  files: z.array(z.string()),
  problem: z.string(),
  goal: z.string(),
  constraints: z.array(statement),
  acceptanceCriteria: z.array(acceptanceCriterion).min(1),
  successMetrics: z.array(statement),
  outOfScope: z.array(statement),
  functions: z.array(functionBlock),
  examples: z.array(example),
  /** Sections the parser does not know: kept and reported. */
  unknownSections: z.array(z.strictObject({ heading: z.string(), line: z.number().int().positive(), text: z.string() })),
});
export type WorkOrder = z.infer<typeof workOrder>;
