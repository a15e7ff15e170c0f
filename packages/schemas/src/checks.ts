/**
 * What is asked of the sandbox and what it answers. The sandbox runs code that a model wrote, so its answers are
 * parsed like any other input from outside.
 */
import { z } from "zod";

/** Relative POSIX path inside a workspace: no root, no `..`, no empty segment, no NUL. */
export const workspacePath = z
  .string()
  .min(1)
  .max(512)
  .refine(
    (path) => !path.includes("\0") && !path.includes("\\") && path.split("/").every((part) => part !== "" && part !== "." && part !== ".."),
    "must be a relative path inside the workspace",
  );

/** The executable form of an atom's success check. There is no check that always passes (`domain.md` 8). */
export type SuccessCheck =
  | { kind: "tests"; files: string[] }
  | { kind: "examples"; claim: string }
  | { kind: "typecheck" }
  | { kind: "output-contains"; module: string; export: string; args: unknown[]; text: string }
  | { kind: "output-matches"; module: string; export: string; args: unknown[]; pattern: string }
  | { kind: "file-exists"; path: string }
  | { kind: "all"; checks: SuccessCheck[] };

const probe = { module: workspacePath, export: z.string().min(1).max(128), args: z.array(z.json()).max(16) };

export const successCheckSchema: z.ZodType<SuccessCheck> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("tests"), files: z.array(workspacePath).min(1) }),
    z.strictObject({ kind: z.literal("examples"), claim: z.string().min(1) }),
    z.strictObject({ kind: z.literal("typecheck") }),
    z.strictObject({ kind: z.literal("output-contains"), ...probe, text: z.string().min(1).max(4_096) }),
    z.strictObject({ kind: z.literal("output-matches"), ...probe, pattern: z.string().min(1).max(512) }),
    z.strictObject({ kind: z.literal("file-exists"), path: workspacePath }),
    z.strictObject({ kind: z.literal("all"), checks: z.array(successCheckSchema).min(1).max(16) }),
  ]),
);

/** Bounds of one check job; the defaults are in `DEFAULT_CHECK_LIMITS`. */
export const checkLimits = z.strictObject({
  /** Fuel units: one per loop back-edge and one per function entry, over the whole job. */
  fuel: z.number().int().positive().max(1_000_000_000),
  /** Wall clock for the whole job, in milliseconds; the deadline of last resort. */
  timeoutMs: z.number().int().positive().max(60_000),
  /** Captured console and messages, in UTF-16 code units; what is over is dropped and counted. */
  outputChars: z.number().int().positive().max(1_000_000),
});
export type CheckLimits = z.infer<typeof checkLimits>;

export const DEFAULT_CHECK_LIMITS: CheckLimits = { fuel: 20_000_000, timeoutMs: 10_000, outputChars: 64_000 };

/** Bounds of one script, over all of its rounds. */
export const SCRIPT_LIMITS = {
  /** Times that a script may come to rest with calls open; each costs another run. */
  rounds: 64,
  /** Calls a script may make: an attempt has 120, and what is over is answered with an error that code can catch. */
  calls: 128,
  /** JSON text of the inputs of all calls, in UTF-16 code units: several files of the size a unit has. */
  inputChars: 1_000_000,
  /** JSON text of all answers on the record, in UTF-16 code units. */
  answerChars: 2_000_000,
} as const;

/** A call that a script makes; `input` is JSON text. */
export const scriptCall = z.strictObject({ tool: z.string().min(1).max(64), input: z.string().min(1).max(SCRIPT_LIMITS.inputChars) });
export type ScriptCall = z.infer<typeof scriptCall>;

/** What a call came to: `value` is JSON text; an error is thrown into the script. */
export const scriptAnswer = z.discriminatedUnion("ok", [
  z.strictObject({ ok: z.literal(true), value: z.string().min(1).max(SCRIPT_LIMITS.answerChars) }),
  z.strictObject({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);
export type ScriptAnswer = z.infer<typeof scriptAnswer>;

/**
 * The calls that a script had open when nothing else could go on, in the order it made them, each with its answer. They are
 * answered at that same moment of every later run, so that a run meets what the one before it met.
 */
export const scriptRound = z
  .array(z.strictObject({ call: scriptCall, answer: scriptAnswer }))
  .min(1)
  .max(SCRIPT_LIMITS.calls);
export type ScriptRound = z.infer<typeof scriptRound>;

/**
 * One job for the sandbox: a tree and what to do with it. `tests` runs vitest files; `typecheck` reports TypeScript
 * diagnostics for `src/` and `tests/`; `call` imports a module and calls one export; `script` calls a module's default
 * export with `tools` and answers its calls from the rounds on record. A script whose calls are not all on record ends with
 * those in the report's `pending`; whoever asked carries them out and has the same files run again, with one round more.
 */
export const checkJob = z.strictObject({
  jobId: z.string().min(1).max(128),
  files: z.record(workspacePath, z.string()),
  task: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("tests"), files: z.array(workspacePath).min(1) }),
    z.strictObject({ kind: z.literal("typecheck") }),
    z.strictObject({ kind: z.literal("call"), module: workspacePath, export: z.string().min(1), args: z.array(z.json()) }),
    z.strictObject({
      kind: z.literal("script"),
      module: workspacePath,
      rounds: z.array(scriptRound).max(SCRIPT_LIMITS.rounds),
      /** The script's clock when it begins, in epoch milliseconds; the same in every run, since it has no other. */
      clock: z.number().int().nonnegative(),
    }),
  ]),
  limits: checkLimits,
});
export type CheckJob = z.infer<typeof checkJob>;

/**
 * Why a job did not run to a verdict of its tests. `INFRASTRUCTURE` says nothing about the code: the job is run
 * again and burns no quality attempt.
 */
export const CHECK_FAULTS = [
  "SYNTAX",
  "IMPORT",
  "TOP_LEVEL_THROW",
  "FUEL",
  "RECURSION",
  "TIMEOUT",
  "MEMORY",
  "HANGING",
  "FORBIDDEN",
  "NO_TESTS",
  "OUTPUT",
  "NONDETERMINISTIC",
  "INFRASTRUCTURE",
] as const;
export const checkFault = z.strictObject({
  code: z.enum(CHECK_FAULTS),
  message: z.string(),
  file: z.string().optional(),
  line: z.number().int().positive().optional(),
});
export type CheckFault = z.infer<typeof checkFault>;

export const testOutcome = z.strictObject({
  file: z.string(),
  name: z.string(),
  state: z.enum(["passed", "failed", "skipped"]),
  message: z.string().optional(),
  /** Set when the test failed because of a fault of the code and not of an assertion. */
  fault: z.enum(CHECK_FAULTS).optional(),
  durationMs: z.number().nonnegative(),
});
export type TestOutcome = z.infer<typeof testOutcome>;

export const diagnostic = z.strictObject({
  file: z.string(),
  line: z.number().int().positive(),
  column: z.number().int().positive(),
  code: z.number().int(),
  message: z.string(),
});
export type Diagnostic = z.infer<typeof diagnostic>;

/**
 * The sandbox's answer. `ok` is true when the job ran and everything in it passed; an empty run never passes, and neither
 * does a script with calls open.
 */
export const checkReport = z.strictObject({
  jobId: z.string(),
  ok: z.boolean(),
  tests: z.array(testOutcome),
  diagnostics: z.array(diagnostic),
  /** JSON text of what the export returned, for `call` and `script`. */
  value: z.string().optional(),
  /** Calls of a `script` that are not on record, in the order they were made: the script has not ended. */
  pending: z.array(scriptCall).min(1).max(SCRIPT_LIMITS.calls).optional(),
  console: z.string(),
  /** Code units of output that were dropped at the limit. */
  droppedOutput: z.number().int().nonnegative(),
  fault: checkFault.optional(),
  durationMs: z.number().nonnegative(),
  /** Fuel left at the end, where the job ran metered code. */
  fuelLeft: z.number().optional(),
});
export type CheckReport = z.infer<typeof checkReport>;

/** Path of the sandbox's one route; it is reached by service binding only. */
export const SANDBOX_CHECK_PATH = "/check";
