/** The rest of a plan, opened where somebody wants it: claims, options, passes, invariants, and what the figures rest on. */
import type { PlannedCandidate, PlannedClaim, PlannedPass, SimulatedPlan } from "@factory/planning";
import { budgetsText, decisionText } from "@factory/planning/words";
import type { ReactNode } from "react";
import { Badge, type Tone } from "../../../ui/badge.tsx";
import { Facts } from "../../../ui/facts.tsx";
import { moneyText } from "../../../ui/figure-text.ts";
import { Table, type Column } from "../../../ui/table.tsx";
import styles from "./plan-details.module.css";

export function PlanDetails({ plan, answeredBy }: { readonly plan: SimulatedPlan; readonly answeredBy: string }) {
  const { claims, candidates, passes, invariants, unknown } = plan;
  return (
    <div className={styles["details"]}>
      <Part title="Claims" count={claims.length} isOpen>
        <Table label="Claims" columns={CLAIM_COLUMNS} rows={claims} rowKey={({ claimId }) => claimId} />
      </Part>
      <Part title="Options for the function" count={candidates.length}>
        <Table label="Options for the function" columns={OPTION_COLUMNS} rows={candidates} rowKey={({ name }) => name} />
      </Part>
      <Part title="Planning passes" count={passes.length}>
        <Table label="Planning passes" columns={PASS_COLUMNS} rows={passes} rowKey={({ pass }) => pass} />
      </Part>
      <Part title="Invariants" count={invariants.length}>
        <Table label="Invariants" columns={INVARIANT_COLUMNS} rows={invariants} rowKey={({ claimId, detector }) => `${claimId} ${detector}`} />
      </Part>
      <Estimate plan={plan} answeredBy={answeredBy} />
      <Part title="Not known before a run" count={unknown.length}>
        <Lines texts={unknown} />
      </Part>
    </div>
  );
}

function Estimate({ plan: { estimate, atoms }, answeredBy }: { readonly plan: SimulatedPlan; readonly answeredBy: string }) {
  if (estimate === null) return null;
  const models = Object.entries(estimate.models).map(([alias, members]) => `${alias} ${members.join(", then ")}`);
  return (
    <Part title="What the figures rest on">
      <div className={styles["body"]}>
        <Facts
          facts={[
            ["Planned by", answeredBy],
            ["Models", models.join("; ")],
            ["Budgets", budgetsText(atoms, moneyText)],
          ]}
        />
      </div>
      <Lines texts={estimate.basis} />
    </Part>
  );
}

type PartProps = { readonly title: string; readonly count?: number; readonly isOpen?: boolean; readonly children: ReactNode };

/** Nothing without rows. */
function Part({ title, count, isOpen = false, children }: PartProps) {
  if (count === 0) return null;
  return (
    <details className={styles["part"]} open={isOpen}>
      <summary>
        {title} {count === undefined ? null : <span>{count}</span>}
      </summary>
      {children}
    </details>
  );
}

function Lines({ texts }: { readonly texts: readonly string[] }) {
  return (
    <ul className={styles["lines"]}>
      {texts.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

const CLAIM_COLUMNS: readonly Column<PlannedClaim>[] = [
  {
    id: "id",
    head: "Claim",
    cell: ({ claimId, kind, line }) => (
      <>
        <code>{claimId}</code>
        <small className={styles["kind"]}>
          {kind}, line&nbsp;{line}
        </small>
      </>
    ),
  },
  { id: "text", head: "Says", cell: ({ text }) => text },
  { id: "by", head: "Decided by", cell: (claim) => decisionText(claim) },
];

const OPTION_COLUMNS: readonly Column<PlannedCandidate>[] = [
  { id: "name", head: "Option", cell: ({ name, chosen }) => (chosen ? <strong>{name}</strong> : name) },
  { id: "total", head: "Worth", kind: "number", cell: ({ total }) => total.toFixed(2) },
  { id: "chosen", head: "", cell: ({ chosen }) => (chosen ? <Badge tone="good">chosen</Badge> : null) },
  { id: "why", head: "Why", cell: ({ title, lostBecause }) => lostBecause ?? title },
];

const PASS_TONES: { readonly [O in PlannedPass["outcome"]]: Tone } = { answered: "good", uncertain: "warn", unanswered: "bad" };

const PASS_COLUMNS: readonly Column<PlannedPass>[] = [
  { id: "pass", head: "Pass", cell: ({ pass }) => pass.replaceAll("-", " ") },
  { id: "outcome", head: "Answer", cell: ({ outcome }) => <Badge tone={PASS_TONES[outcome]}>{outcome}</Badge> },
  {
    id: "says",
    head: "Says",
    cell: ({ title, detail, explicitness, alternatives }) => (
      <>
        {detail ?? `${title ?? ""}${explicitness === "inferred" ? " (inferred)" : ""}`}
        {alternatives.map(({ option, reason }) => (
          <span key={option} className={styles["not"]}>
            Not: {option.replace(/[.:;\s]+$/, "")}: {reason}
          </span>
        ))}
      </>
    ),
  },
];

const INVARIANT_COLUMNS: readonly Column<SimulatedPlan["invariants"][number]>[] = [
  { id: "claim", head: "Claim", cell: ({ claimId }) => <code>{claimId}</code> },
  { id: "detector", head: "Detector", cell: ({ detector }) => <code>{detector}</code> },
  {
    id: "matched",
    head: "Chosen by",
    cell: ({ matched, statement }) => (matched.length === 0 ? statement : matched.map((words) => `“${words}”`).join(", ")),
  },
];
