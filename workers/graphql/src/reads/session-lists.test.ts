import { describe, expect, test } from "vitest";
import { aLog, beadStep, said, submitted } from "../projections/testing/logs.ts";
import { BUSY_ORG, insertOf, manySessions } from "../testing/many-sessions.ts";
import { NOW, QueryWorld } from "../testing/query-world.ts";

const FIELDS = "id title workOrderId state assemblyId problems";
const LIST = `query ($first: Int, $after: String, $status: [SessionState!], $search: String, $order: SessionOrder, $assemblyId: ID,
    $problems: [SessionProblem!], $needsPerson: Boolean) {
  sessions(first: $first, after: $after, status: $status, search: $search, order: $order, assemblyId: $assemblyId, problems: $problems,
      needsPerson: $needsPerson) { nodes { ${FIELDS} } pageInfo { hasNextPage endCursor } } }`;

type Listed = {
  readonly id: string;
  readonly title: string | null;
  readonly workOrderId: string;
  readonly state: string;
  readonly assemblyId: string;
  readonly problems: readonly string[];
};
type Filter = {
  readonly status?: readonly string[];
  readonly search?: string;
  readonly assemblyId?: string;
  readonly problems?: readonly string[];
  readonly needsPerson?: boolean;
  readonly order?: "NEWEST_FIRST" | "PROBLEMS_FIRST";
};

/** Every row of a list, page by page. */
async function listed(world: QueryWorld, filter: Filter, first: number, org = BUSY_ORG): Promise<Listed[]> {
  const rows: Listed[] = [];
  let after: string | null = null;
  for (;;) {
    const { data, errors } = await world.ask(org, LIST, { ...filter, first, after });
    expect(errors).toEqual([]);
    const { sessions } = data as { readonly sessions: { readonly nodes: Listed[]; readonly pageInfo: { hasNextPage: boolean; endCursor: string | null } } };
    rows.push(...sessions.nodes);
    if (!sessions.pageInfo.hasNextPage) return rows;
    after = sessions.pageInfo.endCursor;
  }
}

function aBusyWorld(): QueryWorld {
  const world = new QueryWorld();
  const size = { sessions: 300, open: 40, largest: 3, middling: 2, newestAt: NOW };
  for (const session of manySessions(size)) {
    for (const [table, rows] of session) {
      const { sql, columns, cells } = insertOf(table);
      const values = columns.map((_, index) => `json_extract(value, '$[${index}]')`).join(", ");
      world.model.all(`${sql} SELECT ${values} FROM json_each(?1)`, JSON.stringify(rows.map(cells)));
    }
  }
  return world;
}

/** What a filter leaves, told without any index. */
function expected(all: readonly Listed[], { status, search, assemblyId, problems = [], needsPerson, order }: Filter): string[] {
  const has = (row: Listed, text: string): boolean =>
    [row.title ?? "", row.workOrderId, row.id].some((value) => value.toLowerCase().includes(text.trim().toLowerCase()));
  const left = all.filter(
    (row) =>
      (status === undefined || status.includes(row.state)) &&
      (search === undefined || has(row, search)) &&
      (assemblyId === undefined || row.assemblyId === assemblyId) &&
      (problems.length === 0 || problems.some((problem) => row.problems.includes(problem))) &&
      (needsPerson === undefined || row.problems.includes("NEEDS_PERSON") === needsPerson),
  );
  const ordered = order === "PROBLEMS_FIRST" ? left.toSorted((a, b) => Number(b.problems.length > 0) - Number(a.problems.length > 0)) : left;
  return ordered.map(({ id }) => id);
}

describe("lists of sessions", () => {
  test("are the same by every index that leads to them, page by page", async () => {
    const world = aBusyWorld();
    const all = await listed(world, {}, 500);
    expect(all.length).toBeGreaterThan(200);
    const states: Filter[] = [{}, { status: ["COMPLETED"] }, { status: ["REJECTED", "CANCELLED", "EXECUTING"] }, { status: ["DELIVERING"] }, { status: [] }];
    const texts: Filter[] = [{}, { search: "LEDGER" }, { search: " no. 1" }, { search: "wo-2" }, { search: "er" }, { search: '"1' }];
    const others: Filter[] = [{}, { assemblyId: all[3]?.assemblyId ?? "" }, { needsPerson: true }, { needsPerson: false }, { problems: ["STUCK"] }];
    const orders: Filter[] = [{}, { order: "PROBLEMS_FIRST" }];
    const found = new Set<number>();
    for (const filter of states.flatMap((a) => texts.flatMap((b) => others.flatMap((c) => orders.map((d) => ({ ...a, ...b, ...c, ...d })))))) {
      const rows = (await listed(world, filter, 50)).map(({ id }) => id);
      expect(rows, JSON.stringify(filter)).toEqual(expected(all, filter));
      found.add(rows.length);
    }
    expect(found.size).toBeGreaterThan(20);
  });

  test("are counted as they stand, over the org and over an assembly", async () => {
    const world = aBusyWorld();
    const all = await listed(world, {}, 500);
    const assemblyId = all[3]?.assemblyId ?? "";
    for (const [argument, rows] of [
      ["", all],
      [`(assemblyId: "${assemblyId}")`, all.filter((row) => row.assemblyId === assemblyId)],
    ] as const) {
      const { data } = await world.ask(BUSY_ORG, `{ sessionCounts${argument} { total byState { state count } problems { problem count } } }`);
      const countBy = (keys: readonly string[]): Map<string, number> => new Map([...Map.groupBy(keys, (key) => key)].map(([key, same]) => [key, same.length]));
      const { sessionCounts } = data as {
        readonly sessionCounts: {
          readonly total: number;
          readonly byState: readonly { readonly state: string; readonly count: number }[];
          readonly problems: readonly { readonly problem: string; readonly count: number }[];
        };
      };
      expect(sessionCounts.total).toBe(rows.length);
      expect(new Map(sessionCounts.byState.map(({ state, count }) => [state, count]))).toEqual(countBy(rows.map(({ state }) => state)));
      const problems = new Map(sessionCounts.problems.filter(({ count }) => count > 0).map(({ problem, count }) => [problem, count]));
      expect(problems).toEqual(countBy(rows.flatMap((row) => row.problems)));
    }
  });

  test("name the assemblies of the org, the one of the newest session first", async () => {
    const world = aBusyWorld();
    const all = await listed(world, {}, 500);
    const { data } = await world.ask(BUSY_ORG, "{ assemblies }");
    expect(data).toEqual({ assemblies: [...new Set(all.map(({ assemblyId }) => assemblyId))] });
  });
});

describe("the text index", () => {
  const idsOf = async (world: QueryWorld, search: string, org = "acme"): Promise<string[]> => (await listed(world, { search }, 10, org)).map(({ id }) => id);
  const sessionId = "SES-00000000000000000000000001";

  test("has a title when the registry has it: before the log, after it, and when it changes", async () => {
    const world = new QueryWorld();
    const second = "SES-00000000000000000000000002";
    world.register("acme", sessionId, "Text tools");
    await world.project("acme", aLog([submitted]));
    await world.project("acme", aLog([submitted], { sessionId: second }));
    expect(await idsOf(world, "text tools")).toEqual([sessionId]);
    world.register("acme", second, "More text tools");
    expect(await idsOf(world, "text tools")).toEqual([second, sessionId]);
    world.model.all("UPDATE sessions SET title = 'Price table' WHERE session_id = ?1", second);
    expect(await idsOf(world, "text tools")).toEqual([sessionId]);
    expect(await idsOf(world, "ice tab")).toEqual([second]);
    expect(await idsOf(world, second.toLowerCase())).toEqual([second]);
  });

  test("leads an org to nothing of another, whatever is typed", async () => {
    const world = new QueryWorld();
    await world.project("acme", aLog([submitted]));
    world.register("acme", sessionId, "Text tools of acme");
    await world.project("acm", aLog([submitted], { sessionId: "SES-00000000000000000000000009" }));
    for (const search of ["text tools", "acme", "\u0001acme\u0001", 'text" OR org : "acme', "SES-0000"]) {
      expect(await idsOf(world, search, "rival"), search).toEqual([]);
      expect(await idsOf(world, search, "acm"), search).not.toContain(sessionId);
    }
    expect(await idsOf(world, "acme")).toEqual([sessionId]);
  });

  test("goes and comes with a session's rows, as the tallies do", async () => {
    const world = new QueryWorld();
    const ended = said("SESSION_CANCELLED", { outcome: "CANCELLED", reason: "enough", fromState: "EXECUTING" });
    const log = aLog([submitted, beadStep(), ended]);
    world.register("acme", sessionId, "Text tools");
    const traces = (): unknown => [
      // A place is a larger number than JavaScript has.
      world.model.all("SELECT CAST(place AS text) AS place, session_id FROM session_places"),
      world.model.all("SELECT CAST(rowid AS text) AS place FROM session_search"),
      world.model.all("SELECT * FROM session_tallies WHERE sessions <> 0"),
    ];
    await world.project("acme", log);
    const before = traces();
    expect(await idsOf(world, "text tools")).toEqual([sessionId]);
    expect(before).toEqual([
      [expect.objectContaining({ session_id: sessionId })],
      [expect.anything()],
      [expect.objectContaining({ state: "CANCELLED", sessions: 1 })],
    ]);
    world.model.all("DELETE FROM projection_cursors");
    expect(traces()).toEqual([[], [], []]);
    expect(await idsOf(world, "text tools")).toEqual([]);
    await world.project("acme", log);
    expect(traces()).toEqual(before);
  });

  test("orders sessions of one millisecond, and goes on after one that has gone", async () => {
    const world = new QueryWorld();
    const ids = ["1", "2", "3", "4", "5"].map((n) => `SES-0000000000000000000000000${n}`);
    for (const id of ids) await world.project("acme", aLog([submitted], { sessionId: id }));
    for (const id of ids) world.register("acme", id, "Text tools");
    expect(await idsOf(world, "text tools")).toEqual(ids.toReversed());
    const ask = async (after: string | null) =>
      (await world.ask("acme", LIST, { search: "text tools", first: 2, after })).data as { sessions: { nodes: Listed[]; pageInfo: { endCursor: string } } };
    const page = await ask(null);
    expect((await ask(page.sessions.pageInfo.endCursor)).sessions.nodes.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    world.model.all("DELETE FROM projection_cursors WHERE session_id = ?1", ids[3] ?? "");
    // Its millisecond is over, so nothing is told twice.
    expect((await ask(page.sessions.pageInfo.endCursor)).sessions.nodes).toEqual([]);
  });
});
