/** What a case of the table is: a call that must not work, what it is answered, and what it may leave. */
import type { Answer } from "./answers.ts";
import type { AbuseWorld } from "./world.ts";

/** What a call may leave, and why that is meant. Nothing else may move. */
export type Trace = {
  readonly why: string;
  /** Tables, as the fingerprint names them. */
  readonly tables?: readonly RegExp[];
  /** A new object of this class, in which there is nothing but its empty tables. */
  readonly emptyObject?: string;
  /** The factory says this, once, in Linear; without it, it says nothing there. */
  readonly comment?: RegExp;
};

/** One way to abuse the platform. */
export type AbuseCase = {
  readonly group: string;
  /** Says what is wrong with the call; no two cases have the same. */
  readonly name: string;
  readonly call: (world: AbuseWorld) => Promise<Answer>;
  readonly expected: Answer;
  /** What has to be there before; what that moves is not the case's. */
  readonly prepare?: (world: AbuseWorld) => Promise<unknown>;
  readonly leaves?: Trace;
};

/** What each case of a group says by itself. */
export type GroupedCase = Omit<AbuseCase, "group">;

/** Puts cases into a group. */
export function grouped(group: string, cases: readonly GroupedCase[]): AbuseCase[] {
  return cases.map((each) => ({ group, ...each }));
}
