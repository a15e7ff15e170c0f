/**
 * Every field of the evidence that may be unknown has three states: a value, a value that says no, or `absent` with the
 * reason. What was not done or is not known is never a zero and never a pass.
 */
import { z } from "zod";

/** Schema of what is not there; `absent` says why. */
const absentSchema = z.strictObject({ absent: z.string().min(1) });

/** What is not there, and why. */
export type Absent = z.infer<typeof absentSchema>;

/** A value, or why there is none. */
export type OrAbsent<T> = T | Absent;

/** Says why there is no value. */
export function absent(why: string): Absent {
  return { absent: why };
}

/** True for {@link Absent}. */
export function isAbsent(value: unknown): value is Absent {
  return absentSchema.safeParse(value).success;
}

/** The value, or `absent` with the reason where it is undefined or null. */
export function known<T>(value: T | undefined | null, why: string): OrAbsent<T> {
  return value === undefined || value === null ? absent(why) : value;
}

/** Schema of a value that may be absent. */
export function orAbsent<T extends z.ZodType>(schema: T) {
  return z.union([schema, absentSchema]);
}

/** Text of a value for people: `absent (why)` where there is none. */
export function shown<T>(value: OrAbsent<T>, text: (value: T) => string = String): string {
  return isAbsent(value) ? `absent (${value.absent})` : text(value);
}
