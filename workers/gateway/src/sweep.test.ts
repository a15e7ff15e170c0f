import { createLog, type CanonicalEvent } from "@factory/durable";
import type { OpenSession } from "@factory/schemas/rpc";
import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import worker from "./gateway.worker.ts";
import { sweepSessions, type SweepDeps } from "./sweep.ts";

/** A registry of so many open sessions, which answers at most `pageSize` of them, and what was poked. */
function aSweep(ids: readonly string[], poke: (sessionId: string) => Promise<{ state: "EXECUTING" } | null>, pageSize = 1_000) {
  const events: CanonicalEvent[] = [];
  const pages: (OpenSession | undefined)[] = [];
  const all = ids.map((sessionId) => ({ org: "acme", sessionId }));
  const deps: SweepDeps = {
    registry: {
      openSessions: async (limit, after) => {
        pages.push(after);
        const rest = all.filter(({ sessionId }) => after === undefined || sessionId > after.sessionId);
        const sessions = rest.slice(0, Math.min(limit, pageSize));
        return { sessions, more: sessions.length < rest.length };
      },
    },
    session: (_org, sessionId) => ({ poke: () => poke(sessionId) }),
    log: createLog((line) => events.push(JSON.parse(line) as CanonicalEvent)),
    now: () => 0,
    pokeDeadlineMs: 20,
  };
  return { deps, events, pages };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `SES-${String(at).padStart(4, "0")}`);

describe("the sweep", () => {
  it("pokes every open session once, page by page", async () => {
    const poked: string[] = [];
    const { deps, events, pages } = aSweep(
      names(25),
      async (sessionId) => {
        poked.push(sessionId);
        return { state: "EXECUTING" };
      },
      10,
    );
    expect(await sweepSessions(deps)).toEqual({ poked: 25, failed: 0, complete: true });
    expect(poked.sort()).toEqual(names(25));
    expect(pages.map((after) => after?.sessionId)).toEqual([undefined, "SES-0009", "SES-0019"]);
    expect(events).toMatchObject([{ op: "sweep", outcome: "ok", fields: { poked: 25 } }]);
  });

  it("goes on when a session throws or does not answer, and says which", async () => {
    const poked: string[] = [];
    const { deps, events } = aSweep(names(8), async (sessionId) => {
      if (sessionId === "SES-0001") throw new Error("broken");
      if (sessionId === "SES-0002") return new Promise<never>(() => undefined);
      poked.push(sessionId);
      return { state: "EXECUTING" };
    });
    expect(await sweepSessions(deps)).toEqual({ poked: 6, failed: 2, complete: true });
    expect(poked).toHaveLength(6);
    expect(events.filter(({ op }) => op === "sweep.poke").map(({ ids }) => ids["session"])).toEqual(["SES-0001", "SES-0002"]);
  });

  it("has nothing to do where nothing is open", async () => {
    const { deps } = aSweep([], async () => null);
    expect(await sweepSessions(deps)).toEqual({ poked: 0, failed: 0, complete: true });
  });

  it("is what the cron of the gateway runs, over the registry's binding", async () => {
    await worker.scheduled(createScheduledController({ cron: "* * * * *" }), env);
    const session = env.SESSIONS.getByName("session:acme:SES-swept") as unknown as { asked(): Promise<[string, unknown][]> };
    expect((await session.asked()).map(([method]) => method)).toEqual(["poke"]);
  });
});
