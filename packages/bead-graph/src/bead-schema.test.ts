import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import type { SqlCursor, SqlRow, SqlValue, StoragePort } from "@factory/durable";
import { canonicalJson, digestOf } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { subjectOf, typedContent } from "./bead-content.ts";
import { BEAD_GRAPH_MIGRATIONS } from "./bead-schema.ts";
import { aConsent, aGraph, anAmendment, anEscalation, anExecution, aPolicy, aTrust, at, ROLE, SUBJECT, tamper } from "./testing/builders.ts";

/** Inserts a bead as the first schema's code did, without what later schemas keep beside it. */
function insertAsFirst(storage: StoragePort, { id, type, content, parents, supersedes }: KnowingStateBead): void {
  storage.sql.exec(
    "INSERT INTO beads (id, type, subject, supersedes, written_by, written_at, parents, content) VALUES (?, ?, ?, ?, 'x', 1, ?, ?)",
    id,
    type,
    subjectOf(typedContent(type, content)),
    supersedes ?? null,
    JSON.stringify(parents),
    canonicalJson(content),
  );
}

describe("the schema", () => {
  test("keeps its released entries as they were released", () => {
    expect(BEAD_GRAPH_MIGRATIONS.slice(0, 1).map(({ id, statements }) => ({ id, digest: digestOf(statements) }))).toEqual([
      { id: "0001-bead-graph", digest: "5ccdeb62850563ccc22bd05e0b5ade7e8e2fd0ad31f9117ea83d73a994c71b5c" },
    ]);
  });

  test("of 0001 with beads in it comes to the present one with what is open among them", () => {
    const storage = new NodeSqliteStorage();
    migrate(storage, BEAD_GRAPH_MIGRATIONS.slice(0, 1));
    const policy = aPolicy();
    const [open, decided] = [anAmendment(), anAmendment({ rationale: "decided" })];
    const [asked, answered] = [anEscalation(policy), anEscalation(policy, { reason: "answered" })];
    const damaged = anAmendment({ rationale: "damaged" });
    const beads = [
      policy,
      open,
      decided,
      asked,
      answered,
      damaged,
      anAmendment({ rationale: "decided", status: "REJECTED" }, { supersedes: decided.id }),
      anEscalation(policy, { reason: "answered", resolved_at: at(5) }, { supersedes: answered.id }),
    ];
    for (const bead of beads) insertAsFirst(storage, bead);
    tamper(storage, damaged.id, "{");
    expect(migrate(storage, BEAD_GRAPH_MIGRATIONS)).toEqual(["0002-open-beads"]);
    expect(
      storage.sql.exec("SELECT b.id, o.type, o.about FROM open_beads AS o JOIN beads AS b ON b.position = o.position ORDER BY o.position").toArray(),
    ).toEqual([
      { id: open.id, type: "amendment", about: "SPEC-1" },
      { id: asked.id, type: "escalation", about: policy.id },
    ]);
  });
});

/** Storage that keeps the plan of every statement that runs on it. */
class PlannedStorage implements StoragePort {
  readonly plans: { readonly query: string; readonly details: readonly string[] }[] = [];
  readonly #storage: StoragePort;

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  readonly sql = {
    exec: <Row extends SqlRow>(query: string, ...bindings: SqlValue[]): SqlCursor<Row> => {
      const rows = this.#storage.sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bindings).toArray();
      this.plans.push({ query, details: rows.map(({ detail }) => detail) });
      return this.#storage.sql.exec<Row>(query, ...bindings);
    },
  };

  transactionSync<T>(closure: () => T): T {
    return this.#storage.transactionSync(closure);
  }
}

describe("every statement", () => {
  test("is led by an index and sorts nothing", () => {
    const planned: PlannedStorage[] = [];
    const { graph, write, fence, state } = aGraph((storage) => {
      const one = new PlannedStorage(storage);
      planned.push(one);
      return one;
    });
    const [policy, trust, consent] = [aPolicy({ effective_at: at(0) }), aTrust(), aConsent()];
    graph.bootstrap([policy, trust, consent]);
    const scheduled = aPolicy({ effective_at: "2999-01-01T00:00:00Z" }, { supersedes: policy.id });
    const proposed = anAmendment();
    const raised = anEscalation(policy);
    for (const bead of [scheduled, proposed, raised]) write(bead);
    write(anExecution(policy, trust), fence());
    write(anExecution(policy, trust, { nonce: "2" }));
    write(anExecution(policy, trust), fence());
    graph.writeAll(
      [anAmendment({ status: "REJECTED" }, { supersedes: proposed.id }), anEscalation(policy, { resolved_at: at(5) }, { supersedes: raised.id })],
      "a",
      "b",
    );
    state();
    graph.tip({ type: "trust", subject: SUBJECT });
    graph.history({ type: "policy", subject: `role:${ROLE}` }, 10, scheduled.id);
    graph.openAmendments();
    graph.openAmendments("SPEC-1");
    graph.openEscalations();
    const details = planned.flatMap(({ plans }) => plans).flatMap(({ query, details }) => details.map((detail) => ({ query, detail })));
    // json_each is the list of ids or edges that the caller gave, not a table.
    const slow = details.filter(({ detail }) => /\bSCAN (?!json_each\b)|TEMP B-TREE|AUTOMATIC/.test(detail));
    expect(slow).toEqual([]);
    const led = details.flatMap(({ detail }) => /^SEARCH (\w+) USING .*?(\w+) \(/.exec(detail)?.slice(1, 3).join(" by ") ?? []);
    expect([...new Set(led)].sort()).toEqual([
      "b by KEY",
      "bead_edges by bead_edges_by_parent",
      "beads by beads_by_subject",
      "beads by sqlite_autoindex_beads_1",
      "beads by sqlite_autoindex_beads_2",
      "o by open_beads_by_about",
      "o by open_beads_by_type",
      "open_beads by KEY",
    ]);
  });
});
