/** Runs a case and proves that nothing moved but what it may leave. */
import { isDeepStrictEqual } from "node:util";
import { changedTables, EMPTY_TABLE, fingerprintOf, restingFingerprint, type Fingerprint } from "../../testing/state-fingerprint.ts";
import type { Answer } from "./answers.ts";
import type { AbuseCase, Trace } from "./case.ts";
import type { AbuseWorld } from "./world.ts";

/**
 * What moves by itself. When an object looks at its rows again, and what the local runtime notes of a read: a timer is no effect; what
 * comes of it is, and shows elsewhere. Effects on their way go when they have arrived; one that is added takes a number, which
 * `sqlite_sequence` has. What is handed to the writer of issues is handed over again by an object that was evicted before it forgot
 * its delivery; what the writer then does shows in Linear.
 */
const HOUSEKEEPING = /#(_cf_\w+|scheduler_timers|sqlite_sequence\/scheduler_timers|outbox_effects)$|-LinearProjectionDO\/.*#sqlite_sequence\/outbox_effects$/;

/** Longest wait for what the factory says in Linear, in milliseconds. */
const SAID_WITHIN_MS = 20_000;

/** What came of a case. */
export type CaseResult = {
  readonly answer: Answer;
  /** Tables that moved and may not. */
  readonly moved: readonly string[];
  /** What the factory changed in Linear meanwhile, by the mutation's field, and what it said there. */
  readonly changed: readonly string[];
  readonly said: readonly string[];
};

/** What a case expects, without the way to it. */
export type Expectation = Pick<AbuseCase, "expected" | "leaves">;

/** Runs cases one after the other over what the last one left. */
export class CaseRunner {
  readonly #world: AbuseWorld;
  #before: Fingerprint;
  /** How many of the changes and comments in Linear were looked at. */
  #seen = { changed: 0, said: 0 };

  private constructor(world: AbuseWorld, before: Fingerprint) {
    this.#world = world;
    this.#before = before;
    this.#news();
  }

  /** Waits until the world is at rest. */
  static async start(world: AbuseWorld): Promise<CaseRunner> {
    return new CaseRunner(world, await restingFingerprint(world.stateDirectory));
  }

  /** Runs a case. A call that may leave rows is given the time to; an object that is made is there before the answer. */
  async run({ prepare, call, leaves }: Pick<AbuseCase, "prepare" | "call" | "leaves">): Promise<CaseResult> {
    const { stateDirectory, linear } = this.#world;
    if (prepare !== undefined) {
      await prepare(this.#world);
      this.#before = await restingFingerprint(stateDirectory);
      this.#news();
    }
    const { said } = this.#seen;
    const answer = await call(this.#world);
    if (leaves?.comment !== undefined) await linear.standIn.until("What the factory says", () => linear.allSaid()[said], SAID_WITHIN_MS);
    const after = leaves?.tables === undefined ? fingerprintOf(stateDirectory) : await restingFingerprint(stateDirectory);
    const moved = unexplained(this.#before, after, leaves);
    this.#before = after;
    return { answer, moved, ...this.#news() };
  }

  /** Waits until everything is at rest. @returns what moved since the last case and may not */
  async settle(leaves: Pick<Trace, "tables" | "emptyObject"> = {}): Promise<Omit<CaseResult, "answer">> {
    const after = await restingFingerprint(this.#world.stateDirectory);
    const moved = unexplained(this.#before, after, leaves);
    this.#before = after;
    return { moved, ...this.#news() };
  }

  /** What the factory did in Linear since this was asked last. */
  #news(): Pick<CaseResult, "changed" | "said"> {
    const { linear } = this.#world;
    const [changes, comments] = [linear.changes(), linear.allSaid()];
    const news = { changed: changes.slice(this.#seen.changed), said: comments.slice(this.#seen.said) };
    this.#seen = { changed: changes.length, said: comments.length };
    return news;
  }
}

/** What {@link CaseRunner.settle} finds where nothing came after. */
export const NOTHING_CAME = { moved: [], changed: [], said: [] } as const;

/** What of a case is not as it has to be; nothing when all of it is. */
export function faultsOf({ expected, leaves }: Expectation, { answer, moved, changed, said }: CaseResult): string[] {
  const comment = leaves?.comment;
  const faults = moved.map((table) => `moved: ${table}`);
  if (!isDeepStrictEqual(answer, expected)) faults.unshift(`answered ${answer.at} ${answer.code}, not ${expected.at} ${expected.code}`);
  if (comment === undefined) return [...faults, ...changed.map((field) => `changed in Linear: ${field}`), ...said.map((body) => `said in Linear: ${body}`)];
  if (!isDeepStrictEqual(changed, ["commentCreate"])) faults.push(`changed in Linear: ${changed.join(", ") || "nothing"}, not one comment`);
  if (said.length !== 1 || !said.every((body) => comment.test(body))) faults.push(`said in Linear: ${said.join(" / ") || "nothing"}, not ${comment.source}`);
  return faults;
}

/** Tables that moved without leave. */
export function unexplained(before: Fingerprint, after: Fingerprint, { tables = [], emptyObject }: Pick<Trace, "tables" | "emptyObject"> = {}): string[] {
  const explained = (table: string): boolean =>
    [HOUSEKEEPING, ...tables].some((allowed) => allowed.test(table)) || (emptyObject !== undefined && isOfEmptyObject(emptyObject, table, before, after));
  return changedTables(before, after).filter((table) => !explained(table));
}

/** Whether a table came with an object of a class and has no rows; which migrations made its tables it says itself. */
function isOfEmptyObject(className: string, table: string, before: Fingerprint, after: Fingerprint): boolean {
  const [file = "", name] = table.split("#");
  if (!new RegExp(`-${className}/[0-9a-f]+\\.sqlite$`).test(file) || before.has(table)) return false;
  return after.get(table) === EMPTY_TABLE || name === "durable_migrations";
}
