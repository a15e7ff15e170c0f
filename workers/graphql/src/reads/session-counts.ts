/** How many sessions of an org stand where, for a list's filters: nothing is counted but what has not ended. */
import { and, isNull, sql } from "drizzle-orm";
import type { SessionState } from "@factory/schemas";
import { sessionViews } from "../projections/schema.ts";
import type { OrgReads } from "./org-reads.ts";
import { hasProblem, SESSION_PROBLEMS, type SessionProblem } from "./session-problems.ts";

/** Sessions by state and by problem; one session may have several problems. */
export type SessionCounts = {
  readonly total: number;
  /** States that no session is in are left out; null: no event has said it yet. */
  readonly byState: readonly { readonly state: SessionState | null; readonly count: number }[];
  readonly problems: readonly { readonly problem: SessionProblem; readonly count: number }[];
};

/** Counts of the org's sessions, or of those of one assembly. `now` is epoch milliseconds. */
export async function sessionCounts(reads: OrgReads, assemblyId: string | null | undefined, now: number): Promise<SessionCounts> {
  const flags = SESSION_PROBLEMS.map((problem) => [problem, sql<number>`sum(${hasProblem(problem, now)})`.as(`with_${problem.toLowerCase()}`)] as const);
  const ofAssembly = assemblyId === null || assemblyId === undefined ? undefined : sql`${sessionViews.assemblyId} = ${assemblyId}`;
  const [tallies, [open = {}]] = await Promise.all([
    reads.tallies(assemblyId),
    reads.pick(sessionViews, Object.fromEntries(flags), { where: and(isNull(sessionViews.outcome), ofAssembly) }),
  ]);
  const standing = tallies.filter(({ sessions }) => sessions > 0);
  return {
    total: standing.reduce((sum, { sessions }) => sum + sessions, 0),
    // The projection sets aside what is no state.
    byState: standing.map(({ state, sessions }) => ({ state: state === "" ? null : (state as SessionState), count: sessions })),
    problems: SESSION_PROBLEMS.map((problem) => ({ problem, count: Number(open[problem] ?? 0) })),
  };
}
