import { describe, expect, it } from "vitest";
import { checkRows, groupsByBead, groupsByClaim, narrowed, reportsInOrder } from "./check-groups.ts";
import type { CheckedBead, CheckedClaim } from "./checks-query.ts";

type Check = CheckedBead["checks"][number];

const aCheck = (change: Partial<Check> = {}): Check => ({
  id: "CHK-1",
  claimId: "C-1",
  kind: "examples",
  command: "examples:C-1",
  ok: true,
  holdout: false,
  summary: "3 passed",
  reportDigest: "d",
  attempt: 1,
  cycle: 0,
  occurredAt: "2026-01-02T03:04:05.678Z",
  traceId: "ET-1",
  ...change,
});
const aBead = (id: string, ...checks: readonly Check[]): CheckedBead => ({ id, title: `Write ${id}`, team: "build", checks: [...checks] });
const aClaim = (id: string): CheckedClaim => ({ id, kind: "criterion", statement: `${id} holds`, artifactId: `SPEC-1.${id}`, proof: { status: "OPEN" } });

describe("checks by bead", () => {
  it("count the last execution of each bead, and say apart what failed before it", () => {
    const beads = [
      aBead("B-1", aCheck({ id: "a", ok: false, attempt: 2 }), aCheck({ id: "b", cycle: 1 }), aCheck({ id: "c", cycle: 1, ok: false })),
      aBead("B-2", aCheck({ id: "d", attempt: 1, ok: false }), aCheck({ id: "e", attempt: 2 })),
    ];
    const groups = groupsByBead(checkRows(beads), beads);
    expect(groups.map(({ key, passed, failed, failedBefore }) => [key, passed, failed, failedBefore])).toEqual([
      ["B-1", 1, 1, 1],
      ["B-2", 1, 0, 1],
    ]);
    expect(groups[0]?.rows.map(({ id }) => id)).toEqual(["c", "b", "a"]);
  });

  it("come with what fails now first, then what failed before, then the rest in order", () => {
    const beads = [
      aBead("passes", aCheck()),
      aBead("failed before", aCheck({ ok: false }), aCheck({ attempt: 2 })),
      aBead("also passes", aCheck()),
      aBead("fails", aCheck({ ok: false })),
      aBead("unchecked"),
    ];
    expect(groupsByBead(checkRows(beads), beads).map(({ key }) => key)).toEqual(["fails", "failed before", "passes", "also passes"]);
  });
});

describe("checks by claim", () => {
  it("gather what every bead ran for a claim; checks of no claim come last, and a claim that is gone keeps its checks", () => {
    const beads = [aBead("B-1", aCheck(), aCheck({ claimId: null })), aBead("B-2", aCheck(), aCheck({ claimId: "C-9" }))];
    const groups = groupsByClaim(checkRows(beads), [aClaim("C-1"), aClaim("C-2")]);
    expect(groups.map(({ key, title, rows }) => [key, title, rows.length])).toEqual([
      ["C-1", "C-1 · C-1 holds", 2],
      ["C-9", "C-9", 1],
      ["none", "Of no single claim", 1],
    ]);
  });
});

describe("narrowing", () => {
  it("lets pass what all narrowings do, and everything without one", () => {
    const rows = checkRows([aBead("B-1", aCheck({ id: "a" }), aCheck({ id: "b", ok: false }), aCheck({ id: "c", ok: false, holdout: true }))]);
    const ids = (only: Parameters<typeof narrowed>[1]): string[] => narrowed(rows, only).map(({ id }) => id);
    expect([ids([]), ids(["failed"]), ids(["failed", "holdout"])]).toEqual([["a", "b", "c"], ["b", "c"], ["c"]]);
  });
});

describe("reports of gates", () => {
  it("come with those that did not pass first, the newest of each first", () => {
    const aReport = (outcome: string, day: number) => ({ outcome, occurredAt: `2026-01-0${day}T00:00:00.000Z` });
    const sorted = reportsInOrder([aReport("PASS", 1), aReport("FAIL", 2), aReport("PASS", 3), aReport("INCONCLUSIVE", 4)]);
    expect(sorted.map(({ outcome, occurredAt }) => `${outcome} ${occurredAt.slice(9, 10)}`)).toEqual(["INCONCLUSIVE 4", "FAIL 2", "PASS 3", "PASS 1"]);
  });
});
