/**
 * The sweep: every session that has not ended is poked, so that a lost alarm or message never strands one, and once in a sweep what
 * carries effects for its organisation: the directory, the signal desk and the projection to Linear. What goes on by itself is not
 * disturbed by it; an object that cannot be poked never keeps the others from being poked.
 */
import { messageOf } from "@factory/durable";
import type { Log } from "@factory/durable";
import type { LinearBridgeRpc, OpenSession, OrgDirectoryRpc, SessionRegistryRpc, SessionRpc, SignalDeskRpc } from "@factory/schemas/rpc";

/** Sessions of one page. */
const PAGE = 200;
/** Objects poked side by side: the platform's limit of outgoing connections of one invocation. */
const SIDE_BY_SIDE = 6;
/** Longest wait for one object, in milliseconds: one that hangs holds back one place for this long. */
const POKE_DEADLINE_MS = 10_000;
/** After this time no further page is begun, in milliseconds: the next minute's sweep starts at the first again. */
const SWEEP_BUDGET_MS = 10 * 60_000;

/** What a sweep needs. */
export interface SweepDeps {
  readonly registry: Pick<SessionRegistryRpc, "openSessions">;
  session(org: string, sessionId: string): Pick<SessionRpc, "poke">;
  directory(org: string): Pick<OrgDirectoryRpc, "poke">;
  signalDesk(org: string): Pick<SignalDeskRpc, "poke">;
  readonly projections: Pick<LinearBridgeRpc, "pokeProjection">;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly pokeDeadlineMs?: number;
}

/** What a sweep did: sessions and organisations' objects that were poked or could not be. `complete`: every open session was reached for. */
export type SweepReport = { readonly poked: number; readonly failed: number; readonly complete: boolean };

/** An object to poke, and how a log names it. */
type Target = { readonly ids: Readonly<Record<string, string>>; readonly poke: () => Promise<unknown> };

/** Pokes every open session and what its organisation has, page by page. @throws what the registry throws: without its pages there is nothing to poke. */
export async function sweepSessions(deps: SweepDeps): Promise<SweepReport> {
  const startedAt = deps.now();
  let poked = 0;
  let failed = 0;
  const orgs = new Set<string>();
  let after: OpenSession | undefined;
  for (;;) {
    const { sessions, more } = await deps.registry.openSessions(PAGE, after);
    const targets = [...sessions.map((session) => sessionTarget(deps, session)), ...newOrgs(sessions, orgs).flatMap((org) => orgTargets(deps, org))];
    const failures = await pokeAll(deps, targets);
    failed += failures;
    poked += targets.length - failures;
    after = sessions.at(-1) ?? after;
    const late = more && deps.now() - startedAt >= SWEEP_BUDGET_MS;
    if (more && !late) continue;
    const report = { poked, failed, complete: !late };
    deps.log.event({ op: "sweep", outcome: failed === 0 && !late ? "ok" : "failed", durationMs: deps.now() - startedAt, ids: {}, fields: report });
    return report;
  }
}

/** Organisations of a page that no page before it had; they are added to those that are known. */
function newOrgs(sessions: readonly OpenSession[], known: Set<string>): string[] {
  const found = [...new Set(sessions.map(({ org }) => org))].filter((org) => !known.has(org));
  for (const org of found) known.add(org);
  return found;
}

function sessionTarget(deps: SweepDeps, { org, sessionId }: OpenSession): Target {
  return { ids: { org, session: sessionId }, poke: () => deps.session(org, sessionId).poke() };
}

function orgTargets(deps: SweepDeps, org: string): Target[] {
  return [
    { ids: { org, object: "directory" }, poke: () => deps.directory(org).poke() },
    { ids: { org, object: "signal-desk" }, poke: () => deps.signalDesk(org).poke() },
    { ids: { org, object: "linear-projection" }, poke: () => deps.projections.pokeProjection(org) },
  ];
}

/** @returns how many could not be poked */
async function pokeAll(deps: SweepDeps, targets: readonly Target[]): Promise<number> {
  const waiting = [...targets];
  let failures = 0;
  const lane = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      if (!(await poke(deps, target))) failures += 1;
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
  return failures;
}

async function poke(deps: SweepDeps, target: Target): Promise<boolean> {
  const startedAt = deps.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadlineMs = deps.pokeDeadlineMs ?? POKE_DEADLINE_MS;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    await Promise.race([target.poke(), late]);
    return true;
  } catch (err) {
    deps.log.event({
      op: "sweep.poke",
      outcome: "failed",
      durationMs: deps.now() - startedAt,
      ids: target.ids,
      fields: { error: messageOf(err) },
    });
    return false;
  } finally {
    clearTimeout(timer);
  }
}
