/** Checks put together by the bead that was checked or by the claim that they decide, what fails first. */
import type { ChecksOnly } from "./checks-search.ts";
import type { CheckedBead, CheckedClaim } from "./checks-query.ts";

/** A check with the bead whose work it looked at. `isLast` is true for those of the bead's last execution. */
export type CheckRow = CheckedBead["checks"][number] & { readonly beadId: string; readonly beadTitle: string; readonly isLast: boolean };

/** `failed` and `passed` count the checks of last executions; `failedBefore` those of earlier ones that failed. */
export type CheckGroup = {
  readonly key: string;
  readonly title: string;
  /** A team, or how the claim stands. */
  readonly about: string;
  readonly beadId: string | null;
  readonly claim: CheckedClaim | null;
  readonly rows: readonly CheckRow[];
  readonly passed: number;
  readonly failed: number;
  readonly failedBefore: number;
};

/** Every check of the beads. */
export function checkRows(beads: readonly CheckedBead[]): CheckRow[] {
  return beads.flatMap(({ id: beadId, title: beadTitle, checks }) => {
    const last = checks.reduce((max, check) => Math.max(max, turnOf(check)), 0);
    return checks.map((check) => ({ ...check, beadId, beadTitle, isLast: turnOf(check) === last }));
  });
}

/** More attempts than a bead is ever given: a cycle counts more than any attempt in it. */
const MAX_ATTEMPTS = 10_000;
const turnOf = ({ cycle, attempt }: { readonly cycle: number; readonly attempt: number }): number => cycle * MAX_ATTEMPTS + attempt;

/** The checks that are asked for; none of the narrowings lets every check pass, several let pass what all of them do. */
export function narrowed(rows: readonly CheckRow[], only: readonly ChecksOnly[]): CheckRow[] {
  return rows.filter(({ ok, holdout }) => only.every((one) => (one === "failed" ? !ok : holdout)));
}

/** A group for each bead that has such a check. */
export function groupsByBead(rows: readonly CheckRow[], beads: readonly CheckedBead[]): CheckGroup[] {
  const byBead = Map.groupBy(rows, ({ beadId }) => beadId);
  const groups = beads.flatMap(({ id, title, team }) => {
    const own = byBead.get(id);
    return own === undefined ? [] : [groupOf({ key: id, title, about: team, beadId: id, claim: null }, own)];
  });
  return failingFirst(groups);
}

/** A group for each claim that such a check decides, in the order of the claims, and one for the checks that decide none. */
export function groupsByClaim(rows: readonly CheckRow[], claims: readonly CheckedClaim[]): CheckGroup[] {
  const byClaim = Map.groupBy(rows, ({ claimId }) => claimId);
  const known = new Map(claims.map((claim) => [claim.id, claim]));
  const others = [...byClaim.keys()].filter((id) => id !== null && !known.has(id));
  const groups = [...known.keys(), ...others, null].flatMap((id) => {
    const own = byClaim.get(id);
    if (own === undefined) return [];
    const claim = id === null ? null : (known.get(id) ?? null);
    const title = id === null ? "Of no single claim" : claim === null ? id : `${id} · ${claim.statement}`;
    return [groupOf({ key: id ?? "none", title, about: claim?.kind ?? "", beadId: null, claim }, own)];
  });
  return failingFirst(groups);
}

type Head = Pick<CheckGroup, "key" | "title" | "about" | "beadId" | "claim">;

function groupOf(head: Head, rows: readonly CheckRow[]): CheckGroup {
  const rank = ({ ok, isLast }: CheckRow): number => (isLast ? 0 : 2) + (ok ? 1 : 0);
  return {
    ...head,
    rows: rows.toSorted((a, b) => rank(a) - rank(b)),
    passed: rows.filter(({ ok, isLast }) => ok && isLast).length,
    failed: rows.filter(({ ok, isLast }) => !ok && isLast).length,
    failedBefore: rows.filter(({ ok, isLast }) => !ok && !isLast).length,
  };
}

/** What fails now, then what failed before, then the rest; otherwise the order stays. */
function failingFirst(groups: readonly CheckGroup[]): CheckGroup[] {
  const rank = ({ failed, failedBefore }: CheckGroup): number => (failed > 0 ? 0 : failedBefore > 0 ? 1 : 2);
  return groups.toSorted((a, b) => rank(a) - rank(b));
}

/** Reports that did not pass first; within both parts the newest first. */
export function reportsInOrder<Report extends { readonly outcome: string; readonly occurredAt: string }>(reports: readonly Report[]): Report[] {
  const rank = ({ outcome }: Report): number => (outcome === "PASS" ? 1 : 0);
  return reports.toSorted((a, b) => rank(a) - rank(b) || Date.parse(b.occurredAt) - Date.parse(a.occurredAt));
}
