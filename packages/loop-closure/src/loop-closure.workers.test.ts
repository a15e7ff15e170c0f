import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { ulidId } from "@factory/schemas";
import type { Closed, Death, Loop } from "./testing/bridge.do.ts";
import { aProtocol, PROTOCOL } from "./testing/ward.ts";

const FIRST: Loop = { executionId: ulidId("EXE", 1), text: "Chest pain is seen within a minute.", specificationId: aProtocol().specificationId };
const SECOND_EXECUTION = ulidId("EXE", 2);

/** One loop on a host. */
async function close(host: string, loop: Loop, death: Death | null = null): Promise<Closed> {
  // The cast holds: the stub's type has no room for the open records in the answer, which arrive as the object gave them.
  const bridge = env.BRIDGES.getByName(host) as unknown as { close(loop: Loop, death: Death | null): Promise<Closed> };
  return bridge.close(loop, death);
}

/** Calls a bridge, in as many lives as it takes: only the first one is cut short. */
async function surviving(host: string, loop: Loop, death: Death | null): Promise<{ readonly closed: Closed; readonly deaths: number }> {
  try {
    return { closed: await close(host, loop, death), deaths: 0 };
  } catch (err) {
    if (!String(err).includes("killed")) throw err;
    return { closed: await close(host, loop), deaths: 1 };
  }
}

/** Two loops, the second on what the first adopted, so that every kind of write of BP2 to BP5 is there. */
async function twice(ward: string, deaths: { readonly first?: Death; readonly second?: Death } = {}) {
  const bridge = `${ward}/host`;
  const first = await surviving(bridge, FIRST, deaths.first ?? null);
  const specificationId = first.closed.adoption.successor?.specificationId ?? "";
  const second = await surviving(bridge, { executionId: SECOND_EXECUTION, text: "Chest pain is seen by two nurses.", specificationId }, deaths.second ?? null);
  return { first, second, state: await stateOf(ward), asked: [...(await env.BRIDGES.getByName(bridge).asked())] };
}

async function stateOf(ward: string) {
  const [lineage, knowledge] = await Promise.all([env.LINEAGES.getByName(ward).dump(), env.KNOWLEDGE.getByName(ward).dump()]);
  return { foreignKeys: [lineage.foreignKeys, knowledge.foreignKeys], lineage: [...lineage.rows], knowledge: [...knowledge.rows] };
}

describe("killed on real objects", () => {
  test("two loops leave what they should, with foreign keys on", async () => {
    const { first, second, state, asked } = await twice("undisturbed");
    expect([...state.foreignKeys, await env.BRIDGES.getByName("undisturbed/host").foreignKeys()]).toEqual([1, 1, 1]);
    expect([first.closed.adoption.outcome, second.closed.adoption.outcome]).toEqual(["adopted", "adopted"]);
    expect(asked).toEqual(["hypothesise", "verify", "hypothesise", "verify"]);
    const statuses = state.knowledge.flatMap((row) => /"status\\":\\"(PROPOSED|ADOPTED|REJECTED|SUPERSEDED)/.exec(row)?.[1] ?? []);
    expect(statuses.sort()).toEqual(["ADOPTED", "ADOPTED", "PROPOSED", "PROPOSED", "SUPERSEDED"]);
  });

  // BP2: 2 writes; BP3: 2; BP4: 2; BP5: artifacts, policy, amendment, and in the second loop the superseded amendment.
  const WRITES = { first: 9, second: 10 };
  const cases = (["first", "second"] as const).flatMap((loop) =>
    Array.from({ length: WRITES[loop] }, (_, index) => index + 1).flatMap((write) =>
      (["before", "unanswered", "after"] as const).map((when) => [loop, when, write] as const),
    ),
  );

  test.each(cases)("the %s loop, %s its write %d: the end state is that of the undisturbed one, and nothing is decided twice", async (loop, when, write) => {
    const expected = await undisturbed();
    const ward = `${loop} ${when} ${write}`;
    // The writes of a life are counted from its beginning; the first life of a host has both loops when the first was not cut short.
    const death = { write: loop === "first" ? write : WRITES.first + write, when };
    const found = await twice(ward, { [loop]: death });
    expect(found[loop].deaths).toBe(1);
    expect(found.state).toEqual(expected.state);
    expect([found.first.closed, found.second.closed]).toEqual([expected.first.closed, expected.second.closed]);
    expect(found.asked).toEqual(expected.asked);
  });

  test("the cases are all writes there are", async () => {
    await twice("counted");
    expect(await env.BRIDGES.getByName("counted/host").writes()).toBe(WRITES.first + WRITES.second);
  });
});

let kept: ReturnType<typeof twice> | undefined;

/** Not persisted: the undisturbed end, made once. */
function undisturbed(): ReturnType<typeof twice> {
  kept ??= twice("model");
  return kept;
}

describe("two amendments for one specification, on real objects", () => {
  test("one is adopted, the other is stale, formed again on the successor and adopted; both elucidations are there", async () => {
    const ward = "race";
    const one: Loop = { ...FIRST, executionId: ulidId("EXE", 3), meet: 2 };
    const two: Loop = { ...FIRST, executionId: ulidId("EXE", 4), text: "Chest pain is seen by two nurses.", meet: 2 };
    const run = async (host: string, loop: Loop) => ({ host, loop, closed: await close(host, loop) });
    const both = await Promise.all([run(`${ward}/1`, one), run(`${ward}/2`, two)]);
    expect(both.map(({ closed }) => closed.adoption.outcome).sort()).toEqual(["adopted", "stale"]);
    const [winner, loser] = [...both].sort((a, b) => a.closed.adoption.outcome.localeCompare(b.closed.adoption.outcome));
    if (winner === undefined || loser === undefined) throw new Error("Two ran.");
    const specificationId = winner.closed.adoption.successor?.specificationId ?? "";
    const { meet: _, ...again } = loser.loop;
    // The execution and its outcome stay what they were; the proposal is made again, on what is in force now.
    const reformed = await close(loser.host, { ...again, specificationId, occasion: `stale:${specificationId}` });
    expect(reformed.outcome).toEqual(loser.closed.outcome);
    expect(reformed.adoption.outcome).toBe("adopted");
    const active = await env.LINEAGES.getByName(ward).getActiveSpecification(PROTOCOL);
    expect(active).toMatchObject({ id: reformed.adoption.successor?.specificationId, data: { version: 3 } });
    for (const adoption of [winner.closed.adoption, reformed.adoption]) {
      expect(await env.LINEAGES.getByName(ward).get(adoption.elucidationId ?? "")).toMatchObject({ type: "ElucidationArtifact" });
    }
  });
});
