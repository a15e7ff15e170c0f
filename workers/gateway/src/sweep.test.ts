import { createLog, type CanonicalEvent } from "@factory/durable";
import { objectName } from "@factory/schemas";
import type { OpenSession } from "@factory/schemas/rpc";
import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import worker from "./gateway.worker.ts";
import { sweepSessions, type SweepDeps } from "./sweep.ts";

/** `orgs` take turns in having a session; `pokeOrg` is told which object of which organisation is poked. */
type Options = { readonly pageSize?: number; readonly orgs?: readonly string[]; readonly pokeOrg?: (name: string) => Promise<void> };

/** A registry of so many open sessions, which answers at most `pageSize` of them, and what was poked. */
function aSweep(ids: readonly string[], poke: (sessionId: string) => Promise<{ state: "EXECUTING" } | null>, options: Options = {}) {
  const { pageSize = 1_000, orgs = ["acme"], pokeOrg = async () => undefined } = options;
  const events: CanonicalEvent[] = [];
  const pages: (OpenSession | undefined)[] = [];
  const orgPokes: string[] = [];
  const pokeOf = (name: string): Promise<void> => (orgPokes.push(name), pokeOrg(name));
  const all = ids.map((sessionId, at) => ({ org: orgs[at % orgs.length] ?? "acme", sessionId }));
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
    directory: (org) => ({ poke: () => pokeOf(`directory ${org}`) }),
    signalDesk: (org) => ({ poke: () => pokeOf(`desk ${org}`) }),
    projections: { pokeProjection: (org) => pokeOf(`projection ${org}`) },
    log: createLog((line) => events.push(JSON.parse(line) as CanonicalEvent)),
    now: () => 0,
    pokeDeadlineMs: 20,
  };
  return { deps, events, pages, orgPokes };
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
      { pageSize: 10 },
    );
    expect(await sweepSessions(deps)).toEqual({ poked: 25 + 3, failed: 0, complete: true });
    expect(poked.sort()).toEqual(names(25));
    expect(pages.map((after) => after?.sessionId)).toEqual([undefined, "SES-0009", "SES-0019"]);
    expect(events).toMatchObject([{ op: "sweep", outcome: "ok", fields: { poked: 28 } }]);
  });

  it("pokes what an organisation has once, however many sessions of it on however many pages are open", async () => {
    const { deps, orgPokes, pages } = aSweep(names(25), async () => null, { pageSize: 10, orgs: ["acme", "other"] });
    expect(await sweepSessions(deps)).toMatchObject({ poked: 25 + 6, failed: 0 });
    expect(pages).toHaveLength(3);
    const each = ["acme", "other"].flatMap((org) => [`directory ${org}`, `desk ${org}`, `projection ${org}`]);
    expect(orgPokes.toSorted()).toEqual(each.toSorted());
  });

  it("goes on when an organisation's object throws or does not answer, and says which", async () => {
    const { deps, events, orgPokes } = aSweep(names(3), async () => null, {
      orgs: ["acme", "other"],
      pokeOrg: async (name) => {
        if (name === "directory acme") throw new Error("broken");
        if (name === "projection other") await new Promise<never>(() => undefined);
      },
    });
    expect(await sweepSessions(deps)).toEqual({ poked: 3 + 4, failed: 2, complete: true });
    expect(orgPokes).toHaveLength(6);
    const failed = events.filter(({ op }) => op === "sweep.poke").map(({ ids }) => ids);
    expect(failed).toEqual([
      { org: "acme", object: "directory" },
      { org: "other", object: "linear-projection" },
    ]);
  });

  it("goes on when a session throws or does not answer, and says which", async () => {
    const poked: string[] = [];
    const { deps, events } = aSweep(names(8), async (sessionId) => {
      if (sessionId === "SES-0001") throw new Error("broken");
      if (sessionId === "SES-0002") return new Promise<never>(() => undefined);
      poked.push(sessionId);
      return { state: "EXECUTING" };
    });
    expect(await sweepSessions(deps)).toEqual({ poked: 6 + 3, failed: 2, complete: true });
    expect(poked).toHaveLength(6);
    expect(events.filter(({ op }) => op === "sweep.poke").map(({ ids }) => ids["session"])).toEqual(["SES-0001", "SES-0002"]);
  });

  it("has nothing to do where nothing is open", async () => {
    const { deps, orgPokes } = aSweep([], async () => null);
    expect(await sweepSessions(deps)).toEqual({ poked: 0, failed: 0, complete: true });
    expect(orgPokes).toEqual([]);
  });

  it("is what the cron of the gateway runs, over the registry's binding", async () => {
    await worker.scheduled(createScheduledController({ cron: "* * * * *" }), env);
    const session = env.SESSIONS.getByName("session:acme:SES-swept") as unknown as { asked(): Promise<[string, unknown][]> };
    expect((await session.asked()).map(([method]) => method)).toEqual(["poke"]);
    for (const object of [env.DIRECTORIES.getByName(objectName.directory("acme")), env.SIGNAL_DESKS.getByName(objectName.signalDesk("acme"))]) {
      expect(await (object as unknown as { pokes(): Promise<number> }).pokes()).toBe(1);
    }
    expect(await (env.LINEAR as unknown as { projectionPokes(org: string): Promise<number> }).projectionPokes("acme")).toBe(1);
  });
});
