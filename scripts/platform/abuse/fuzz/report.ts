/** What a kind of made-up input came to. */
import type { Trace } from "../case.ts";
import { EMPTY_SESSION } from "../traces.ts";
import type { AbuseWorld } from "../world.ts";
import type { Tally } from "./judge.ts";

/** Answers, what may have moved, and how many inputs were good after all. */
export type FuzzReport = {
  readonly tally: Tally;
  /** Inputs that were good, and were taken for what they are. */
  readonly good: number;
  /** The traces that the answers which came are meant to leave. */
  readonly leaves: Pick<Trace, "tables" | "emptyObject">;
  /** Whether replies in Linear are part of them. */
  readonly replies?: boolean;
};

/** A kind of made-up input. */
export type Fuzz = { readonly name: string; readonly run: (world: AbuseWorld) => Promise<FuzzReport> };

/** Ids that nobody has given out make empty objects, whatever is tried. */
export const EMPTY_SESSIONS: Pick<Trace, "emptyObject"> = { emptyObject: EMPTY_SESSION.emptyObject ?? "" };
