/**
 * The sweep: every session that has not ended is poked, so that a lost alarm or message never strands one. What goes on by
 * itself is not disturbed by it; a session that cannot be poked never keeps the others from being poked.
 */
import { messageOf } from "@factory/durable";
import type { Log } from "@factory/durable";
import type { OpenSession, SessionRegistryRpc, SessionRpc } from "@factory/schemas/rpc";

/** Sessions of one page. */
const PAGE = 200;
/** Sessions poked side by side: the platform's limit of outgoing connections of one invocation. */
const SIDE_BY_SIDE = 6;
/** Longest wait for one session, in milliseconds: a session that hangs holds back one place for this long. */
const POKE_DEADLINE_MS = 10_000;
/** After this time no further page is begun, in milliseconds: the next minute's sweep starts at the first again. */
const SWEEP_BUDGET_MS = 10 * 60_000;

/** What a sweep needs. */
export interface SweepDeps {
  readonly registry: Pick<SessionRegistryRpc, "openSessions">;
  session(org: string, sessionId: string): Pick<SessionRpc, "poke">;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly pokeDeadlineMs?: number;
}

/** What a sweep did. `complete`: every open session was reached for. */
export type SweepReport = { readonly poked: number; readonly failed: number; readonly complete: boolean };

/** Pokes every open session, page by page. @throws what the registry throws: without its pages there is nothing to poke. */
export async function sweepSessions(deps: SweepDeps): Promise<SweepReport> {
  const startedAt = deps.now();
  let poked = 0;
  let failed = 0;
  let after: OpenSession | undefined;
  for (;;) {
    const { sessions, more } = await deps.registry.openSessions(PAGE, after);
    const failures = await pokeAll(deps, sessions);
    failed += failures;
    poked += sessions.length - failures;
    after = sessions.at(-1) ?? after;
    const late = more && deps.now() - startedAt >= SWEEP_BUDGET_MS;
    if (more && !late) continue;
    const report = { poked, failed, complete: !late };
    deps.log.event({ op: "sweep", outcome: failed === 0 && !late ? "ok" : "failed", durationMs: deps.now() - startedAt, ids: {}, fields: report });
    return report;
  }
}

/** @returns how many could not be poked */
async function pokeAll(deps: SweepDeps, sessions: readonly OpenSession[]): Promise<number> {
  const waiting = [...sessions];
  let failures = 0;
  const lane = async (): Promise<void> => {
    for (let session = waiting.shift(); session !== undefined; session = waiting.shift()) {
      if (!(await poke(deps, session))) failures += 1;
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
  return failures;
}

async function poke(deps: SweepDeps, { org, sessionId }: OpenSession): Promise<boolean> {
  const startedAt = deps.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadlineMs = deps.pokeDeadlineMs ?? POKE_DEADLINE_MS;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    await Promise.race([deps.session(org, sessionId).poke(), late]);
    return true;
  } catch (err) {
    deps.log.event({
      op: "sweep.poke",
      outcome: "failed",
      durationMs: deps.now() - startedAt,
      ids: { org, session: sessionId },
      fields: { error: messageOf(err) },
    });
    return false;
  } finally {
    clearTimeout(timer);
  }
}
