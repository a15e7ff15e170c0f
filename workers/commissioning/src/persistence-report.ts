/** The persistence gate (3): whether what a delivery rests on is still there and still watched. Pure; facts come from outside. */
import { FRESH_FOR_MS } from "@factory/schemas";
import type { Invariant, VerificationReport } from "@factory/schemas";

/** When the detector of a claim's invariant was last run; null when no report of it is known. */
export type DetectorRun = Pick<Invariant, "claimId" | "detector" | "violationImpact" | "freshForMs"> & { readonly lastRunAt: number | null };

/** A place that evidence comes from. `holds` says what it should hold and does not; empty when it is as it should be. */
export type EvidenceSource = { readonly source: string; readonly problems: readonly string[]; readonly detail: string };

/** Rows of one audit trail as they were told and as they are found. */
export type AuditTrail = { readonly trail: string; readonly expected: number; readonly observed: number; readonly missing: readonly string[] };

/** What the gate looks at. Times are epoch milliseconds. */
export type PersistenceFacts = {
  readonly now: number;
  readonly detectors: readonly DetectorRun[];
  readonly sources: readonly EvidenceSource[];
  readonly trails: readonly AuditTrail[];
};

type Checked = VerificationReport["checked"][number];

/** How many missing rows a report names. */
const NAMED = 5;

/** The gate's report, pass or fail. Without a source or a trail there is nothing that persists, and it fails. */
export function persistenceReport(facts: PersistenceFacts, subjectId: string): VerificationReport {
  const { detectors, sources, trails, now } = facts;
  const watched = detectors.filter(({ detector }) => detector !== "person");
  const checked = [
    ...watched.map((run) => freshness(run, now)),
    ...sources.map(({ source, problems, detail }) => finding(`evidence source alive: ${source}`, problems.length === 0, problems.join("; ") || detail)),
    ...trails.map(integrity),
    finding("there is something to look at", sources.length > 0 && trails.length > 0, `${sources.length} evidence sources, ${trails.length} audit trails`),
  ];
  const persons = detectors.filter(({ detector }) => detector === "person");
  const failed = checked.filter(({ outcome }) => outcome === "FAIL");
  return {
    gate: "persistence",
    outcome: failed.length === 0 ? "PASS" : "FAIL",
    subjectId,
    checked,
    notChecked: [
      ...persons.map(({ claimId }) => ({ check: `detector of ${claimId}`, reason: "no detector covers it; a person decides" })),
      ...(watched.length === 0 ? [{ check: "detectors fresh", reason: "no detector watches an invariant of this order" }] : []),
    ],
    remediation: failed.map(({ check, detail }) => `${check}: ${detail}`),
  };
}

function freshness({ claimId, detector, violationImpact, freshForMs, lastRunAt }: DetectorRun, now: number): Checked {
  const threshold = freshForMs ?? FRESH_FOR_MS[violationImpact];
  const limit = `${minutes(threshold)} for an impact that is ${violationImpact}`;
  const check = `detector fresh: ${detector} of ${claimId}`;
  if (lastRunAt === null) return finding(check, false, `no report of it is known; it counts for ${limit}. Run it on the delivered tree.`);
  const age = Math.max(0, now - lastRunAt);
  return finding(
    check,
    age <= threshold,
    `its last report is ${minutes(age)} old, of ${limit}${age <= threshold ? "" : ". Run it again on the delivered tree."}`,
  );
}

function integrity({ trail, expected, observed, missing }: AuditTrail): Checked {
  const named = missing.slice(0, NAMED).join(", ");
  const share = expected === 0 ? 0 : Math.round((Math.abs(expected - observed) / expected) * 1_000) / 10;
  const lacking = missing.length === 0 ? "" : `; missing: ${named}${missing.length > NAMED ? ` and ${missing.length - NAMED} more` : ""}`;
  return finding(
    `audit rows equal: ${trail}`,
    expected > 0 && expected === observed && missing.length === 0,
    `${expected} expected, ${observed} observed (${share} % apart)${lacking}`,
  );
}

function minutes(ms: number): string {
  return ms < 60_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}

function finding(check: string, passed: boolean, detail: string): Checked {
  return { check, outcome: passed ? "PASS" : "FAIL", detail };
}
