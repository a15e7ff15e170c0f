import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import type { FirstVerdict } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { FirstVerdictStore } from "./first-verdict-store.ts";
import { COORDINATOR_MIGRATIONS } from "./schema.ts";

const BEFORE = COORDINATOR_MIGRATIONS.findIndex(({ id }) => id === "0010-first-verdict");

function aStore(): FirstVerdictStore {
  const storage = new NodeSqliteStorage();
  migrate(storage, COORDINATOR_MIGRATIONS);
  return new FirstVerdictStore(storage.sql);
}

/** A verdict of a cycle; `hidden` are the hidden examples that passed and failed. */
function aVerdict(cycle: number, ...[passed, failed]: readonly [number, number] | readonly []): FirstVerdict {
  const holdouts = { passed: passed ?? 0, failed: failed ?? 0 };
  return { cycle, checks: { passed: 3, failed: 0 }, holdouts, holdoutsByClaim: passed === undefined ? [] : [{ claimId: "C-1", ...holdouts }] };
}

describe("the first verdict of a run", () => {
  test("stands, whatever the verdicts after it found", () => {
    const store = aStore();
    expect(store.get()).toBeNull();
    store.keep(aVerdict(0, 6, 1));
    store.keep(aVerdict(1, 7, 0));
    expect(store.get()).toEqual(aVerdict(0, 6, 1));
  });

  test("is the one hidden examples were first run for, where an earlier one failed its visible checks", () => {
    const store = aStore();
    store.keep({ ...aVerdict(0), checks: { passed: 2, failed: 1 } });
    expect(store.get()).toMatchObject({ cycle: 0, checks: { failed: 1 }, holdouts: { passed: 0, failed: 0 } });
    store.keep(aVerdict(1, 6, 1));
    store.keep(aVerdict(2, 7, 0));
    expect(store.get()).toEqual(aVerdict(1, 6, 1));
  });

  test("of a run that hides nothing is its first, without a hidden example", () => {
    const store = aStore();
    store.keep(aVerdict(0));
    store.keep(aVerdict(1));
    expect(store.get()).toEqual(aVerdict(0));
  });

  /** A run of before the first verdict was kept, with one check that was executed. */
  function upgraded(holdout: 0 | 1): FirstVerdictStore {
    const storage = new NodeSqliteStorage();
    migrate(storage, COORDINATOR_MIGRATIONS.slice(0, BEFORE));
    storage.sql.exec(
      `INSERT INTO beads (bead_id, position, atom_id, molecule_id, role, title, outcome, state, pending)
       VALUES ('BEAD-1', 0, 'ATOM-1', 'MOL-1', 'verifier:outcome', 'outcome', 1, 'FAILED', 0)`,
    );
    storage.sql.exec(
      `INSERT INTO checks (check_id, bead_id, claim_id, tree_digest, kind, ok, report_digest, holdout, summary)
       VALUES ('CHK-1', 'BEAD-1', 'C-1', 't', 'examples', 0, 'r', ?, '1 failed')`,
      holdout,
    );
    migrate(storage, COORDINATOR_MIGRATIONS);
    return new FirstVerdictStore(storage.sql);
  }

  test("is not known of a run whose hidden examples had been run before it was kept: no later verdict passes for it", () => {
    const store = upgraded(1);
    store.keep(aVerdict(1, 7, 0));
    expect(store.get()).toBeNull();
  });

  test("is still to come in a run that is under way and whose hidden examples nobody has run", () => {
    const store = upgraded(0);
    store.keep(aVerdict(0, 6, 1));
    expect(store.get()).toEqual(aVerdict(0, 6, 1));
  });
});
