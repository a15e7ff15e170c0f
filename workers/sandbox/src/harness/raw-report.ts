/** What an isolate is asked and what it answers. The answer is parsed by the sandbox: the isolate has run foreign code. */
import { CHECK_FAULTS, SCRIPT_LIMITS, scriptCall } from "@factory/schemas";
import type { ScriptRound } from "@factory/schemas";
import { z } from "zod";

/** A place in compiled code: index of the module in the isolate, and its line there. */
export const rawPlace = z.strictObject({ module: z.number().int().nonnegative(), line: z.number().int().positive() });
export type RawPlace = z.infer<typeof rawPlace>;

export const rawFault = z.strictObject({ code: z.enum(CHECK_FAULTS), message: z.string(), at: rawPlace.optional() });
export type RawFault = z.infer<typeof rawFault>;

export const rawTest = z.strictObject({
  name: z.string(),
  state: z.enum(["passed", "failed", "skipped"]),
  message: z.string().optional(),
  fault: rawFault.optional(),
  at: rawPlace.optional(),
  durationMs: z.number().nonnegative(),
});
export type RawTest = z.infer<typeof rawTest>;

export const rawReport = z.strictObject({
  /** True when another run holds the isolate; nothing ran. */
  busy: z.boolean(),
  tests: z.array(rawTest),
  fault: rawFault.optional(),
  value: z.string().optional(),
  pending: z.array(scriptCall).min(1).max(SCRIPT_LIMITS.calls).optional(),
  console: z.string(),
  droppedOutput: z.number().int().nonnegative(),
  fuelLeft: z.number(),
});
export type RawReport = z.infer<typeof rawReport>;

/** A script with what it has been answered so far, and its bounds; `clock` is in epoch milliseconds. */
export type ScriptTask = {
  readonly kind: "script";
  readonly rounds: readonly ScriptRound[];
  readonly clock: number;
  readonly maxCalls: number;
  readonly maxInputChars: number;
};

/** One run. `entry` is the index of the module to start from. */
export type RunRequest = {
  readonly task: { readonly kind: "tests"; readonly file: string } | { readonly kind: "call"; readonly export: string; readonly args: unknown[] } | ScriptTask;
  readonly entry: number;
  readonly fuel: number;
  /** Wall clock for the run, in milliseconds. */
  readonly deadlineMs: number;
  /** Captured console and messages, in UTF-16 code units. */
  readonly outputChars: number;
};

/** A module of the job as the isolate's table lists it; imports name other rows or the harness. */
export type ModuleRow = {
  readonly path: string;
  readonly async: boolean;
  readonly imports: readonly {
    readonly specifier: string;
    readonly target: number | "harness";
    readonly line: number;
    readonly dynamic: boolean;
    readonly names: readonly string[];
  }[];
};
